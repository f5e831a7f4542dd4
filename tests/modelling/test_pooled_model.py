"""One model of several completed data sets predicts as Rubin's rules do, case by case."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.pooled_model import fit_over, other_causes_over, pool_models
from trephine.modelling.terms import Term
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import FloatArray, Survival

TERMS = [Term(name, name, "linear", name) for name in ("a", "b", "c")]
TIMES = np.array([0.001, 2.0, 6.0, 15.0, 99.0])


def data(seed: int, m: int = 6) -> tuple[FloatArray, Survival]:
    rng = np.random.default_rng(seed)
    x = rng.normal([40.0, 0.0, 3.0], [12.0, 1.0, 0.2], size=(150, 3))
    time = rng.exponential(8 * np.exp(-0.03 * (x[:, 0] - 40) - 0.5 * x[:, 1])) + 0.05
    outcome = Survival(np.minimum(time, 20.0).round(1) + 0.1, time <= 20)
    designs = np.repeat(x[None], m, axis=0)
    designs[:, :50, 0] += rng.normal(0, 9, size=(m, 50))
    designs[:, 30:60, 1] += rng.normal(0, 0.8, size=(m, 30))
    return designs, outcome


def models(designs: FloatArray, outcome: Survival) -> list[FittedModel]:
    cluster = np.arange(150) // 2
    return [fit_model("m", (), TERMS, one, outcome, cluster=cluster) for one in designs]


def test_every_case_s_prediction_and_interval_are_pooled_by_rubins_rules() -> None:
    """On log(-log S): the mean, and the mean variance plus 1 + 1/m times that between."""
    designs, outcome = data(1)
    fits = models(designs, outcome)
    pooled = pool_models(fits, designs)
    new = np.array([[40.0, 0.0, 3.0], [70.0, 2.0, 2.5], [15.0, -1.5, 3.4]])
    found = pooled.predict_survival(new, TIMES)
    for case, at in enumerate(new):
        for k, time in enumerate(TIMES[1:4], start=1):
            logs, variances = [], []
            for one in fits:
                said = one.predict_survival(at[None], [time])
                hazard = -np.log(said.survival_probability[0, 0])
                error = (
                    np.log(said.survival_probability[0, 0]) - np.log(said.low[0, 0])
                ) / 1.959963984540054
                logs.append(np.log(hazard))
                variances.append((error / hazard) ** 2)
            mean = np.mean(logs)
            total = np.mean(variances) + (1 + 1 / 6) * np.var(logs, ddof=1)
            log_hazard = np.log(-np.log(found.survival_probability[case, k]))
            assert log_hazard == pytest.approx(mean, abs=1e-10)
            error = (
                np.log(found.survival_probability[case, k]) - np.log(found.low[case, k])
            ) / 1.959963984540054
            assert (error / np.exp(mean)) ** 2 == pytest.approx(total, rel=1e-8)
    np.testing.assert_array_equal(found.survival_probability[:, 0], 1.0)
    assert np.isnan(found.survival_probability[:, 4]).all()


def test_where_no_term_was_imputed_the_model_is_the_plain_one() -> None:
    designs, outcome = data(2)
    same = np.repeat(designs[:1], 3, axis=0)
    found = fit_over("m", (), TERMS, same, outcome)
    plain = fit_model("m", (), TERMS, designs[0], outcome)
    np.testing.assert_array_equal(found.coefficients, plain.coefficients)
    np.testing.assert_array_equal(found.covariance, plain.covariance)


def test_the_order_of_the_data_sets_does_not_matter() -> None:
    designs, outcome = data(3)
    given = fit_over("m", (), TERMS, designs, outcome)
    other = fit_over("m", (), TERMS, designs[::-1], outcome)
    np.testing.assert_allclose(given.coefficients, other.coefficients, rtol=1e-12)
    np.testing.assert_allclose(
        given.cumulative_hazard(TIMES), other.cumulative_hazard(TIMES), rtol=1e-12
    )


def test_rates_of_competing_events_are_pooled_on_the_log_scale() -> None:
    designs, outcome = data(4)
    rng = np.random.default_rng(4)
    cause = np.where(outcome.event, 1, np.where(rng.random(150) < 0.8, 2, 0))
    competing = CompetingSurvival(outcome.time, outcome.event, "months", cause, ("death",))
    (found,) = other_causes_over(TERMS, designs, competing)
    each = [other_causes_over(TERMS, one[None], competing)[0] for one in designs]
    case = np.array([[55.0, 1.0, 3.1]])[:, list(found.columns)]
    at = np.array([25.0])
    said = np.log(found.hazard_before(at)) + (case - found.centre) @ found.coefficients
    meant = [np.log(one.hazard_before(at)) + (case - one.centre) @ one.coefficients for one in each]
    assert said == pytest.approx(np.mean(meant), abs=1e-10)
