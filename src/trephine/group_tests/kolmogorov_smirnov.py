"""Kolmogorov-Smirnov tests: two samples with ties, and one sample against a fitted normal."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from trephine.group_tests.hypothesis_test import (
    HypothesisTest,
    Method,
    observed_sample,
    observed_samples,
    unanswered,
)
from trephine.types import BoolArray, FloatArray

SERIES_TOLERANCE = 1e-6
EXACT_ONE_SAMPLE_BELOW = 100
EXACT_TWO_SAMPLE_BELOW = 10_000
"""R's ks.test is exact below n = 100 (one sample, no ties) and below n1 n2 = 10,000 (two)."""


def fitted_normal_distance(sample: FloatArray) -> float:
    """Return the largest distance between the sample's steps and the normal that fits it.

    Mean and standard deviation (n - 1) are the sample's own.
    """
    ordered = np.sort(sample)
    n = ordered.size
    normal = stats.norm.cdf((ordered - ordered.mean()) / ordered.std(ddof=1))
    step = np.arange(1, n + 1) / n
    return float(max((step - normal).max(), (normal - (step - 1.0 / n)).max()))


def why_no_normal(sample: FloatArray, at_least: int) -> str:
    """Return why no normal can be fitted to the sample, or an empty string."""
    if sample.size < at_least:
        return f"{sample.size} observed values; {at_least} are needed"
    if np.ptp(sample) == 0.0:
        return "the variable is constant"
    return ""


def kolmogorov_smirnov_normal(values: npt.ArrayLike) -> HypothesisTest:
    """Test normality as many papers do: R's ``ks.test(x, "pnorm", mean(x), sd(x))``.

    The parameters are estimated from the same data, which the p value ignores: it is too large
    (Lilliefors 1967), and Table 1 of the published protocol uses it only because the paper does.
    ``lilliefors_test`` is the right one.

    Raises
    ------
    InputError
        If a value is missing.
    """
    sample = observed_sample(values, "Kolmogorov-Smirnov test")
    name: Method = "Kolmogorov-Smirnov (fitted normal)"
    note = why_no_normal(sample, 2)
    if note:
        return unanswered(name, sample.size, note)
    distance = fitted_normal_distance(sample)
    tied = np.unique(sample).size < sample.size
    if sample.size < EXACT_ONE_SAMPLE_BELOW and not tied:
        p_value = float(stats.kstwo.sf(distance, sample.size))
    else:
        p_value = _limit_tail(math.sqrt(sample.size) * distance)
    return HypothesisTest(name, distance, p_value, sample.size)


def two_sample_kolmogorov_smirnov(
    first: npt.ArrayLike, second: npt.ArrayLike, *, asymptotic: bool | None = None
) -> HypothesisTest:
    """Compare two distributions (R >= 4.2: ``ks.test(first, second)``).

    Parameters
    ----------
    first, second
        Shapes (n1,) and (n2,), without missing values.
    asymptotic
        None takes the exact permutation distribution, given the ties, where n1 n2 < 10,000, and
        the limit otherwise; True and False ask for the one or the other.

    Raises
    ------
    InputError
        If a sample holds a missing value.
    """
    x, y = observed_samples([first, second], "Kolmogorov-Smirnov test")
    name: Method = "Kolmogorov-Smirnov (two samples)"
    if min(x.size, y.size) == 0:
        return unanswered(name, x.size + y.size, "a group has no observed value")
    pooled = np.sort(np.concatenate([x, y]))
    steps_x = np.searchsorted(np.sort(x), pooled, side="right") / x.size
    steps_y = np.searchsorted(np.sort(y), pooled, side="right") / y.size
    distance = float(np.abs(steps_x - steps_y).max())
    if asymptotic is None:
        asymptotic = x.size * y.size >= EXACT_TWO_SAMPLE_BELOW
    if asymptotic:
        p_value = _limit_tail(math.sqrt(x.size * y.size / (x.size + y.size)) * distance)
    else:
        last_of_tie = np.append(np.diff(pooled) != 0.0, True)
        p_value = _exact_two_sample_tail(distance, x.size, y.size, last_of_tie)
    return HypothesisTest(name, distance, p_value, pooled.size)


def _limit_tail(x: float) -> float:
    """Return the upper tail of Kolmogorov's limiting distribution, as exactly as R has it.

    R stops both series at 1e-6 (``ks.test``, tol); to the sixth digit this is the limit itself.
    """
    if x <= 0.0:
        return 1.0
    if x < 1.0:
        last = int(math.sqrt(2.0 - math.log(SERIES_TOLERANCE)))
        terms = (math.exp(-(k**2) * math.pi**2 / (8.0 * x**2)) for k in range(1, last, 2))
        return 1.0 - math.sqrt(2.0 * math.pi) / x * sum(terms)
    tail, term, k = 0.0, 1.0, 1
    while abs(term) > SERIES_TOLERANCE:
        term = 2.0 * (-1.0) ** (k - 1) * math.exp(-2.0 * k**2 * x**2)
        tail += term
        k += 1
    return tail


def _exact_two_sample_tail(distance: float, m: int, n: int, last_of_tie: BoolArray) -> float:
    """Return P(D >= distance) over all orders of m and n values, given where ties end.

    A walk draws the pooled order statistics one by one; after i of the first and j of the second
    sample the next is of the first with probability (m - i) / (m + n - i - j). The distance is
    looked at only where a tie ends (Schroeer and Trenkler 1995). Distances that differ by less
    than rounding are taken as equal, as R does.
    """
    reach = (0.5 + np.floor(distance * m * n - 1e-7)) / (m * n)
    inside = np.zeros(n + 1)
    inside[0] = 1.0
    outside = 0.0
    # Anti-diagonals: after k draws, inside[j] is the probability of j of the second sample.
    for k in range(1, m + n + 1):
        j = np.arange(n + 1)
        i_before = k - 1 - j
        left = float(m + n - k + 1)
        to_first = np.where((i_before >= 0) & (i_before < m), inside * (m - i_before) / left, 0.0)
        to_second = np.where((i_before >= 0) & (j < n), inside * (n - j) / left, 0.0)
        inside = to_first
        inside[1:] += to_second[:-1]
        if last_of_tie[k - 1]:
            i = k - j
            over = (i >= 0) & (i <= m) & (np.abs(i / m - j / n) >= reach)
            outside += float(inside[over].sum())
            inside[over] = 0.0
    return min(1.0, outside)
