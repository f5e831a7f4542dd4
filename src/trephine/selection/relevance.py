"""Relevance of each feature to the outcome, one at a time: Mann-Whitney and Cox score tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import special

from trephine.choices import Ties
from trephine.columns import blocks
from trephine.errors import InputError, ModelError
from trephine.selection.audit import SelectionStepResult, step_result
from trephine.selection.mann_whitney import MannWhitneyMethod, checked_values, mann_whitney
from trephine.survival.late_entry import rows_by_time
from trephine.survival.late_outcome import entry_of
from trephine.types import BoolArray, FloatArray, Survival

Adjustment = Literal["none", "benjamini-hochberg"]


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
    array = checked_values(values, len(survival))
    if not survival.event.any():
        raise ModelError(
            f"expected events, found none among {len(survival)} cases", kind="no events"
        )
    score, information, floor = np.empty((3, array.shape[1]))
    sets = rows_by_time(survival.time, survival.event, entry_of(survival))
    for part in blocks(*array.shape):
        rows = np.ascontiguousarray(array[:, part][sets.case].T)
        rows -= rows.mean(axis=1, keepdims=True)
        score[part], information[part] = _scores(
            rows, sets.time, sets.event, sets.sign, ties == "efron"
        )
        floor[part] = 1e-12 * np.sum(rows**2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(information > floor, score**2 / information, np.nan)
    p: FloatArray = np.asarray(special.chdtrc(1.0, statistic), dtype=np.float64)
    return CoxScoreTest(statistic, np.sign(score), p)


@njit(cache=True)
def _scores(
    rows: FloatArray, time: FloatArray, event: BoolArray, sign: FloatArray, efron: bool
) -> tuple[FloatArray, FloatArray]:
    """Return score and information of each row (cases sorted by time) at zero.

    Of a case that entered late there is a second one, at its entry, which takes it out: sign -1.
    """
    p, n = rows.shape
    score = np.zeros(p)
    information = np.zeros(p)
    for j in range(p):
        total, square, at_risk = 0.0, 0.0, 0.0
        i = n - 1
        while i >= 0:
            now = time[i]
            tied, tied_square, n_tied = 0.0, 0.0, 0
            while i >= 0 and time[i] == now:
                x = rows[j, i]
                total += sign[i] * x
                square += sign[i] * x * x
                at_risk += sign[i]
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
