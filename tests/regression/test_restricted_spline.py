"""Restricted cubic splines against rms, and what they must obey."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.modelling.terms import Term
from trephine.regression.cox import CoxModel
from trephine.regression.nomogram import NomogramPredictor, make_nomogram
from trephine.regression.restricted_spline import harrell_knots, spline_columns
from trephine.study.assess.effects import compared_at, effect_curve, quartile_contrast
from trephine.types import Survival

FOLDER = Path(__file__).parents[1] / "reference"
R: dict[str, Any] = json.loads((FOLDER / "spline" / "expected.json").read_text())
VETERAN = pd.read_csv(FOLDER / "survival" / "data" / "veteran.csv")
AGE_KNOTS, KARNO_KNOTS = np.array(R["basis"]["knots"]), np.array(R["knots_karno"])
NAMES = ("age", "age'", "age''", "karno", "karno'", "trt=2")


def _fit() -> CoxModel:
    columns = [
        spline_columns(VETERAN["age"].to_numpy(float), AGE_KNOTS),
        spline_columns(VETERAN["karno"].to_numpy(float), KARNO_KNOTS),
        (VETERAN["trt"].to_numpy() == 2).astype(float),
    ]
    design = pd.DataFrame(np.column_stack(columns), columns=pd.Index(NAMES))
    outcome = Survival(VETERAN["time"].to_numpy(float), VETERAN["status"].to_numpy() == 1)
    return CoxModel().fit(design, outcome)


MODEL = _fit()
AGE_TERMS = [
    Term(name, "age", "spline", name, knots=tuple(AGE_KNOTS), bend=bend)
    for bend, name in enumerate(NAMES[:3])
]


@pytest.mark.parametrize("case", R["knots"], ids=lambda case: f"{case['data']}, {case['k']}")
def test_knots_are_those_of_hmisc(case: dict[str, Any]) -> None:
    found = harrell_knots(np.array(case["values"], dtype=float), case["k"])
    assert found == pytest.approx(np.unique(case["knots"]), abs=1e-12)


def test_columns_are_those_of_hmisc() -> None:
    found = spline_columns(np.array(R["basis"]["values"], dtype=float), AGE_KNOTS)
    assert found[:, 1:] == pytest.approx(np.array(R["basis"]["columns"]), abs=1e-10)
    assert found[:, 0] == pytest.approx(np.array(R["basis"]["values"]))


def test_the_model_is_that_of_rms() -> None:
    result = MODEL.result_
    assert result.coefficients == pytest.approx(R["coefficients"], rel=1e-8, abs=1e-8)
    assert result.covariance == pytest.approx(np.array(R["covariance"]), rel=1e-7, abs=1e-10)
    test = result.wald_test(("age'", "age''"))
    statistic, freedom, p_value = R["nonlinear"]["age"]
    assert test.statistic == pytest.approx(statistic, rel=1e-7)
    assert test.degrees_of_freedom == freedom
    assert test.p_value == pytest.approx(p_value, rel=1e-7)


def test_the_partial_effect_is_that_of_rms() -> None:
    effect = R["effect"]
    at = np.array(effect["at"], dtype=float)
    change, error = compared_at(MODEL.result_, AGE_TERMS, at, float(effect["reference"]))
    half = 1.959963984540054 * error
    assert change == pytest.approx(effect["contrast"], abs=1e-8)
    assert change - half == pytest.approx(effect["lower"], abs=1e-8)
    assert change + half == pytest.approx(effect["upper"], abs=1e-8)


def test_the_axis_of_a_nomogram_bends_as_in_rms() -> None:
    b = MODEL.result_.coefficients
    nomogram = make_nomogram(
        [
            NomogramPredictor("age", "Age", tuple(b[:3]), low=30, high=85, knots=tuple(AGE_KNOTS)),
            NomogramPredictor(
                "karno", "Karnofsky", tuple(b[3:5]), low=10, high=100, knots=tuple(KARNO_KNOTS)
            ),
            NomogramPredictor("trt", "Treatment", (0.0, b[5]), ("1", "2")),
        ],
        centre=0.0,
        horizons=[100.0],
        survival_at_zero=[0.5],
        linear_predictor_range=(-3.0, 3.0),
    )
    for axis in nomogram.axes[:2]:
        want = R["nomogram"][axis.predictor.name]
        shared = np.isin(axis.values, want["values"])
        assert shared.sum() >= 8
        expected = dict(zip(want["values"], want["points"], strict=True))
        # Both set the lowest tick to 0; rms may have a tick more.
        found = axis.points[shared] - axis.points[shared].min()
        points = np.array([expected[value] for value in axis.values[shared]])
        assert found == pytest.approx(points - points.min(), abs=1e-8)
    assert (np.diff(nomogram.axes[0].points) < 0).any()
    assert (np.diff(nomogram.axes[0].points) > 0).any()
    assert nomogram.points("age", 55.0) == pytest.approx(
        nomogram.axes[0].points[list(nomogram.axes[0].values).index(55.0)]
    )


def test_it_is_straight_outside_the_knots_and_smooth_at_them() -> None:
    knots = np.array([1.0, 2.0, 4.0, 7.0])
    outside = spline_columns(np.array([-3.0, -1.0, 1.0, 7.0, 9.0, 11.0]), knots)
    for part in (outside[:3], outside[3:]):
        assert part[2] - part[1] == pytest.approx(part[1] - part[0], abs=1e-9)
    h = 1e-4
    for knot in knots:
        at = spline_columns(knot + np.array([-2 * h, -h, 0, h, 2 * h]), knots)
        second = (at[:-2] - 2 * at[1:-1] + at[2:]) / h**2
        assert np.abs(np.diff(second, axis=0)).max() < 1e-2


def test_the_unit_of_the_variable_does_not_change_the_effect() -> None:
    values = VETERAN["age"].to_numpy(float)
    assert harrell_knots(values * 365.25, 5) == pytest.approx(harrell_knots(values, 5) * 365.25)
    scaled = spline_columns(values * 12, AGE_KNOTS * 12)
    assert scaled == pytest.approx(spline_columns(values, AGE_KNOTS) * 12)


def test_a_missing_value_is_missing_in_every_column() -> None:
    assert np.isnan(spline_columns(np.array([np.nan, 50.0]), AGE_KNOTS)[0]).all()


def test_knots_that_fall_together_are_one() -> None:
    values = np.array([0.0] * 80 + [1.0] * 70 + [2.0, 3.0, 4.0] * 5)
    assert harrell_knots(values, 5).size < 5


@pytest.mark.parametrize(
    ("values", "knots"), [(np.arange(50.0), 2), (np.arange(50.0), 8), (np.arange(5.0), 3)]
)
def test_what_makes_no_spline_is_refused(values: Any, knots: int) -> None:
    with pytest.raises(InputError, match="spline"):
        harrell_knots(values, knots)


def test_columns_need_three_knots_that_ascend() -> None:
    for knots in ([1.0, 2.0], [1.0, 1.0, 2.0], [3.0, 2.0, 1.0]):
        with pytest.raises(InputError, match="three knots"):
            spline_columns(np.arange(5.0), np.array(knots))


def test_quartiles_and_curve_agree() -> None:
    values = VETERAN["age"].to_numpy(float)
    found = quartile_contrast(MODEL.result_, AGE_TERMS, values)
    assert found is not None
    change, _ = compared_at(MODEL.result_, AGE_TERMS, np.array([found.value]), found.against)
    assert np.log(found.ratio.value) == pytest.approx(change[0])
    curve = effect_curve(MODEL.result_, AGE_TERMS, values)
    assert (curve.low <= curve.ratio).all()
    assert (curve.ratio <= curve.high).all()
    assert curve.reference == np.median(values)
    assert quartile_contrast(MODEL.result_, AGE_TERMS, np.ones(9)) is None
