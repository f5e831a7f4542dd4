"""Two raters of a study: what the page says of them is what ``trephine agree`` prints."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.drawn_files import DISC, put, write_kinds
from study.small_study import CENTRES, SPACING, SmallStudy
from trephine.study.annotating.comparing import compared
from trephine.study.annotating.deriving import shown_reading
from trephine.study.annotating.measure_agreement import agreement_on_measures
from trephine.study.annotating.rating import Ratings
from trephine.study.annotating.workplace import open_workplace


@pytest.mark.slow
def test_agree_prints_the_dice_of_the_page(image_study: SmallStudy, trephine: Command) -> None:
    study = image_study.folder / "study.toml"
    place = open_workplace(study)
    rng = np.random.default_rng(3)
    spacing = SPACING.spacing_mm[0]
    for name in ("a", "b"):
        ratings = Ratings(place, name)
        for item in place.items.values():
            for side in sorted({row.side for row in item.rows if row.side}):
                row, column = CENTRES[side]
                at = [column + rng.normal(0, 1), row + rng.normal(0, 1)]
                shape = {"kind": "disc", "centre": at, "radius_mm": 12 * spacing}
                region = {
                    "region_id": f"r{side.lower()}",
                    "side": side,
                    "parts": [{"shape": shape}],
                }
                operation = {"do": "put region", "region": region}
                ratings.save(item, operation, ratings.journal(item).revision)
            journal, folder = place.journal(name, item), place.rater_folder(name)
            shown_reading(item, journal, folder, (0, 0), True)
    pattern = place.mask_patterns[""].replace("{region}", "head")
    text = study.read_text("utf-8")
    for name in ("a", "b"):
        drawn = pattern.replace("{rater}", name)
        assert f'{name} = "{name}/{{patient}}.nii.gz"' in text
        text = text.replace(f'{name} = "{name}/{{patient}}.nii.gz"', f'{name} = "{drawn}"')
    study.write_text(text, "utf-8")
    out = image_study.folder / "agreement"
    said = trephine("agree", study, "--out", out, "--no-features", "--worst", "0")
    assert said.code == 0, said.err
    cases = pd.read_csv(out / "cases.csv", dtype={"case": str})
    printed = cases[cases["comparison"] == "a and b"].set_index("case")
    count = 0
    for item in place.items.values():
        journals = (place.journal("a", item), place.journal("b", item))
        pairs = {pair["side"]: pair for pair in compared(item, journals, (0, 0))["pairs"]}
        for row in item.rows:
            found = printed.loc[row.case]
            assert pairs[row.side or ""]["dice"] == pytest.approx(found["dice"], abs=1e-12)
            assert pairs[row.side or ""]["hausdorff95_mm"] == pytest.approx(found["hausdorff95_mm"])
            count += 1
    assert count == len(printed) > 20


STUDY = """
[data]
table = "cases.csv"
image = "images/{name}.dcm"
raters = { a = "masks/{name}.nii.gz" }
columns = { case = "name", time = "months", event = "died" }
[outcome]
horizons = [12]
"""
NAMES = ("plain", "inverted", "mirrored", "c1", "c2", "c3")


def test_raters_measures_are_compared_hip_by_hip(tmp_path: Path) -> None:
    kinds = write_kinds(tmp_path / "images")
    for name in NAMES[3:]:
        shutil.copy(kinds["plain"], tmp_path / "images" / f"{name}.dcm")
    rows = "".join(f"{name},3,1\n" for name in NAMES)
    (tmp_path / "cases.csv").write_text(f"name,months,died\n{rows}", "utf-8")
    (tmp_path / "study.toml").write_text(STUDY, "utf-8")
    assert agreement_on_measures(tmp_path / "study.toml", "2,1").empty
    place = open_workplace(tmp_path / "study.toml")
    first = np.array([40.0, 66.0, 91.0, 110.0, 133.0, 150.0])
    second = first + np.array([2.0, -1.0, 4.0, 0.5, 3.0, 1.5])
    for rater, degrees in (("a", first), ("b", second)):
        ratings = Ratings(place, rater)
        for item, degree in zip(place.items.values(), degrees, strict=True):
            turn = np.deg2rad([200.0, 200.0 + degree])
            ends = [[21.3 + 9 * np.cos(t), 30.2 + 9 * np.sin(t)] for t in turn]
            arc = {"measure_id": "m", "kind": "arc_coronal", "points": ends}
            for operation in (
                put("r", None, DISC),
                {"do": "put measure", "measure": arc},
                {"do": "set state", "state": "drawn"},
            ):
                ratings.save(item, operation, ratings.journal(item).revision)
            journal = place.journal(rater, item)
            shown_reading(item, journal, place.rater_folder(rater), (0, 0), True)
    table = agreement_on_measures(tmp_path / "study.toml", "2,1").set_index("measure")
    row = table.loc["arc_coronal_degree"]
    assert (row["comparison"], row["hips"]) == ("a and b", 6)
    assert row["bias"] == pytest.approx(np.mean(second - first))
    spread = np.std(second - first, ddof=1)
    assert row["upper_limit"] == pytest.approx(row["bias"] + 1.96 * spread, rel=1e-4)
    # Two-way random, single rating, absolute agreement (Shrout and Fleiss 1979), by its sums.
    both = np.column_stack([first, second])
    n, k, mean = 6, 2, both.mean()
    between = k * ((both.mean(axis=1) - mean) ** 2).sum() / (n - 1)
    raters = n * ((both.mean(axis=0) - mean) ** 2).sum() / (k - 1)
    off = both - both.mean(axis=1)[:, None] - both.mean(axis=0) + mean
    error = (off**2).sum() / ((n - 1) * (k - 1))
    icc = (between - error) / (between + (k - 1) * error + k * (raters - error) / n)
    assert row["icc"] == pytest.approx(icc)
