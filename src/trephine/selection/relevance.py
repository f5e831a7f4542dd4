"""Relevance of each feature to the outcome, one at a time: Mann-Whitney and Cox score tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import special

from trephine.choices import Ties
from trephine.errors import InputError, ModelError
from trephine.selection.audit import SelectionStepResult, step_result
from trephine.types import BoolArray, FloatArray, IntArray, Survival

MannWhitneyMethod = Literal["auto", "exact", "asymptotic", "asymptotic-continuity"]
LARGEST_EXACT = 49  # R's wilcox.test is exact where both groups are under 50 and nothing is tied
Adjustment = Literal["none", "benjamini-hochberg"]


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


@dataclass(frozen=True)
class CoxScoreTest:
    """Score test of each feature in a univariable Cox model.

    Attributes
    ----------
    statistic
        Chi-square on one degree of freedom, shape (p,); NaN where a feature does not vary within
        the risk sets.
    direction
        Sign of the score, shape (p,): 1 where higher values go with earlier events.
    p_value
        Shape (p,).
    """

    statistic: FloatArray
    direction: FloatArray
    p_value: FloatArray


def _checked(values: npt.ArrayLike, n: int) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2 or array.shape[0] != n:
        raise InputError(f"values: expected shape ({n}, features), found {array.shape}")
    odd = np.flatnonzero(~np.isfinite(array).all(axis=0))
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
    array = _checked(values, inside.size)
    if method not in get_args(MannWhitneyMethod):
        raise InputError(
            f"method: expected one of {', '.join(get_args(MannWhitneyMethod))}, found {method!r}"
        )
    n_inside = int(inside.sum())
    n_outside = inside.size - n_inside
    if n_inside == 0 or n_outside == 0:
        raise InputError("group: expected cases inside and outside, found one of them empty")
    rows = np.ascontiguousarray(array.T)
    rank_sum, tie_sum = _rank_sums(rows, np.argsort(rows, axis=1), ~inside)
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


def cox_score_test(
    values: npt.ArrayLike, survival: Survival, *, ties: Ties = "efron"
) -> CoxScoreTest:
    """Test each feature in a Cox model of its own, at a coefficient of zero.

    Equal to ``coxph(Surv(time, event) ~ x)$score`` in R: the log-rank test for a numeric variable,
    which unlike a test of event against no event uses the censored follow-up rightly.

    Parameters
    ----------
    values
        Shape (n, p), or (n,) for one feature.
    survival
        Follow-up of the n cases.
    ties
        Efron's or Breslow's handling of tied events.

    Raises
    ------
    InputError
        Values that are missing.
    ModelError
        No events.
    """
    if ties not in get_args(Ties):
        raise InputError(f"ties: expected 'efron' or 'breslow', found {ties!r}")
    array = _checked(values, len(survival))
    if not survival.event.any():
        raise ModelError(
            f"expected events, found none among {len(survival)} cases", kind="no events"
        )
    order = np.argsort(survival.time, kind="stable")
    rows = np.ascontiguousarray(array[order].T)
    rows -= rows.mean(axis=1, keepdims=True)
    score, information = _scores(rows, survival.time[order], survival.event[order], ties == "efron")
    floor = 1e-12 * np.sum(rows**2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(information > floor, score**2 / information, np.nan)
    p: FloatArray = np.asarray(special.chdtrc(1.0, statistic), dtype=np.float64)
    return CoxScoreTest(statistic, np.sign(score), p)


@njit(cache=True)
def _scores(
    rows: FloatArray, time: FloatArray, event: BoolArray, efron: bool
) -> tuple[FloatArray, FloatArray]:
    """Return score and information of each row (cases sorted by time) at zero."""
    p, n = rows.shape
    score = np.zeros(p)
    information = np.zeros(p)
    for j in range(p):
        total, square, at_risk = 0.0, 0.0, 0
        i = n - 1
        while i >= 0:
            now = time[i]
            tied, tied_square, n_tied = 0.0, 0.0, 0
            while i >= 0 and time[i] == now:
                x = rows[j, i]
                total += x
                square += x * x
                at_risk += 1
                if event[i]:
                    tied += x
                    tied_square += x * x
                    n_tied += 1
                i -= 1
            score[j] += tied
            for l in range(n_tied):  # noqa: E741
                gone = l / n_tied if efron else 0.0
                left = at_risk - gone * n_tied
                mean = (total - gone * tied) / left
                score[j] -= mean
                information[j] += (square - gone * tied_square) / left - mean * mean
    return score, information


def benjamini_hochberg(p: npt.ArrayLike) -> FloatArray:
    """Return p values adjusted for the false discovery rate, as R's ``p.adjust(p, "BH")``.

    Benjamini and Hochberg (1995, J R Stat Soc B 57:289). NaN stays NaN and is not counted.
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full_like(values, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    m = known.size
    descending = known[np.argsort(-values[known], kind="stable")]
    stepped = values[descending] * m / np.arange(m, 0, -1)
    adjusted[descending] = np.minimum(1.0, np.minimum.accumulate(stepped))
    return adjusted


def keep_by_mann_whitney(
    values: npt.ArrayLike,
    event: npt.ArrayLike,
    threshold: float = 0.05,
    *,
    method: MannWhitneyMethod = "auto",
    adjust: Adjustment = "none",
) -> SelectionStepResult:
    """Keep the features that differ between cases with and without the event.

    Parameters
    ----------
    values
        Shape (n, p).
    event
        Shape (n,).
    threshold
        Features whose p is below it stay; one that does not vary has none and goes.
    method, adjust
        Of the test, and of its p for the number of features.

    Raises
    ------
    ModelError
        If all cases have the event, or none has it.
    """
    inside = np.asarray(event, dtype=np.bool_)
    if inside.all() or not inside.any():
        raise ModelError(
            "the Mann-Whitney U test of features compares cases with and without the event:"
            f" expected some of each, found {int(inside.sum())} of {inside.size} cases with it",
            kind="no information" if inside.any() else "no events",
        )
    p = mann_whitney(values, inside, method=method).p_value
    return _keep("Mann-Whitney U test", p, threshold, adjust)


def keep_by_cox_score(
    values: npt.ArrayLike,
    survival: Survival,
    threshold: float = 0.05,
    *,
    ties: Ties = "efron",
    adjust: Adjustment = "none",
) -> SelectionStepResult:
    """Keep the features that bear on survival one at a time.

    Parameters
    ----------
    values
        Shape (n, p).
    survival
        Of the n cases.
    threshold, adjust
        As `keep_by_mann_whitney`.
    ties
        Of the Cox score test.

    Raises
    ------
    ModelError
        If no case has the event.
    """
    p = cox_score_test(values, survival, ties=ties).p_value
    return _keep("Cox score test", p, threshold, adjust)


def _keep(step: str, p: FloatArray, threshold: float, adjust: Adjustment) -> SelectionStepResult:
    adjusted = adjust == "benjamini-hochberg"
    compared = benjamini_hochberg(p) if adjusted else p
    return step_result(
        step,
        np.nan_to_num(compared, nan=1.0) < threshold,
        reason="not related to the event",
        threshold=threshold,
        detail=f"{'adjusted p' if adjusted else 'p'} < {threshold:g}",
    )
