"""Whether a model predicts alike in the groups of a study, on cases that it had not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trephine.errors import ModelError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import ChiSquareTest
from trephine.survival.concordance import influence_covariance
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.held_out import OutOfFold


@dataclass(frozen=True)
class SubgroupTests:
    """Tests between the groups; None where a test cannot be made, and ``note`` says why.

    Attributes
    ----------
    slope
        That the calibration slope is the same in all groups: the interaction of prediction and
        group.
    level
        That, at the same prediction, the hazard is the same in all groups.
    note
        Why a test is missing; empty where both were made.
    """

    slope: ChiSquareTest | None
    level: ChiSquareTest | None
    note: str = ""


def subgroup_tests(
    survival: Survival, predicted: OutOfFold, model: str, group: IntArray, cluster: IntArray
) -> SubgroupTests:
    """Test whether slope and level of a model differ between groups.

    Wald tests in Cox models of the out-of-fold linear predictor with the fold as stratum, since
    each fold's model has its own baseline. Coefficients are averaged over repeats; their covariance
    is that by each patient's influence (dfbeta) within a repeat, averaged over repeats.

    Parameters
    ----------
    survival, cluster
        Of the n cases.
    predicted, model
        Out-of-fold predictions, and whose.
    group
        Shape (n,): codes 0 to g - 1, two groups at least, each with events.
    """
    found: list[ChiSquareTest | None] = []
    note = ""
    for build, contrast in ((_slopes, _differences), (_levels, _all_but_first)):
        try:
            found.append(_test(survival, predicted, model, (group, cluster), build, contrast))
        except ModelError as refused:
            found.append(None)
            note = note or str(refused)
    return SubgroupTests(found[0], found[1], note)


def _slopes(score: FloatArray, group: IntArray) -> FloatArray:
    """Return the score within each group, and indicators of all groups but the first."""
    members = np.arange(group.max() + 1) == group[:, None]
    return np.column_stack([members * score[:, None], members[:, 1:]])


def _levels(score: FloatArray, group: IntArray) -> FloatArray:
    """Return the score, and indicators of all groups but the first."""
    return np.column_stack([score, np.arange(1, group.max() + 1) == group[:, None]])


def _differences(groups: int) -> FloatArray:
    """Return the contrasts of each slope with the first."""
    among = np.hstack([-np.ones((groups - 1, 1)), np.eye(groups - 1)])
    return np.hstack([among, np.zeros((groups - 1, groups - 1))])


def _all_but_first(groups: int) -> FloatArray:
    return np.hstack([np.zeros((groups - 1, 1)), np.eye(groups - 1)])


def _test(
    survival: Survival,
    predicted: OutOfFold,
    model: str,
    labels: tuple[IntArray, IntArray],
    build: Callable[[FloatArray, IntArray], FloatArray],
    contrast: Callable[[int], FloatArray],
) -> ChiSquareTest:
    group, cluster = labels
    coefficients, covariances = [], []
    for fold, score in zip(predicted.fold, predicted.linear_predictor[model], strict=True):
        fitted = CoxModel().fit(build(score, group), survival, strata=fold)
        coefficients.append(fitted.result_.coefficients)
        covariances.append(influence_covariance(fitted.dfbeta(), cluster))
    rows = contrast(int(group.max()) + 1)
    gap = rows @ np.mean(coefficients, axis=0)
    spread = rows @ np.mean(covariances, axis=0) @ rows.T
    return ChiSquareTest.of(float(gap @ np.linalg.solve(spread, gap)), len(rows))
