from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from evaluation.simulated import cohort, small_cohorts
from trephine.errors import InputError
from trephine.evaluation.censoring_weights import status_at
from trephine.evaluation.delong import binary_auc
from trephine.evaluation.influence import influence_standard_error
from trephine.evaluation.time_dependent_auc import (
    compare_time_dependent_auc,
    time_dependent_auc,
)
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import FloatArray, Survival


def auc_by_pairs(outcome: Survival, score: FloatArray, horizon: float) -> float:
    """Every case against every control, each with 1 / G."""
    censoring = kaplan_meier(outcome.time + 1e-6 * ~outcome.event, ~outcome.event)
    numerator = denominator = 0.0
    for i in np.flatnonzero(outcome.event & (outcome.time < horizon)):
        g = censoring.at([outcome.time[i] - 1e-3]).survival_probability[0]
        for j in np.flatnonzero(outcome.time > horizon):
            concordant = float(score[i] > score[j]) + 0.5 * float(score[i] == score[j])
            numerator += concordant / g
            denominator += 1.0 / g
    return numerator / denominator if denominator else float("nan")


@given(small_cohorts())
def test_it_is_the_weighted_share_of_concordant_pairs(case: tuple[Survival, FloatArray]) -> None:
    outcome, score = case
    found = time_dependent_auc(outcome, score, 6.5).estimate.value
    np.testing.assert_allclose(found, auc_by_pairs(outcome, score, 6.5), atol=1e-10)


@pytest.mark.parametrize("convention", ["timeROC", "riskRegression"])
def test_without_censoring_it_is_the_plain_auc_with_delongs_error(convention: str) -> None:
    outcome, score = cohort(censored=False)
    found = time_dependent_auc(outcome, score, 36.5, convention=convention)  # type: ignore[arg-type]
    plain = binary_auc(outcome.time < 36.5, score).estimate
    assert found.estimate.value == pytest.approx(plain.value, abs=1e-12)
    # DeLong divides by n1 - 1 and n0 - 1, the influence function by n - 1.
    assert found.estimate.standard_error == pytest.approx(plain.standard_error, rel=0.02)


@given(small_cohorts())
def test_monotone_transforms_order_of_cases_and_time_units_do_not_matter(
    case: tuple[Survival, FloatArray],
) -> None:
    outcome, score = case
    value = time_dependent_auc(outcome, score, 6.5).estimate.value
    order = np.random.default_rng(1).permutation(score.size)
    in_days = Survival(outcome.time * 30.4375, outcome.event, "days")
    for other in (
        time_dependent_auc(outcome, np.exp(2.0 * score) - 3.0, 6.5),
        time_dependent_auc(outcome.take(order), score[order], 6.5),
        time_dependent_auc(in_days, score, 6.5 * 30.4375),
    ):
        np.testing.assert_allclose(other.estimate.value, value, atol=1e-12)


def test_reversing_the_score_mirrors_the_area() -> None:
    outcome, score = cohort()
    there, back = (time_dependent_auc(outcome, sign * score, 40.0).estimate for sign in (1, -1))
    assert there.value + back.value == pytest.approx(1.0)
    assert there.standard_error == pytest.approx(back.standard_error)


def test_the_influence_is_what_deleting_a_case_does() -> None:
    outcome, score = cohort(400, seed=3)
    full = time_dependent_auc(outcome, score, 40.5, convention="riskRegression")
    for i in (0, 50, 399):
        kept = np.delete(np.arange(400), i)
        without = time_dependent_auc(
            outcome.take(kept), score[kept], 40.5, convention="riskRegression"
        )
        jackknife = 399 * (full.estimate.value - without.estimate.value)
        assert jackknife == pytest.approx(full.influence[i], abs=0.03)


def test_a_patient_seen_twice_counts_once_in_the_error() -> None:
    outcome, score = cohort()
    twice = Survival(np.tile(outcome.time, 2), np.tile(outcome.event, 2))
    patient = np.tile(np.arange(score.size), 2)
    once = time_dependent_auc(outcome, score, 40.5).estimate
    both = time_dependent_auc(twice, np.tile(score, 2), 40.5, cluster=patient).estimate
    assert both.value == pytest.approx(once.value, abs=1e-12)
    assert both.standard_error == pytest.approx(once.standard_error, rel=0.01)


def test_every_case_its_own_patient_is_the_iid_error() -> None:
    influence = np.random.default_rng(0).normal(size=30)
    own = influence_standard_error(influence, np.arange(30))
    assert own == pytest.approx(influence.std(ddof=1) / np.sqrt(30), rel=1e-12)


def test_a_score_compared_with_itself_has_no_difference_and_no_p() -> None:
    outcome, score = cohort()
    area = time_dependent_auc(outcome, score, 40.0)
    same = compare_time_dependent_auc(area, area)
    assert same.difference.value == 0.0
    assert np.isnan(same.p_value)


def test_a_constant_score_is_worth_one_half() -> None:
    outcome, _ = cohort()
    found = time_dependent_auc(outcome, np.zeros(len(outcome)), 40.0).estimate
    assert found.value == pytest.approx(0.5)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("horizon", "reason"), [(0.5, "no event before"), (1000.0, "nobody was followed beyond")]
)
def test_a_horizon_outside_of_follow_up_says_so(horizon: float, reason: str) -> None:
    outcome, score = cohort()
    found = time_dependent_auc(outcome, score, horizon)
    assert np.isnan(found.estimate.value)
    assert reason in found.note


def test_missing_scores_and_impossible_horizons_are_refused() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match="row 3"):
        time_dependent_auc(outcome, np.where(np.arange(120) == 3, np.nan, score), 40.0)
    with pytest.raises(InputError, match="horizon"):
        time_dependent_auc(outcome, score, -1.0)
    with pytest.raises(InputError, match=r"shape \(120,\)"):
        time_dependent_auc(outcome, score[:5], 40.0)


def test_cox_weights_of_an_unrelated_covariate_are_near_the_marginal_ones() -> None:
    outcome, score = cohort(600, seed=5)
    noise = np.random.default_rng(9).normal(size=600)[:, None]
    weighted = time_dependent_auc(outcome, score, 40.0, censoring_covariates=noise)
    plain = time_dependent_auc(outcome, score, 40.0)
    assert weighted.estimate.value == pytest.approx(plain.estimate.value, abs=0.01)
    assert np.isnan(weighted.estimate.standard_error)


def test_weights_of_cases_add_up_to_the_cumulative_incidence() -> None:
    outcome, _ = cohort()
    status = status_at(outcome, 40.5, convention="riskRegression")
    free = kaplan_meier(outcome.time, outcome.event).at([40.5]).survival_probability[0]
    assert status.weight[status.is_case].sum() / 120 == pytest.approx(1.0 - free)
    assert status.weight[status.is_control].sum() / 120 == pytest.approx(free)
