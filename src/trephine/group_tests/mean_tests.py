"""Tests of means and variances: Student and Welch t, F ratio, one-way analysis of variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from trephine.group_tests.hypothesis_test import (
    HypothesisTest,
    Method,
    observed_samples,
    unanswered,
    why_no_comparison,
)
from trephine.types import Estimate

TVariance = Literal["student", "welch"]


def t_test(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    variance: TVariance = "welch",
    level: float = 0.95,
) -> HypothesisTest:
    """Compare two means (R: ``t.test(first, second, var.equal = variance == "student")``).

    Parameters
    ----------
    first, second
        Shapes (n1,) and (n2,), without missing values.
    variance
        "student" pools the variances, "welch" does not (Satterthwaite's degrees of freedom).
    level
        Coverage of the interval of the difference in means, first minus second.

    Returns
    -------
    HypothesisTest
        ``effect`` is the difference in means. Without an answer where a group has fewer than two
        values or both groups are constant.

    Raises
    ------
    InputError
        If a sample holds a missing value.
    """
    x, y = observed_samples([first, second], "t test")
    name: Method = "Student t" if variance == "student" else "Welch t"
    n = x.size + y.size
    note = why_no_comparison([x, y])
    if not note and np.ptp(x) == 0.0 and np.ptp(y) == 0.0:
        note = "both groups are constant"
    if note:
        return unanswered(name, n, note)
    result = stats.ttest_ind(x, y, equal_var=variance == "student")
    interval = result.confidence_interval(level)
    difference = float(x.mean() - y.mean())
    return HypothesisTest(
        name,
        float(result.statistic),
        float(result.pvalue),
        n,
        (float(result.df),),
        Estimate(
            difference,
            float(interval.low),
            float(interval.high),
            level,
            difference / float(result.statistic) if result.statistic else float("nan"),
        ),
    )


def variance_ratio_test(
    first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95
) -> HypothesisTest:
    """Compare two variances by their ratio (R: ``var.test``).

    Raises
    ------
    InputError
        If a sample holds a missing value.
    """
    x, y = observed_samples([first, second], "F test")
    n = x.size + y.size
    note = why_no_comparison([x, y])
    if not note and (np.ptp(x) == 0.0 or np.ptp(y) == 0.0):
        note = "one group is constant"
    if note:
        return unanswered("F", n, note)
    ratio = float(x.var(ddof=1) / y.var(ddof=1))
    reference = stats.f(x.size - 1, y.size - 1)
    p_value = min(1.0, 2.0 * min(float(reference.cdf(ratio)), float(reference.sf(ratio))))
    tail = (1.0 - level) / 2.0
    return HypothesisTest(
        "F",
        ratio,
        p_value,
        n,
        (float(x.size - 1), float(y.size - 1)),
        Estimate(
            ratio, ratio / float(reference.isf(tail)), ratio / float(reference.ppf(tail)), level
        ),
    )


def analysis_of_variance(groups: Sequence[npt.ArrayLike]) -> HypothesisTest:
    """Compare the means of two or more groups (R: ``aov(y ~ factor(g))``).

    Raises
    ------
    InputError
        If there are fewer than two groups, or a value is missing.
    """
    samples = observed_samples(groups, "analysis of variance")
    n = sum(sample.size for sample in samples)
    note = why_no_comparison(samples, at_least=1)
    if not note and n <= len(samples):
        note = "no group has more than one observed value"
    if not note and all(np.ptp(sample) == 0.0 for sample in samples):
        note = "every group is constant"
    if note:
        return unanswered("ANOVA", n, note)
    result = stats.f_oneway(*samples)
    return HypothesisTest(
        "ANOVA",
        float(result.statistic),
        float(result.pvalue),
        n,
        (float(len(samples) - 1), float(n - len(samples))),
    )
