"""A fitted model predicts as the Cox model that it was made of."""

from __future__ import annotations

import numpy as np
import pytest

from modelling.simulated_cases import simulate
from trephine.errors import InputError
from trephine.modelling.fitted_model import fit_model
from trephine.modelling.terms import Term
from trephine.regression.cox import CoxModel
from trephine.types import Survival

CASES = simulate(60)
DESIGN = np.column_stack([CASES.clinical.values("age"), CASES.features["radiomics"].values[:, 1]])
TERMS = [Term(name, name, "linear", name) for name in ("age", "feature")]
TIMES = [12.0, 36.0, 60.0]
MODEL = fit_model("M", ("clinical",), TERMS, DESIGN, CASES.survival)
COX = CoxModel().fit(DESIGN, CASES.survival)


def test_survival_and_its_interval_are_the_cox_models() -> None:
    new = DESIGN[:5] * 1.1
    found = MODEL.predict_survival(new, TIMES)
    expected = COX.predict_survival(new, times=TIMES)
    np.testing.assert_allclose(
        found.survival_probability, expected.survival_probability, rtol=1e-10
    )
    np.testing.assert_allclose(found.low, expected.low, rtol=1e-8)
    np.testing.assert_allclose(found.high, expected.high, rtol=1e-8)


def test_the_linear_predictor_is_zero_at_the_centre() -> None:
    assert MODEL.linear_predictor(MODEL.centre[np.newaxis])[0] == 0.0
    at_centre = MODEL.predict_survival(MODEL.centre[np.newaxis], TIMES)
    np.testing.assert_allclose(at_centre.survival_probability[0], MODEL.baseline_survival(TIMES))


def test_nothing_is_said_past_the_last_follow_up() -> None:
    late = MODEL.predict_survival(DESIGN[:2], [1e4])
    assert np.isnan(late.survival_probability).all()
    assert np.isnan(late.high).all()


def test_before_the_first_event_everyone_survives() -> None:
    early = MODEL.predict_survival(DESIGN[:2], [1e-9])
    np.testing.assert_array_equal(early.survival_probability, np.ones((2, 1)))


def test_a_case_far_out_still_has_an_interval_within_zero_and_one() -> None:
    far = MODEL.predict_survival(DESIGN[:1] + 1e4, TIMES)
    assert np.nanmin(far.low) >= 0
    assert np.nanmax(far.high) <= 1


def test_a_model_without_terms_takes_tied_events_one_after_the_other() -> None:
    time = np.ceil(CASES.survival.time / 6) * 6
    event = CASES.survival.event
    visits = Survival(time, event, CASES.survival.unit)
    empty = fit_model("none", ("clinical",), [], np.empty((len(CASES), 0)), visits)
    hazard = sum(
        1 / ((time >= t).sum() - k)
        for t in np.unique(time[event])
        if t <= 36
        for k in range(event[time == t].sum())
    )
    found = empty.predict_survival(np.empty((2, 0)), [36.0]).survival_probability
    np.testing.assert_allclose(found, np.exp(-hazard))


def test_another_number_of_terms_is_refused() -> None:
    with pytest.raises(InputError, match="model M: expected 2 terms"):
        MODEL.linear_predictor(np.zeros((1, 3)))
