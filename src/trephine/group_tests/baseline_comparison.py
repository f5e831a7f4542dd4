"""One row of Table 1: a variable described in every group, tested, and its imbalance measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.group_tests.contingency import (
    chi_square_test,
    expected_counts,
    fisher_exact_test,
)
from trephine.group_tests.descriptive import (
    CategoricalSummary,
    ContinuousSummary,
    describe_categorical,
    describe_continuous,
)
from trephine.group_tests.hypothesis_test import HypothesisTest
from trephine.group_tests.kolmogorov_smirnov import kolmogorov_smirnov_normal
from trephine.group_tests.mean_tests import analysis_of_variance, t_test
from trephine.group_tests.normality import lilliefors_test, shapiro_wilk_test
from trephine.group_tests.rank_tests import kruskal_wallis_test, mann_whitney_test
from trephine.group_tests.standardised_difference import (
    standardised_mean_difference,
    standardised_proportion_difference,
)
from trephine.types import BoolArray, FloatArray

Normality = Literal["kolmogorov-smirnov", "lilliefors", "shapiro-wilk"]
SMALLEST_EXPECTED_COUNT = 5.0
"""Below it in any cell, chi-square gives way to Fisher's exact test."""


@dataclass(frozen=True)
class ContinuousComparison:
    """A continuous variable compared between groups.

    Attributes
    ----------
    groups
        Labels, in order of appearance in ``summaries``.
    overall, summaries
        The variable in all cases, and in each group.
    normality
        The test by which mean (SD) or median (IQR) and the comparison were chosen.
    is_normal
        Whether that test leaves normality standing at 0.05.
    test
        Between the groups: t or ANOVA where normal, else Mann-Whitney or Kruskal-Wallis.
    standardised_difference
        First group minus second; NaN where there are not exactly two groups.
    """

    groups: tuple[str, ...]
    overall: ContinuousSummary
    summaries: tuple[ContinuousSummary, ...]
    normality: HypothesisTest
    is_normal: bool
    test: HypothesisTest
    standardised_difference: float


@dataclass(frozen=True)
class CategoricalComparison:
    """A categorical variable compared between groups; attributes as in `ContinuousComparison`."""

    groups: tuple[str, ...]
    overall: CategoricalSummary
    summaries: tuple[CategoricalSummary, ...]
    test: HypothesisTest
    standardised_difference: float


def compare_continuous(
    values: npt.ArrayLike,
    group: Sequence[object],
    *,
    normality: Normality = "kolmogorov-smirnov",
    alpha: float = 0.05,
) -> ContinuousComparison:
    """Describe and compare a continuous variable between groups.

    Parameters
    ----------
    values
        Shape (n,); NaN is missing and is counted, not compared.
    group
        Label of each case, none missing.
    normality
        How normality is judged, on all observed values. "kolmogorov-smirnov" is the published
        way; it forgives too much, because it ignores that mean and SD were fitted.
    alpha
        Normality is given up below this p.

    Raises
    ------
    InputError
        If lengths differ, a label is missing, or a value is infinite.
    """
    column = np.asarray(values, dtype=np.float64)
    labels, members = group_members(group, column.size)
    observed = column[~np.isnan(column)]
    judge = {
        "kolmogorov-smirnov": kolmogorov_smirnov_normal,
        "lilliefors": lilliefors_test,
        "shapiro-wilk": shapiro_wilk_test,
    }[normality](observed)
    is_normal = bool(judge.p_value > alpha)
    samples = [column[rows & ~np.isnan(column)] for rows in members]
    two = len(samples) == 2
    return ContinuousComparison(
        labels,
        describe_continuous(column),
        tuple(describe_continuous(column[rows]) for rows in members),
        judge,
        is_normal,
        _compare_samples(samples, is_normal),
        standardised_mean_difference(*samples) if two else float("nan"),
    )


def compare_categorical(
    values: Sequence[object],
    group: Sequence[object],
    levels: Sequence[str],
    *,
    rng: np.random.Generator | None = None,
) -> CategoricalComparison:
    """Describe and compare a categorical variable between groups.

    Chi-square (Yates in 2 x 2), or Fisher's exact test where an expected count is below 5.

    Parameters
    ----------
    values
        One per case; None and NaN are missing and are counted, not compared.
    group
        Label of each case, none missing.
    levels
        All levels, in the order of the table.
    rng
        Simulates Fisher's p (100,000 tables) where the exact one would take too long.

    Raises
    ------
    InputError
        If lengths differ, a label is missing, or a value is not one of the levels; if Fisher's p
        has to be simulated and ``rng`` is missing.
    """
    column = np.array(list(values), dtype=object)
    labels, members = group_members(group, column.size)
    summaries = tuple(describe_categorical(list(column[rows]), levels) for rows in members)
    table = np.column_stack([summary.counts for summary in summaries])
    two = len(summaries) == 2
    return CategoricalComparison(
        labels,
        describe_categorical(list(column), levels),
        summaries,
        _compare_counts(table, rng),
        standardised_proportion_difference(table) if two else float("nan"),
    )


def group_members(group: Sequence[object], n: int) -> tuple[tuple[str, ...], list[BoolArray]]:
    """Return the sorted labels, and for each the mask of its cases.

    Raises
    ------
    InputError
        If there is not one label a case.
    """
    raw = list(group)
    missing = [i for i, label in enumerate(raw) if label is None or label != label]
    if len(raw) != n or missing:
        raise InputError(
            f"groups: expected a label for each of {n} cases, found {len(raw)} labels,"
            f" {len(missing)} of them missing"
        )
    text = np.array([str(label) for label in raw], dtype=object)
    labels = tuple(sorted(set(text)))
    return labels, [np.asarray(text == label, dtype=np.bool_) for label in labels]


def _compare_samples(samples: list[FloatArray], is_normal: bool) -> HypothesisTest:
    if len(samples) < 2:
        return HypothesisTest(
            "none", float("nan"), float("nan"), sum(s.size for s in samples), note="one group"
        )
    if len(samples) == 2:
        x, y = samples
        return t_test(x, y, variance="student") if is_normal else mann_whitney_test(x, y)
    return analysis_of_variance(samples) if is_normal else kruskal_wallis_test(samples)


def _compare_counts(
    table: npt.NDArray[np.int64], rng: np.random.Generator | None
) -> HypothesisTest:
    chi_square = chi_square_test(table)
    if chi_square.note or expected_counts(table).min() >= SMALLEST_EXPECTED_COUNT:
        return chi_square
    try:
        return fisher_exact_test(table)
    except InputError:
        if rng is None:
            raise
        return fisher_exact_test(table, simulations=100_000, rng=rng)
