"""The Mann-Whitney test of every feature at once, as R's wilcox.test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import special

from trephine.columns import all_finite, blocks
from trephine.errors import InputError
from trephine.types import BoolArray, FloatArray, IntArray

MannWhitneyMethod = Literal["auto", "exact", "asymptotic", "asymptotic-continuity"]
LARGEST_EXACT = 49  # R's wilcox.test is exact where both groups are under 50 and nothing is tied


@dataclass(frozen=True)
class MannWhitney:
    """Mann-Whitney test of each feature.

    Attributes
    ----------
    statistic
        Shape (p,): pairs in which the value outside the group is larger, ties counted half; W of
        R's ``wilcox.test(values[!group], values[group])``.
    p_value
        Two-sided, shape (p,); NaN where all values are equal.
    exact
        Shape (p,), True where the exact distribution was used.
    n_outside, n_inside
        Size of the two groups.
    """

    statistic: FloatArray
    p_value: FloatArray
    exact: BoolArray
    n_outside: int
    n_inside: int


def checked_values(values: npt.ArrayLike, n: int) -> FloatArray:
    """Return finite values as shape (n, p)."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2 or array.shape[0] != n:
        raise InputError(f"values: expected shape ({n}, features), found {array.shape}")
    odd = np.flatnonzero(~all_finite(array))
    if odd.size:
        raise InputError(
            f"values: expected finite ones, found missing or infinite ones in column {odd[0]} and"
            f" {odd.size - 1} more columns; run the completeness step before"
        )
    return array


def mann_whitney(
    values: npt.ArrayLike, group: npt.ArrayLike, *, method: MannWhitneyMethod = "auto"
) -> MannWhitney:
    """Compare each feature between the cases inside and outside a group.

    Parameters
    ----------
    values
        Shape (n, p), or (n,) for one feature.
    group
        Shape (n,), boolean.
    method
        "exact" distribution of W (no ties allowed); "asymptotic" normal with the variance
        corrected for ties; "asymptotic-continuity" with a continuity correction of 1/2 too, R's
        ``wilcox.test(exact = FALSE)``; "auto" as R's default: exact where both groups are under 50
        and the feature has no ties, else asymptotic with the correction.

    Raises
    ------
    InputError
        Values that are missing, an empty group, ties where "exact" was asked for.
    """
    inside = np.asarray(group)
    if inside.dtype != np.bool_ or inside.ndim != 1:
        raise InputError("group: expected one boolean a case")
    array = checked_values(values, inside.size)
    if method not in get_args(MannWhitneyMethod):
        raise InputError(
            f"method: expected one of {', '.join(get_args(MannWhitneyMethod))}, found {method!r}"
        )
    n_inside = int(inside.sum())
    n_outside = inside.size - n_inside
    if n_inside == 0 or n_outside == 0:
        raise InputError("group: expected cases inside and outside, found one of them empty")
    rank_sum, tie_sum = np.empty((2, array.shape[1]))
    for part in blocks(*array.shape):
        rows = np.ascontiguousarray(array[:, part].T)
        rank_sum[part], tie_sum[part] = _rank_sums(rows, np.argsort(rows, axis=1), ~inside)
    statistic = rank_sum - n_outside * (n_outside + 1) / 2.0
    untied = tie_sum == 0.0
    exact = np.zeros(statistic.size, dtype=np.bool_)
    if method == "exact":
        if not untied.all():
            raise InputError(
                f"method: the exact test takes no ties, found some in column"
                f" {np.flatnonzero(~untied)[0]} and {int((~untied).sum()) - 1} more columns"
            )
        exact[:] = True
    elif method == "auto" and max(n_inside, n_outside) <= LARGEST_EXACT:
        exact = untied
    p = _asymptotic_p(
        statistic, tie_sum, n_outside, n_inside, correction=0.0 if method == "asymptotic" else 0.5
    )
    if exact.any():
        p[exact] = _exact_p(statistic[exact], n_outside, n_inside)
    return MannWhitney(statistic, p, exact, n_outside, n_inside)


@njit(cache=True)
def _rank_sums(
    rows: FloatArray, order: IntArray, chosen: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return each row's sum of the chosen cases' mid-ranks, and of t^3 - t over its ties."""
    p, n = rows.shape
    rank_sum = np.zeros(p)
    tie_sum = np.zeros(p)
    for j in range(p):
        begin = 0
        while begin < n:
            end = begin
            n_chosen = 0
            value = rows[j, order[j, begin]]
            while end < n and rows[j, order[j, end]] == value:
                n_chosen += chosen[order[j, end]]
                end += 1
            rank_sum[j] += n_chosen * (begin + 1 + end) / 2.0
            length = float(end - begin)
            tie_sum[j] += length**3 - length
            begin = end
    return rank_sum, tie_sum


def _asymptotic_p(
    statistic: FloatArray, tie_sum: FloatArray, n_outside: int, n_inside: int, correction: float
) -> FloatArray:
    total = n_outside + n_inside
    pairs = float(n_outside) * n_inside
    variance = pairs / 12.0 * (total + 1.0 - tie_sum / (total * (total - 1.0)))
    distance = statistic - pairs / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (distance - np.sign(distance) * correction) / np.sqrt(variance)
    p: FloatArray = 2.0 * np.minimum(special.ndtr(z), special.ndtr(-z))
    return p


@lru_cache(maxsize=64)
def _counts(m: int, n: int) -> FloatArray:
    """Return in how many of the choose(m + n, m) arrangements W takes each value 0 to m n.

    The Gaussian binomial coefficient: prod (1 - q^(n + i)) / (1 - q^i) for i = 1 to m.
    """
    size = m * n + 1
    counts = np.zeros(size)
    counts[0] = 1.0
    for i in range(1, m + 1):
        if n + i < size:
            counts[n + i :] -= counts[: size - n - i].copy()
        for start in range(i):
            counts[start::i] = np.cumsum(counts[start::i])
    return counts


def _exact_p(statistic: FloatArray, m: int, n: int) -> FloatArray:
    counts = _counts(min(m, n), max(m, n))
    below = np.cumsum(counts) / counts.sum()
    w = np.rint(statistic).astype(np.int64)
    upper = w > m * n / 2.0
    tail = np.where(upper, m * n - w, w)  # the distribution is symmetric
    p: FloatArray = np.minimum(2.0 * below[tail], 1.0)
    return p
