"""The frozen result of a hypothesis test, and the checks that every test of Table 1 shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.types import Estimate, FloatArray

# Every test that there is, by the words of a statistics column; a test is asked for its method
# and never searched for a word.
Method = Literal[
    "none",
    "Student t",
    "Welch t",
    "F",
    "ANOVA",
    "Mann-Whitney",
    "Kruskal-Wallis",
    "Chi-square",
    "Chi-square (Yates)",
    "Fisher",
    "Kolmogorov-Smirnov (fitted normal)",
    "Kolmogorov-Smirnov (two samples)",
    "Lilliefors",
    "Shapiro-Wilk",
    "Pearson correlation",
    "DeLong",
    "Likelihood ratio",
]


@dataclass(frozen=True)
class HypothesisTest:
    """What a test found.

    Attributes
    ----------
    method
        Which test.
    statistic
        The test statistic; NaN where the test has none (Fisher) or could not be computed.
    p_value
        Two-sided; NaN where it could not be computed, and then ``note`` says why.
    n
        Cases that entered.
    degrees_of_freedom
        Empty where the reference distribution has none.
    effect
        What was estimated on the way (difference in means, ratio of variances, odds ratio, area
        under the curve), with its interval; None where the test estimates nothing.
    note
        Why the test has no answer; empty where it has one.
    z_statistic
        Standardised form of ``statistic`` where tables print that instead (Mann-Whitney's Z).
    """

    method: Method
    statistic: float
    p_value: float
    n: int
    degrees_of_freedom: tuple[float, ...] = ()
    effect: Estimate | None = None
    note: str = ""
    z_statistic: float = math.nan


def unanswered(method: Method, n: int, note: str) -> HypothesisTest:
    """Return a test without an answer, and the reason for it."""
    return HypothesisTest(method, math.nan, math.nan, n, note=note)


def observed_sample(values: npt.ArrayLike, name: str) -> FloatArray:
    """Return ``values`` as finite floats, shape (n,).

    Raises
    ------
    InputError
        If they are not one-dimensional or hold a missing or infinite value.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise InputError(f"{name}: expected one dimension, found shape {sample.shape}")
    bad = np.flatnonzero(~np.isfinite(sample))
    if bad.size:
        raise InputError(
            f"{name}: expected finite values, found {sample[bad[0]]} in row {bad[0]} and"
            f" {bad.size - 1} more; drop or impute the missing values first"
        )
    return sample


def observed_samples(
    groups: Sequence[npt.ArrayLike], name: str, *, at_least: int = 2
) -> list[FloatArray]:
    """Return every group as finite floats.

    Raises
    ------
    InputError
        If there are fewer than ``at_least`` groups or a group is not usable.
    """
    if len(groups) < at_least:
        raise InputError(f"{name}: expected at least {at_least} groups, found {len(groups)}")
    return [observed_sample(group, f"{name}, group {i}") for i, group in enumerate(groups)]


def why_no_comparison(samples: Sequence[FloatArray], *, at_least: int = 2) -> str:
    """Return why the groups' location cannot be compared, or an empty string where it can."""
    sizes = [sample.size for sample in samples]
    if min(sizes) < at_least:
        return f"a group has {min(sizes)} observed values; {at_least} are needed"
    pooled = np.concatenate(samples)
    if np.ptp(pooled) == 0.0:
        return "the variable is constant"
    return ""
