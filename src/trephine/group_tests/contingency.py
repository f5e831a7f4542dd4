"""Tests of r x c tables: Pearson's chi-square, with and without Yates, and Fisher's exact."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.stats import contingency

from trephine.errors import InputError
from trephine.group_tests.fisher_network import fisher_p_value
from trephine.group_tests.hypothesis_test import HypothesisTest, unanswered
from trephine.types import Estimate, FloatArray, IntArray


def contingency_table(counts: npt.ArrayLike) -> IntArray:
    """Return counts as integers, without the rows and columns that are empty.

    Raises
    ------
    InputError
        If the counts are not a two-dimensional table of whole numbers >= 0.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2:
        raise InputError(f"table: expected two dimensions, found shape {table.shape}")
    if not (np.isfinite(table) & (table >= 0) & (table == np.round(table))).all():
        raise InputError("table: expected whole counts >= 0")
    whole: IntArray = table.astype(np.int64)
    filled: IntArray = whole[whole.sum(axis=1) > 0][:, whole.sum(axis=0) > 0]
    return filled


def expected_counts(counts: npt.ArrayLike) -> FloatArray:
    """Return the counts expected if rows and columns were independent, shape (r, c)."""
    table = contingency_table(counts)
    expected: FloatArray = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return expected


def chi_square_test(counts: npt.ArrayLike, *, yates: bool | None = None) -> HypothesisTest:
    """Test independence by Pearson's chi-square (R: ``chisq.test``).

    Parameters
    ----------
    counts
        Shape (r, c). Empty rows and columns are left out.
    yates
        Continuity correction of a 2 x 2 table, by min(1/2, |O - E|); None corrects where the
        table is 2 x 2, as R does. Larger tables are never corrected.

    Raises
    ------
    InputError
        If the counts are not whole numbers >= 0 in two dimensions.
    """
    table = contingency_table(counts)
    n = int(table.sum())
    if min(table.shape, default=0) < 2:
        return unanswered("Chi-square", n, "the variable has a single level, or there is one group")
    is_two_by_two = table.shape == (2, 2)
    corrected = is_two_by_two and yates is not False
    difference = np.abs(table - expected_counts(table))
    if corrected:
        difference = difference - min(0.5, float(difference.min()))
    statistic = float((difference**2 / expected_counts(table)).sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return HypothesisTest(
        "Chi-square (Yates)" if corrected else "Chi-square",
        statistic,
        float(stats.chi2.sf(statistic, df)),
        n,
        (float(df),),
    )


def fisher_exact_test(
    counts: npt.ArrayLike,
    *,
    level: float = 0.95,
    simulations: int = 0,
    rng: np.random.Generator | None = None,
) -> HypothesisTest:
    """Test independence exactly, given the margins, in a table of any size (R: ``fisher.test``).

    Parameters
    ----------
    counts
        Shape (r, c). Empty rows and columns are left out.
    level
        Coverage of the odds ratio's interval (2 x 2 only).
    simulations
        0 computes the p value exactly. A positive number draws so many tables with the same
        margins instead, for tables too large for the exact one; p = (1 + as extreme) / (1 + B).
    rng
        Where the simulations come from.

    Returns
    -------
    HypothesisTest
        For 2 x 2, ``effect`` is the conditional maximum likelihood odds ratio with its exact
        interval.

    Raises
    ------
    InputError
        If the counts are not a table, if the exact p would take too long (the message says to
        simulate), or if simulations are asked for without ``rng``.
    """
    table = contingency_table(counts)
    n = int(table.sum())
    if min(table.shape, default=0) < 2:
        return unanswered("Fisher", n, "the variable has a single level, or there is one group")
    if simulations:
        if rng is None:
            raise InputError("Fisher test: simulations need rng, a numpy random Generator")
        p_value = _simulated_p(table, simulations, rng)
    elif table.shape == (2, 2):
        p_value = float(stats.fisher_exact(table).pvalue)
    else:
        p_value = fisher_p_value(table)
    effect = _conditional_odds_ratio(table, level) if table.shape == (2, 2) else None
    return HypothesisTest("Fisher", float("nan"), p_value, n, effect=effect)


def _conditional_odds_ratio(table: IntArray, level: float) -> Estimate:
    result = contingency.odds_ratio(table, kind="conditional")
    interval = result.confidence_interval(level)
    return Estimate(float(result.statistic), float(interval.low), float(interval.high), level)


def _simulated_p(table: IntArray, simulations: int, rng: np.random.Generator) -> float:
    drawn = stats.random_table(table.sum(axis=1), table.sum(axis=0))
    observed = float(drawn.logpmf(table))
    tables = drawn.rvs(simulations, random_state=rng)
    as_extreme = int((drawn.logpmf(tables) <= observed + 1e-7).sum())
    return (1 + as_extreme) / (1 + simulations)
