"""Likelihood-ratio test of nested Cox models fitted to the same cases."""

from __future__ import annotations

from scipy.special import chdtrc

from trephine.errors import InputError
from trephine.group_tests.hypothesis_test import HypothesisTest, unanswered
from trephine.regression.cox_result import CoxResult

MONOTONE = 1e-8
"""A larger model's log likelihood may fall short by so much (relative) from rounding alone."""


def likelihood_ratio_test(smaller: CoxResult, larger: CoxResult) -> HypothesisTest:
    """Test whether the larger of two nested models fits better (R: ``anova(coxph, coxph)``).

    The test takes cases as independent: with several cases a patient it is too optimistic, and the
    difference in C by patient (`compare_concordance`) is the answer to trust.

    Parameters
    ----------
    smaller, larger
        Of the same cases; every column of the smaller is meant to be in the span of the larger.

    Returns
    -------
    HypothesisTest
        ``statistic`` is twice the difference in log likelihood.

    Raises
    ------
    InputError
        If the models do not have the same cases, events, ties and null likelihood, or if the
        smaller fits better than the larger: they are then not nested.
    """
    same = (smaller.n, smaller.n_events, smaller.ties) == (larger.n, larger.n_events, larger.ties)
    scale = max(1.0, abs(larger.log_likelihood_null))
    if not same or abs(smaller.log_likelihood_null - larger.log_likelihood_null) > 1e-6 * scale:
        raise InputError(
            "likelihood ratio: expected two models of the same cases and ties, found"
            f" {smaller.n} cases with {smaller.n_events} events and {larger.n} with"
            f" {larger.n_events}; refit both on the cases complete for the larger"
        )
    df = len(larger.names) - len(smaller.names)
    statistic = 2.0 * (larger.log_likelihood - smaller.log_likelihood)
    if df < 0 or statistic < -MONOTONE * scale:
        raise InputError(
            f"likelihood ratio: expected the second model to contain the first, found"
            f" {len(smaller.names)} and {len(larger.names)} columns and a gain of {statistic:.3g}"
        )
    if df == 0:
        return unanswered("Likelihood ratio", larger.n, "the models have equally many columns")
    statistic = max(statistic, 0.0)
    return HypothesisTest(
        "Likelihood ratio", statistic, float(chdtrc(df, statistic)), larger.n, (float(df),)
    )
