"""A Cox model as its equation, and the nomogram of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError, ModelError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_equation import CoxEquation
from trephine.regression.foreign import from_cox_model
from trephine.types import Survival

FACTORS = {"stage": {"I": None, "II": "stage_II", "III": "stage_III"}}


def cohort(n: int = 200) -> tuple[pd.DataFrame, Survival]:
    rng = np.random.default_rng(5)
    stage = rng.integers(0, 3, n)
    table = pd.DataFrame(
        {
            "age": rng.normal(50, 10, n).round(),
            "stage_II": (stage == 1).astype(float),
            "stage_III": (stage == 2).astype(float),
            "male": rng.integers(0, 2, n).astype(float),
        }
    )
    risk = 0.03 * (table["age"] - 50) + 0.9 * table["stage_III"]
    time = rng.exponential(60 * np.exp(-risk))
    last = rng.uniform(5, 80, n)
    return table, Survival(np.minimum(time, last), time <= last)


TABLE, OUTCOME = cohort()
MODEL = CoxModel().fit(TABLE, OUTCOME)
EQUATION = from_cox_model(MODEL)


def test_the_equation_predicts_what_the_model_predicts() -> None:
    expected = 1 - MODEL.predict_survival(TABLE, [6, 12, 24]).survival_probability
    shuffled = TABLE[["male", "stage_III", "age", "stage_II"]]
    np.testing.assert_allclose(
        EQUATION.event_probability(shuffled, [6, 12, 24]), expected, atol=1e-12
    )


def test_points_added_up_give_the_models_own_survival() -> None:
    nomogram = EQUATION.nomogram(TABLE, [12, 24], factors=FACTORS)
    assert [axis.predictor.name for axis in nomogram.axes] == ["age", "stage", "male"]
    case = pd.DataFrame({"age": [63.0], "stage_II": [0.0], "stage_III": [1.0], "male": [1.0]})
    total = nomogram.total({"age": 63.0, "stage": "III", "male": "1"})
    for k, horizon in enumerate((12.0, 24.0)):
        expected = 1 - EQUATION.event_probability(case, [12, 24])[0, k]
        found = nomogram.survival_probability(np.array([total]), horizon)[0]
        assert found == pytest.approx(expected, abs=1e-12)


def test_before_the_first_rise_nobody_has_had_the_event() -> None:
    equation = CoxEquation(("a",), (1.0,), (5, 10), (0.2, 0.4))
    np.testing.assert_allclose(
        equation.baseline_survival([0, 4.9, 5, 10]), [1, 1, np.exp(-0.2), np.exp(-0.4)]
    )


@pytest.mark.parametrize("time", [-1.0, 10.5, float("nan")])
def test_a_time_that_the_model_does_not_know_is_refused(time: float) -> None:
    with pytest.raises(InputError, match="expected 0 to 10"):
        CoxEquation(("a",), (1.0,), (5, 10), (0.2, 0.4)).baseline_survival([time])


def test_all_that_is_wrong_with_an_equation_is_reported_at_once() -> None:
    with pytest.raises(InputError) as caught:
        CoxEquation(("a", "a"), (1.0, np.inf), (10, 5), (0.4, 0.2))
    said = str(caught.value)
    for part in ("distinct names", "finite coefficients", "ascend", "never falls"):
        assert part in said


@pytest.mark.parametrize(
    ("names", "coefficients", "times", "hazard"),
    [
        (("a",), (1.0, 2.0), (5,), (0.2,)),
        (("a",), (1.0,), (), ()),
        (("a",), (1.0,), (5, 6), (0.2,)),
    ],
)
def test_parts_of_other_lengths_are_refused(names, coefficients, times, hazard) -> None:
    with pytest.raises(InputError, match="expected one coefficient per name"):
        CoxEquation(names, coefficients, times, hazard)


def test_all_that_is_wrong_with_factors_is_reported_at_once() -> None:
    factors = {
        "stage": {"II": "stage_II", "III": "stage_III"},
        "age": {"young": None, "old": "nothing"},
        "sex": {"f": None, "m": "stage_II"},
    }
    with pytest.raises(InputError) as caught:
        EQUATION.nomogram(TABLE, [12], factors=factors)
    said = str(caught.value)
    for part in ("'nothing'", "stage: expected one level without", "more than once", "age is a"):
        assert part in said


def test_a_model_without_effects_has_no_nomogram() -> None:
    with pytest.raises(ModelError, match="no predictor"):
        CoxEquation(("a",), (0.0,), (5,), (0.2,)).nomogram([[1.0], [2.0]], [5])


def test_a_stratified_model_is_asked_for_its_stratum() -> None:
    strata = np.where(TABLE["male"] == 1, "m", "f")
    columns = ["age", "stage_II", "stage_III"]
    model = CoxModel().fit(TABLE[columns], OUTCOME, strata=strata)
    with pytest.raises(InputError, match=r"stratum: expected one of \['f', 'm'\], found none"):
        from_cox_model(model)
    rows = strata == "m"
    expected = model.predict_survival(TABLE[columns][rows], [12], strata=strata[rows])
    found = from_cox_model(model, stratum="m").event_probability(TABLE[columns][rows], [12])
    np.testing.assert_allclose(1 - found, expected.survival_probability, atol=1e-12)
