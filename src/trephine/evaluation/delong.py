"""Plain (binary) area under the ROC curve with DeLong's variance and paired test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from trephine.errors import InputError
from trephine.group_tests.hypothesis_test import HypothesisTest, observed_sample, unanswered
from trephine.types import BoolArray, Estimate, FloatArray


@dataclass(frozen=True)
class BinaryAuc:
    """Area under the ROC curve of a binary outcome.

    Attributes
    ----------
    estimate
        The area with DeLong's normal interval, cut to [0, 1]; NaN where a class is empty.
    n_cases, n_controls
        Cases with and without the outcome.
    case_placements, control_placements
        Shapes (n_cases,) and (n_controls,): share of the other class that each case outranks (is
        outranked by), ties 1/2. Their covariances are DeLong's.
    """

    estimate: Estimate
    n_cases: int
    n_controls: int
    case_placements: FloatArray
    control_placements: FloatArray


def binary_auc(
    outcome: npt.ArrayLike, risk_score: npt.ArrayLike, *, level: float = 0.95
) -> BinaryAuc:
    """Return the area under the ROC curve (R: ``pROC::roc``, ``direction = "<"``).

    Parameters
    ----------
    outcome
        Shape (n,), True for cases.
    risk_score
        Shape (n,); higher is worse.
    level
        Coverage.

    Raises
    ------
    InputError
        If the arrays differ in length, or a score is missing.
    """
    cases, controls = _split(outcome, risk_score)
    above = _placements(cases, controls)
    below = 1.0 - _placements(controls, cases)
    if not cases.size or not controls.size:
        return BinaryAuc(Estimate(np.nan, level=level), cases.size, controls.size, above, below)
    area = float(above.mean())
    error = float(np.sqrt(_variance(above) + _variance(below)))
    half = -float(ndtri((1.0 - level) / 2.0)) * error
    estimate = Estimate(area, max(0.0, area - half), min(1.0, area + half), level, error)
    return BinaryAuc(estimate, cases.size, controls.size, above, below)


def delong_test(
    outcome: npt.ArrayLike,
    first_risk_score: npt.ArrayLike,
    second_risk_score: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> HypothesisTest:
    """Compare the areas of two scores on the same cases (R: ``pROC::roc.test``, paired).

    Returns
    -------
    HypothesisTest
        ``effect`` is the difference, first minus second.

    Raises
    ------
    InputError
        If the arrays differ in length, or a score is missing.
    """
    first = binary_auc(outcome, first_risk_score, level=level)
    second = binary_auc(outcome, second_risk_score, level=level)
    n = first.n_cases + first.n_controls
    variance = _variance(first.case_placements - second.case_placements) + _variance(
        first.control_placements - second.control_placements
    )
    difference = first.estimate.value - second.estimate.value
    if not np.isfinite(difference):
        return unanswered("DeLong", n, "there are no cases or no controls")
    if not variance > 0.0:
        return unanswered("DeLong", n, "the two scores rank every pair alike")
    error = float(np.sqrt(variance))
    half = -float(ndtri((1.0 - level) / 2.0)) * error
    z = difference / error
    return HypothesisTest(
        "DeLong",
        z,
        2.0 * float(ndtr(-abs(z))),
        n,
        effect=Estimate(difference, difference - half, difference + half, level, error),
    )


def _split(outcome: npt.ArrayLike, risk_score: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    score = observed_sample(risk_score, "risk score")
    case: BoolArray = np.asarray(outcome).astype(np.bool_)
    if case.shape != score.shape:
        raise InputError(
            f"AUC: expected outcome and risk score of one length, found {case.shape} and"
            f" {score.shape}"
        )
    return score[case], score[~case]


def _placements(of: FloatArray, among: FloatArray) -> FloatArray:
    """Return for each value the share of ``among`` below it, ties counted 1/2."""
    ordered = np.sort(among)
    below = np.searchsorted(ordered, of, side="left")
    not_above = np.searchsorted(ordered, of, side="right")
    placements: FloatArray = (below + not_above) / (2.0 * max(among.size, 1))
    return placements


def _variance(placements: FloatArray) -> float:
    if placements.size < 2:
        return 0.0
    return float(placements.var(ddof=1)) / placements.size
