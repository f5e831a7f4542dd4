"""Average of score-adaptive ridge Cox models: for many weak features, a few strong ones, and both.

Ridge is hard to beat where many features carry a little, and drowns where few carry much. Between
the two, the ridge penalty on column j is divided by |U_j|^(2a), U_j being the column's Cox score in
the cases at hand: a = 0 is plain ridge, and the larger the adaptivity a, the more it is the columns
which bear on the outcome that are let through (Zou 2006, J Am Stat Assoc 101:1418, with scores for
pilot estimates). Each adaptivity's penalty is chosen by cross-validated partial likelihood, the
scores being computed anew without each fold, and the models' linear predictors are averaged, each
counting in proportion to its cross-validated partial likelihood (Geisser and Eddy 1979, J Am Stat
Assoc 74:153). At 60 events that hardly parts them, and the average is never far from the best; at
500 it chooses.
``docs/learner.md`` has the formula, and the comparison that made this the sound default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.errors import InputError
from trephine.regression.coxnet_cv import CoxNetCV, Edge
from trephine.regression.coxnet_result import CoxNetPath
from trephine.regression.ridge_problem import (
    RidgeProblem,
    judged,
    part_of,
    problem_of,
)
from trephine.regression.ridge_solutions import (
    Rows,
    TrainingCases,
    distinct_rows,
)
from trephine.survival.kernel_ridge import TOLERANCE
from trephine.survival.path_risk import (
    log_likelihoods,
    saturated_log_likelihood,
)
from trephine.types import FloatArray, IntArray, Survival

# Chosen with each of some twenty public sets left out in turn (docs/learner.md). At 2 and more a
# few columns decide, which of a hundred columns loses up to 0.06 of C against plain ridge.
ADAPTIVITIES = (0.0, 0.5, 1.0)

# Penalties run from ten times the largest curvature, where only the direction of the scores is
# left, to a thousandth of it; a finer grid does not change what the average says.
LARGEST_PENALTY = 10.0
SMALLEST_PENALTY = 1e-3
N_PENALTIES = 17
# Small penalties cost most and say least. Where the cross-validated deviance per event has risen so
# far above that at the largest penalty, which is next to no model, it rises on: none is tried that
# is smaller. By columns, all are solved together.
FIRST_PENALTIES = 11
RUINED = 0.5
POWER_STEPS = 30


@dataclass(frozen=True)
class RidgeMember:
    """One adaptivity's ridge model.

    Attributes
    ----------
    adaptivity
        0 for plain ridge.
    cross_validation
        Of its penalties; coefficients are per unit of the columns as given, and ``mixture`` is 0.
    """

    adaptivity: float
    cross_validation: CoxNetCV

    @property
    def deviance(self) -> float:
        """Cross-validated deviance per event at the chosen penalty."""
        return float(self.cross_validation.cvm[self.cross_validation.index_min])


@dataclass(frozen=True)
class AdaptiveRidge:
    """The average of some score-adaptive ridge models.

    Attributes
    ----------
    weights
        Log hazard ratio per unit of each column, shape (p,).
    out_of_fold
        Linear predictor of each case by the members fitted without its fold, shape (n,).
    members
        One an adaptivity, in the order asked for.
    shares
        What each member counts for, in their order; they sum to 1.
    """

    weights: FloatArray
    out_of_fold: FloatArray
    members: tuple[RidgeMember, ...]
    shares: FloatArray

    @property
    def leading(self) -> RidgeMember:
        """The member of least cross-validated deviance."""
        return min(self.members, key=lambda member: member.deviance)


def fit_adaptive_ridge(
    columns: FloatArray,
    survival: Survival,
    folds: IntArray,
    adaptivities: tuple[float, ...] = ADAPTIVITIES,
) -> AdaptiveRidge:
    """Fit the average.

    Parameters
    ----------
    columns
        Shape (n, p), best standardised: the penalty treats all alike.
    survival
        Of the n cases.
    folds
        Shape (n,), 0 to K - 1.
    adaptivities
        One a member.

    Raises
    ------
    InputError
        No adaptivity, or folds without a case.
    ModelError
        No column bears on the outcome: all scores are 0.
    """
    if not adaptivities:
        raise InputError("adaptivities: expected one at least, found none")
    for k in range(int(folds.max()) + 1):
        if not survival.event[folds == k].any():
            raise InputError(f"folds: expected an event in every fold, found none in fold {k}")
    rows = distinct_rows(columns)
    everyone = part_of(rows, survival, np.ones(len(survival), dtype=np.bool_))
    without = [part_of(rows, survival, folds != k) for k in range(int(folds.max()) + 1)]
    members = tuple(
        RidgeMember(adaptivity, _cross_validate(rows, everyone, without, adaptivity))
        for adaptivity in adaptivities
    )
    fitted = [member.cross_validation for member in members]
    shares = _shares(members, int(survival.event.sum()))
    return AdaptiveRidge(
        weights=shares @ np.array([cv.coefficients_min for cv in fitted]),
        out_of_fold=shares @ np.array([cv.out_of_fold[cv.index_min] for cv in fitted]),
        members=members,
        shares=shares,
    )


def _shares(members: tuple[RidgeMember, ...], n_events: int) -> FloatArray:
    """Return shares in proportion to the cross-validated partial likelihoods."""
    deviance = n_events * np.array([member.deviance for member in members])
    likelihood = np.exp((deviance.min() - deviance) / 2)
    shares: FloatArray = likelihood / likelihood.sum()
    return shares


def _cross_validate(
    rows: Rows, everyone: TrainingCases, without: list[TrainingCases], adaptivity: float
) -> CoxNetCV:
    """Cross-validate one member's penalties by the grouped deviance, as ``cross_validate``."""
    whole = problem_of(rows, everyone, adaptivity)
    penalties = _penalties(whole, everyone.survival)
    # Without factors a fold's inner products are the whole's, centred anew.
    products = whole.products if adaptivity == 0 else None
    folds = _Folds(rows, everyone, without, adaptivity, products)
    events = np.array([everyone.survival.event[~part.training].sum() for part in without])
    share = events / events.sum()
    first = N_PENALTIES if rows.few_columns else FIRST_PENALTIES
    gained, out_of_fold = folds.go_on(penalties[:first])
    course = share @ (gained / events[:, np.newaxis])
    if first < N_PENALTIES and not course[-1] > course[0] + RUINED:
        further, eta = folds.go_on(penalties[first:])
        gained, out_of_fold = np.hstack((gained, further)), np.vstack((out_of_fold, eta))
    raw = gained / events[:, np.newaxis]
    penalties = penalties[: raw.shape[1]]
    cvm = share @ raw
    cvsd = np.sqrt(share @ (raw - cvm) ** 2 / (len(raw) - 1))
    best = int(np.argmin(cvm))
    within = int(np.flatnonzero(cvm <= cvm[best] + cvsd[best])[0])
    edges: dict[int, Edge] = {0: "largest", N_PENALTIES - 1: "smallest"}
    return CoxNetCV(
        path=_path(whole, penalties),
        cvm=cvm,
        cvsd=cvsd,
        cv_raw=raw,
        lambda_min=float(penalties[best]),
        lambda_1se=float(penalties[within]),
        index_min=best,
        index_1se=within,
        measure="deviance",
        at_edge=edges.get(best, "none"),
        out_of_fold=out_of_fold,
    )


