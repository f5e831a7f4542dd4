"""Updating the rates of competing events: slow versions, and outside cases whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.errors import ModelError
from trephine.evaluation.observed import shares_by
from trephine.modelling.absolute_risk import other_causes
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.terms import Term
from trephine.modelling.updating import update_model
from trephine.modelling.updating_causes import update_causes
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import FloatArray, Survival

TERMS = [Term(f"x{j}", f"x{j}", "linear", f"x{j}") for j in range(2)]


def cohort(seed: int, n: int, deaths: float = 1.0) -> tuple[FloatArray, CompetingSurvival]:
    """Make cases that collapse by both terms and die by the first, ``deaths`` times as fast."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)).round(2)
    rates = np.column_stack([0.02 * np.exp(x @ [0.7, -0.5]), deaths * 0.01 * np.exp(0.8 * x[:, 0])])
    times, end = rng.exponential(1 / rates), rng.uniform(20, 60, n)
    cause = np.where(times.min(axis=1) > end, 0, times.argmin(axis=1) + 1)
    time = np.ceil(np.minimum(times.min(axis=1), end) * 10) / 10
    return x, CompetingSurvival(time, cause == 1, "months", cause, ("death",))


@pytest.fixture(scope="module")
def locked() -> FittedModel:
    x, survival = cohort(1, 900)
    model = fit_model("M", ("clinical",), TERMS, x, survival)
    return replace(model, others=other_causes(TERMS, x, survival))


def test_what_changed_outside_is_updated_and_risks_are_right_again(locked: FittedModel) -> None:
    x, survival = cohort(2, 300, deaths=4.0)
    found = update_causes(locked, x, survival)
    assert (found.event.method, found.others["death"].method) == ("none", "baseline")
    assert found.others["death"].ratio.low < 4 < found.others["death"].ratio.high
    seen = shares_by(survival, [24.0])[0]
    before, after = (
        float((1 - one.predict_survival(x, [24.0]).survival_probability).mean())
        for one in (locked, found.event.model)
    )
    assert before / seen > 1.15
    assert after / seen == pytest.approx(1, abs=0.05)


def test_the_factor_is_the_observed_over_the_expected_deaths(locked: FittedModel) -> None:
    x, survival = cohort(3, 80, deaths=2.0)
    (death,) = locked.others
    found = update_causes(locked, x, survival, asked="baseline")
    corners, heights = [0.0], [0.0]  # of the locked hazard, its steps joined by straight lines
    for time, hazard in zip(death.times, death.cumulative_hazard, strict=True):
        if hazard > heights[-1]:
            corners.append(time)
            heights.append(hazard)
    corners.append(death.times[-1])
    heights.append(death.cumulative_hazard[-1])
    expected = sum(
        np.interp(time, corners, heights) * ratio
        for time, ratio in zip(survival.time, death.ratio(x), strict=True)
    )
    factor = survival.count("death") / expected
    assert found.others["death"].ratio.value == pytest.approx(factor, rel=1e-9)
    (after,) = found.event.model.others
    np.testing.assert_allclose(after.cumulative_hazard, factor * death.cumulative_hazard, rtol=1e-9)
    np.testing.assert_array_equal(after.coefficients, death.coefficients)


def test_a_refit_of_the_rates_is_what_training_on_these_cases_gives(locked: FittedModel) -> None:
    x, survival = cohort(4, 300, deaths=2.0)
    found = update_causes(locked, x, survival, asked="refit")
    (again,), (own,) = other_causes(TERMS, x, survival), found.event.model.others
    np.testing.assert_allclose(own.coefficients, again.coefficients, rtol=1e-10)
    np.testing.assert_allclose(own.cumulative_hazard, again.cumulative_hazard, rtol=1e-10)
    assert own.n_events == survival.count("death")


def test_what_few_deaths_do_not_allow_is_less_and_said(locked: FittedModel) -> None:
    x, survival = cohort(5, 60, deaths=0.8)
    assert 0 < survival.count("death") < 20
    found = update_causes(locked, x, survival, asked="refit").others["death"]
    assert found.method == "slope"
    assert found.note == "no refit: there are fewer than ten events for each term"
    chosen = update_causes(locked, x, survival).others["death"]
    assert chosen.method != "refit"
    assert {one.larger for one in chosen.tests} == {"slope"}

    alive = np.where(survival.cause == 2, 0, survival.cause)
    none = CompetingSurvival(survival.time, survival.event, "months", alive, ("death",))
    kept = update_causes(locked, x, none, asked="baseline")
    assert (kept.others["death"].method, kept.others["death"].note) == ("none", "no event was seen")
    (before,), (after,) = locked.others, kept.event.model.others
    np.testing.assert_array_equal(after.cumulative_hazard, before.cumulative_hazard)


def test_a_rate_that_is_the_same_for_all_has_no_slope(locked: FittedModel) -> None:
    x, survival = cohort(6, 200, deaths=2.0)
    (death,) = locked.others
    none = np.empty(0)
    flat = replace(death, columns=(), coefficients=none, centre=none)
    model = replace(locked, others=(flat,))
    found = update_causes(model, x, survival, asked="slope").others["death"]
    assert (found.method, found.note) == ("baseline", "no slope: it is the same for all")
    assert [one.larger for one in update_causes(model, x, survival).others["death"].tests] == [
        "baseline"
    ]


def test_one_event_alone_is_updated_as_before_and_needs_its_competitors(
    locked: FittedModel,
) -> None:
    x, survival = cohort(7, 100)
    alone = replace(locked, others=())
    one, other = update_causes(alone, x, survival), update_model(alone, x, survival)
    assert (one.event.tests, one.others) == (other.tests, {})
    with pytest.raises(ModelError, match="competing events"):
        update_causes(locked, x, Survival(survival.time, survival.event))
