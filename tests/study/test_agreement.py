"""Rater agreement of a small study, against the drawings it was made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from trephine.cli import app
from trephine.errors import InputError
from trephine.imaging import write_nifti
from trephine.modelling.cases import FeatureSet
from trephine.modelling.reliability import agreements
from trephine.study.agreement import compare_drawings, compare_features, draw_worst
from trephine.study.inputs import read_study
from trephine.types import Geometry, Image, Mask

SPACING = Geometry.plain((0.5, 0.5))
CASES = 20

STUDY = """
[study]
title = "Agreement"
[data]
table = "clinical.csv"
image = "images/{{case}}.nii.gz"
{raters}
[data.columns]
case = "case"
patient = "case"
time = "months"
event = "event"
[outcome]
name = "survival"
event = "event"
unit = "months"
horizons = [12]
[clinical]
age = {{ unit = "years" }}
"""


def disc(radius: float, shift: float = 0.0) -> np.ndarray:
    rows, columns = np.mgrid[:64, :64]
    return (rows - 32) ** 2 + (columns - 32 - shift) ** 2 <= radius**2


def write_study(folder: Path, raters: str) -> Path:
    rng = np.random.default_rng(1)
    for name in ("images", "a", "b", "a2"):
        (folder / name).mkdir()
    for case in range(CASES):
        write_nifti(Image(rng.normal(100, 20, (64, 64)), SPACING), folder / f"images/{case}.nii.gz")
        for rater, region in (("a", disc(12)), ("b", disc(12, case / 2)), ("a2", disc(13))):
            if rater != "a2" or case < 5:
                mask = Mask(region.astype(np.uint8), SPACING)
                write_nifti(mask, folder / rater / f"{case}.nii.gz")
    pd.DataFrame(
        {
            "case": range(CASES),
            "months": np.arange(1, CASES + 1) * 6.0,
            "event": [0, 1] * (CASES // 2),
            "age": 40 + np.arange(CASES) * 7 % CASES,
        }
    ).to_csv(folder / "clinical.csv", index=False)
    path = folder / "study.toml"
    path.write_text(STUDY.format(raters=raters))
    return path


TWO = """raters = { a = "a/{case}.nii.gz", b = "b/{case}.nii.gz" }
repeats = { a = "a2/{case}.nii.gz" }"""


def test_drawings_are_compared_between_and_within_raters(tmp_path: Path) -> None:
    between, within = compare_drawings(read_study(write_study(tmp_path, TWO)))
    assert (between.name, within.name) == ("a and b", "a, read twice")
    assert (len(between.rows), within.rows) == (CASES, (0, 1, 2, 3, 4))
    dice = [region.dice for region in between.regions]
    assert dice[0] == 1.0
    assert dice == sorted(dice, reverse=True)
    assert between.worst(2) == [CASES - 1, CASES - 2]
    assert within.size is not None
    expected = (disc(13).sum() - disc(12).sum()) * 0.25
    assert within.size.bias.value == pytest.approx(expected)


def test_the_worst_cases_are_drawn_with_both_outlines(tmp_path: Path) -> None:
    inputs = read_study(write_study(tmp_path, TWO))
    drawn = draw_worst(inputs, compare_drawings(inputs)[0], 2)
    # Numbered as the table of cases numbers them: a figure names nobody.
    assert drawn[0].title.startswith("Case 20: Dice 0.")
    assert all(case.first and case.second for case in drawn)
    assert drawn[0].pixels.shape < (64, 64)


def test_one_reading_cannot_agree(tmp_path: Path) -> None:
    path = write_study(tmp_path, 'raters = { a = "a/{case}.nii.gz" }')
    with pytest.raises(InputError, match="found one reading"):
        compare_drawings(read_study(path))


def test_a_feature_is_judged_by_the_cases_that_have_it_as_in_a_study() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(12, 3))
    second = first + rng.normal(scale=[0.01, 3.0, 0.1], size=(12, 3))
    second[3, 2] = np.nan
    features = FeatureSet("radiomics", ("good", "bad", "gap"), first, {"b": second}, {}, "a")
    (found,) = compare_features({"radiomics": features}, "2,1")
    assert found.names == ("good", "bad", "gap")
    assert (found.n_cases, found.cases.tolist()) == (12, [12, 12, 11])
    assert found.icc[0] > 0.99 > 0.5 > found.icc[1]
    assert np.all(found.low <= found.icc)
    (in_study,) = agreements(features, "2,1")
    np.testing.assert_array_equal(found.icc, in_study.icc)


def test_the_verb_writes_tables_and_a_figure(tmp_path: Path) -> None:
    study = write_study(tmp_path, TWO)
    out = tmp_path / "agreement"
    result = CliRunner().invoke(
        app, ["agree", str(study), "--out", str(out), "--no-features", "--worst", "2"]
    )
    assert result.exit_code == 0, result.output
    assert "a and b" in result.output
    names = {path.name for path in out.iterdir()}
    assert {"agreement.svg", "agreement.pdf", "cases.csv", "summary.csv"} <= names
    cases = pd.read_csv(out / "cases.csv")
    assert len(cases) == CASES + 5
    assert cases.loc[0, "case"] == CASES - 1
