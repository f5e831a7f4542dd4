"""Rank tests: Mann-Whitney with R's choice between exact and normal p, and Kruskal-Wallis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from trephine.group_tests.hypothesis_test import (
    HypothesisTest,
    observed_samples,
    unanswered,
    why_no_comparison,
)
from trephine.types import FloatArray

RankReference = Literal["as R", "exact", "normal", "normal, continuity corrected"]
EXACT_BELOW = 50
"""R's wilcox.test is exact where both groups are smaller than this and no values are tied."""


def mann_whitney_test(
    first: npt.ArrayLike, second: npt.ArrayLike, *, reference: RankReference = "as R"
) -> HypothesisTest:
    """Compare two samples by ranks (R: ``wilcox.test``).

    Parameters
    ----------
    first, second
        Shapes (n1,) and (n2,), without missing values.
    reference
        "as R" is exact where n1 and n2 are below 50 and nothing is tied, and otherwise the
        normal distribution with tie-corrected variance and continuity correction. "exact" is
        refused where values are tied.

    Returns
    -------
    HypothesisTest
        ``statistic`` is R's W: pairs in which ``first`` is larger, ties counted 1/2;
        ``z_statistic`` its normal deviate.

    Raises
    ------
    InputError
        If a sample holds a missing value.
    """
    x, y = observed_samples([first, second], "Mann-Whitney test")
    n = x.size + y.size
    note = why_no_comparison([x, y], at_least=1)
    tied = np.unique(np.concatenate([x, y])).size < n
    if not note and reference == "exact" and tied:
        note = "values are tied, so that the exact distribution does not apply"
    if note:
        return unanswered("Mann-Whitney", n, note)
    exact = reference == "exact" or (
        reference == "as R" and max(x.size, y.size) < EXACT_BELOW and not tied
    )
    result = stats.mannwhitneyu(
        x,
        y,
        alternative="two-sided",
        method="exact" if exact else "asymptotic",
        use_continuity=reference != "normal",
    )
    return HypothesisTest(
        "Mann-Whitney",
        float(result.statistic),
        float(result.pvalue),
        n,
        z_statistic=_standardised(float(result.statistic), x, y),
    )


def _standardised(w: float, x: FloatArray, y: FloatArray) -> float:
    """Return W's deviate under the null with the variance corrected for ties, no continuity."""
    n = x.size + y.size
    _, counts = np.unique(np.concatenate([x, y]), return_counts=True)
    ties = float((counts**3 - counts).sum()) / (n * (n - 1))
    return float((w - x.size * y.size / 2) / np.sqrt(x.size * y.size / 12 * (n + 1 - ties)))


def kruskal_wallis_test(groups: Sequence[npt.ArrayLike]) -> HypothesisTest:
    """Compare two or more samples by ranks, corrected for ties (R: ``kruskal.test``).

    Raises
    ------
    InputError
        If there are fewer than two groups, or a value is missing.
    """
    samples = observed_samples(groups, "Kruskal-Wallis test")
    n = sum(sample.size for sample in samples)
    note = why_no_comparison(samples, at_least=1)
    if note:
        return unanswered("Kruskal-Wallis", n, note)
    result = stats.kruskal(*samples)
    return HypothesisTest(
        "Kruskal-Wallis",
        float(result.statistic),
        float(result.pvalue),
        n,
        (float(len(samples) - 1),),
    )
