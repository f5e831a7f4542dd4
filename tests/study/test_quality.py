"""Which of many images and masks stand out, and the page that shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trephine.cli import app
from trephine.imaging import write_nifti
from trephine.study.images.pairs import Pair
from trephine.study.quality.looking import MEASURES, Drawn, Opening, RegionLook, look_at
from trephine.study.quality.sheet import drawn_in_pairs, write_sheet
from trephine.study.quality.unusual import UNUSUAL, standing_of
from trephine.types import Geometry, Image, Mask

from .small_study import SmallStudy

SHAPE = (80, 96)
FINE = Geometry.plain((0.5, 0.5))


def disc(row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def pair(
    folder: Path, name: str, region: np.ndarray, *, geometry: Geometry = FINE, top: float = 1e9
) -> Pair:
    rng = np.random.default_rng(int(name))
    grey = np.minimum(rng.normal(1000.0, 100.0, region.shape), top)
    image, mask = folder / f"{name}.nii.gz", folder / f"{name}_mask.nii.gz"
    write_nifti(Image(grey, geometry), image)
    write_nifti(Mask(region.astype(np.uint8), geometry), mask)
    return Pair(name, image, mask, where=f"row {name}")


def alike(folder: Path, n: int = 24) -> list[Pair]:
    rng = np.random.default_rng(5)
    return [
        pair(folder, str(k), disc(*rng.normal((40, 30), 2.0), rng.uniform(9.0, 11.0)))
        for k in range(n)
    ]


def reasons_of(folder: Path, odd: Sequence[Pair]) -> pd.DataFrame:
    regions = drawn_in_pairs([*alike(folder), *odd])
    write_sheet(regions, Opening(), folder / "out", most=8, workers=1)
    return pd.read_csv(folder / "out" / "regions.csv", index_col="region")


def test_what_is_planted_is_found_and_named(tmp_path: Path) -> None:
    coarse = Geometry.plain((0.9, 0.9))
    odd = [
        pair(tmp_path, "101", disc(40, 30, 2.0)),
        pair(tmp_path, "102", disc(40, 70, 10.0)),
        pair(tmp_path, "103", disc(40, 30, 10.0) | disc(70, 90, 1.0)),
        pair(tmp_path, "104", disc(40, 30, 10.0), geometry=coarse),
        pair(tmp_path, "105", disc(40, 30, 10.0), top=1050.0),
        pair(tmp_path, "106", disc(40, 4, 10.0)),
        pair(tmp_path, "107", disc(12, 30, 10.0)),
    ]
    found = reasons_of(tmp_path, odd)["why"].fillna("")
    for row, measure in (
        ("row 101", "size_mm"),
        ("row 102", "from_right"),
        ("row 103", "parts"),
        ("row 104", "pixel_mm"),
        ("row 105", "grey_clipped"),
        ("row 106", "edges"),
        ("row 107", "from_top"),
    ):
        assert measure in found[row].split(", "), row
    assert (found[[f"row {k}" for k in range(24)]] == "").mean() > 0.9


def test_the_page_shows_the_furthest_first_and_no_name(tmp_path: Path) -> None:
    odd = pair(tmp_path, "101", disc(40, 30, 2.0))
    reasons_of(tmp_path, [odd])
    page = (tmp_path / "out" / "unusual.html").read_text()
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings[0] == "row 101"
    assert len(headings) == 8
    assert "area 3.25 mm²; half of all regions have" in page
    assert "101.nii.gz" not in page
    assert page.count("<image ") == page.count('class="first"') == 8


def test_a_file_that_cannot_be_read_is_listed_without_its_name(tmp_path: Path) -> None:
    broken = pair(tmp_path, "101", disc(40, 30, 10.0))
    broken.image.write_bytes(b"no image")
    table = reasons_of(tmp_path, [broken])
    assert "101.nii" not in table.to_csv()
    assert table.loc["row 101", "why"]
    assert "Could not be opened" in (tmp_path / "out" / "unusual.html").read_text()


def test_a_volume_is_shown_by_its_fullest_slice(tmp_path: Path) -> None:
    spacing = Geometry.plain((2.0, 0.5, 0.5))
    pairs = []
    for k in range(6):
        region = np.zeros((5, *SHAPE), dtype=bool)
        region[1], region[2] = disc(40, 30, 5.0), disc(40, 30, 12.0 + k)
        pairs.append(pair(tmp_path, str(k), region, geometry=spacing))
    write_sheet(drawn_in_pairs(pairs), Opening(), tmp_path / "out", most=2, workers=1)
    table = pd.read_csv(tmp_path / "out" / "regions.csv")
    assert (table["depth_mm"] == 4.0).all()
    assert "<image " in (tmp_path / "out" / "unusual.html").read_text()


def test_places_are_compared_from_the_patients_own_side(tmp_path: Path) -> None:
    right, left = pair(tmp_path, "1", disc(40, 20, 8.0)), pair(tmp_path, "2", disc(40, 75, 8.0))
    places = [
        look_at(Opening(), Drawn("row 1", one.image, one.mask, 1, side)).measures["from_right"]
        for one, side in ((right, "R"), (left, "L"))
    ]
    assert places[0] == pytest.approx(places[1], abs=1e-12)


def test_the_lowest_dice_with_another_reading_counts(tmp_path: Path) -> None:
    first = pair(tmp_path, "1", disc(40, 30, 10.0))
    same, other = pair(tmp_path, "2", disc(40, 30, 10.0)), pair(tmp_path, "3", disc(40, 40, 10.0))
    drawn = Drawn("row 1", first.image, first.mask, 1, "", (same.mask, other.mask))
    a, b = disc(40, 30, 10.0), disc(40, 40, 10.0)
    expected = 2.0 * (a & b).sum() / (a.sum() + b.sum())
    assert look_at(Opening(), drawn).measures["dice"] == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_scores_do_not_depend_on_units_or_order(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.abs(rng.normal(5.0, 2.0, (n, len(MEASURES)))) + 0.1
    factors = rng.uniform(0.5, 20.0, len(MEASURES))

    def scores(table: np.ndarray) -> np.ndarray:
        looks = [RegionLook(dict(zip(MEASURES, row, strict=True))) for row in table.tolist()]
        return standing_of(looks).scores

    order = rng.permutation(n)
    np.testing.assert_allclose(scores(values * factors), scores(values), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(scores(values[order]), scores(values)[order])


def test_the_score_is_the_one_of_iglewicz_and_hoaglin() -> None:
    greys = [2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3]  # their example, p. 11
    looks = [
        RegionLook(dict.fromkeys(MEASURES, float("nan")) | {"grey_mean": value}) for value in greys
    ]
    scores = standing_of(looks).scores[:, MEASURES.index("grey_mean")]
    middle = np.median(greys)
    mad = np.median(np.abs(np.array(greys) - middle))
    np.testing.assert_allclose(scores, 0.6745 * np.abs(np.array(greys) - middle) / mad)
    assert (scores > UNUSUAL).tolist() == [False] * 8 + [True] * 2


def test_a_study_is_looked_at_with_its_raters(image_study: SmallStudy, tmp_path: Path) -> None:
    out = tmp_path / "unusual"
    done = CliRunner().invoke(
        app, ["unusual", str(image_study.toml), "--out", str(out), "--most", "3", "--workers", "1"]
    )
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out / "regions.csv")
    assert table["dice"].notna().all()
    assert set(table["side"]) == {"R", "L"}
    page = (out / "unusual.html").read_text()
    assert page.count('class="first"') == 3
    assert page.count('class="other"') >= 3