class _Folds:
    """The models of one adaptivity without each fold, down a path that may be gone on with."""

    def __init__(
        self,
        rows: Rows,
        everyone: TrainingCases,
        without: list[TrainingCases],
        adaptivity: float,
        products: FloatArray | None,
    ) -> None:
        self._everyone, self._without = everyone, without
        self._given = (rows, adaptivity, products)
        self._ends: list[FloatArray | None] = [None] * len(without)

    def go_on(self, penalties: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what each fold adds to the deviance (K, m), and predictors out of fold (m, n)."""
        rows, adaptivity, products = self._given
        gained = np.empty((len(self._without), penalties.size))
        out_of_fold = np.empty((penalties.size, rows.of_case.size))
        for k, part in enumerate(self._without):
            # Made anew when gone on with: the products of all folds might not fit the memory.
            problem = problem_of(rows, part, adaptivity, products)
            solved = problem.solve(penalties, self._ends[k])
            self._ends[k] = solved.end
            eta, gained[k] = judged(solved, problem, self._everyone)
            out_of_fold[:, ~part.training] = eta[:, ~part.training]
        return gained, out_of_fold


def _penalties(problem: RidgeProblem, survival: Survival) -> FloatArray:
    """Return a grid that spans the curvature: its largest eigenvalue is bounded by K's."""
    # Of vectors over the cases, in which the cases of one row are equal.
    cases = np.bincount(problem.rows.of_case)
    start = np.zeros(cases.size)
    start[np.argmax(problem.sizes())] = 1.0
    vector = problem.times(start)
    for _ in range(POWER_STEPS):
        vector = problem.times(cases * vector / np.sqrt(cases @ vector**2))
    curvature = float(np.sqrt(cases @ vector**2)) * survival.event.mean() / len(survival)
    grid: FloatArray = curvature * np.geomspace(LARGEST_PENALTY, SMALLEST_PENALTY, N_PENALTIES)
    return grid


def _path(problem: RidgeProblem, penalties: FloatArray) -> CoxNetPath:
    """Fit all cases and describe the path as any other."""
    risk = problem.part.risk
    solved = problem.solve(penalties)
    coefficients = problem.coefficients(solved.weights)
    saturated = saturated_log_likelihood(risk)
    null = float(log_likelihoods(np.zeros((1, risk.event.size)), risk)[0])
    mean = problem.part.share @ problem.rows.values
    return CoxNetPath(
        penalties=penalties,
        coefficients=coefficients,
        n_nonzero=np.count_nonzero(coefficients, axis=1),
        deviance_ratio=(solved.log_likelihood - null) / (saturated - null),
        null_deviance=2.0 * (saturated - null),
        kkt_residual=np.full(penalties.size, TOLERANCE),
        penalty_max=float(penalties[0]),
        mixture=0.0,
        centre=mean,
        scale=np.ones(mean.size),
        names=tuple(f"column {j}" for j in range(mean.size)),
        end="complete",
    )
