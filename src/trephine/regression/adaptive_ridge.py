"""Average of score-adaptive ridge Cox models: for many weak features, a few strong ones, and both.

Ridge is hard to beat where many features carry a little, and drowns where few carry much. Between
the two, the ridge penalty on column j is divided by |U_j|^(2a), U_j being the column's Cox score in
the cases at hand: a = 0 is plain ridge, and the larger the adaptivity a, the more it is the columns
which bear on the outcome that are let through (Zou 2006, J Am Stat Assoc 101:1418, with scores for
pilot estimates). Each adaptivity's penalty is chosen by cross-validated partial likelihood, the
scores being computed anew without each fold, and the models' linear predictors are averaged: which
adaptivity is best, cross-validation cannot tell at 60 events, and the average is never far from it.
``benchmarks/results/learners.md`` has the comparison that made this the sound default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.errors import InputError, ModelError
from trephine.regression.coxnet import CoxNetCV, CoxNetPath
from trephine.regression.coxnet_cv import Edge
from trephine.regression.ridge_solutions import (
    Rows,
    distinct_rows,
    solve_by_cases,
    solve_by_columns,
)
from trephine.survival.kernel_ridge import TOLERANCE, null_gradient
from trephine.survival.path_risk import (
    RiskSets,
    log_likelihoods,
    order_by_time,
    risk_sets,
    saturated_log_likelihood,
)
from trephine.types import BoolArray, FloatArray, IntArray, Survival

ADAPTIVITIES = (0.0, 1.0, 2.0, 4.0)

# Penalties run from ten times the largest curvature, where only the direction of the scores is
# left, to a thousandth of it; a finer grid does not change what the average says.
LARGEST_PENALTY = 10.0
SMALLEST_PENALTY = 1e-3
N_PENALTIES = 17
POWER_STEPS = 30

# A score below this share of its terms' sizes is 0.
ROUNDING = 1e-13


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
        Linear predictor of each case by the average fitted without its fold, shape (n,).
    members
        One an adaptivity, in the order asked for.
    """

    weights: FloatArray
    out_of_fold: FloatArray
    members: tuple[RidgeMember, ...]

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
    everyone = _part(rows, survival, np.ones(len(survival), dtype=np.bool_))
    without = [_part(rows, survival, folds != k) for k in range(int(folds.max()) + 1)]
    members = tuple(
        RidgeMember(adaptivity, _cross_validate(rows, everyone, without, adaptivity))
        for adaptivity in adaptivities
    )
    fitted = [member.cross_validation for member in members]
    return AdaptiveRidge(
        weights=np.mean([cv.coefficients_min for cv in fitted], axis=0),
        out_of_fold=np.mean([cv.out_of_fold[cv.index_min] for cv in fitted], axis=0),
        members=members,
    )


@dataclass(frozen=True)
class _Part:
    """Cases that models are fitted to: all n, or all but a fold.

    ``training`` tells which, shape (n,); ``survival`` is theirs, ``share`` what each row has of
    them, shape (u,), and ``score`` the size of each column's Cox score in them, shape (p,).
    """

    training: BoolArray
    survival: Survival
    share: FloatArray
    score: FloatArray


def _part(rows: Rows, survival: Survival, training: BoolArray) -> _Part:
    own = survival.take(training)
    # The residuals of the cases sum to 0: centring the columns would change nothing but rounding.
    residual = null_gradient(own)
    score = np.abs(rows.gather(residual, training) @ rows.values)
    size = rows.gather(np.abs(residual), training) @ np.abs(rows.values)
    score[score <= ROUNDING * size] = 0.0
    if not score.any():
        raise ModelError(
            "expected a column that bears on the outcome, found none",
            model="ridge",
            kind="no information",
        )
    share = rows.gather(np.full(len(own), 1 / len(own)), training)
    return _Part(training, own, share, score)


def _cross_validate(
    rows: Rows, everyone: _Part, without: list[_Part], adaptivity: float
) -> CoxNetCV:
    """Cross-validate one member's penalties by the grouped deviance, as ``cross_validate``."""
    survival = everyone.survival
    whole = _problem(rows, everyone, adaptivity)
    penalties = _penalties(whole, survival)
    raw, weights, out_of_fold = [], [], np.empty((N_PENALTIES, len(survival)))
    for part in without:
        # Without factors a fold's inner products are the whole's, centred anew.
        products = whole.products if adaptivity == 0 else None
        eta, gained = _without(_problem(rows, part, adaptivity, products), survival, penalties)
        out_of_fold[:, ~part.training] = eta[:, ~part.training]
        weights.append(survival.event[~part.training].sum())
        raw.append(gained / weights[-1])
    share = np.array(weights) / np.sum(weights)
    cvm = share @ np.array(raw)
    cvsd = np.sqrt(share @ (np.array(raw) - cvm) ** 2 / (len(raw) - 1))
    best = int(np.argmin(cvm))
    within = int(np.flatnonzero(cvm <= cvm[best] + cvsd[best])[0])
    edges: dict[int, Edge] = {0: "largest", N_PENALTIES - 1: "smallest"}
    return CoxNetCV(
        path=_path(whole, penalties),
        cvm=cvm,
        cvsd=cvsd,
        cv_raw=np.array(raw),
        lambda_min=float(penalties[best]),
        lambda_1se=float(penalties[within]),
        index_min=best,
        index_1se=within,
        measure="deviance",
        at_edge=edges.get(best, "none"),
        out_of_fold=out_of_fold,
    )


@dataclass(frozen=True)
class _Problem:
    """Ridge on the columns times their factors, for the cases of one part.

    Either ``centred`` is set, the rows' scaled columns (u, p), or ``gram``, their inner products
    (u, u); both are centred on the part's cases. ``products`` are the inner products before that.
    """

    rows: Rows
    part: _Part
    factor: FloatArray
    centred: FloatArray | None = None
    gram: FloatArray | None = None
    products: FloatArray | None = None

    def solve(self, penalties: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return linear predictors of the rows (m, u), weights, and log likelihoods (m,).

        The weights are those of columns or of rows; see ``coefficients``.
        """
        given = (self.rows, self.part.training, self.part.survival, penalties)
        if self.centred is not None:
            return solve_by_columns(self.centred, *given)
        assert self.gram is not None
        return solve_by_cases(self.gram, *given)

    def coefficients(self, weights: FloatArray) -> FloatArray:
        """Return the coefficients of the columns as given, (m, p), for the weights of ``solve``."""
        if self.centred is not None:
            return weights * self.factor
        mean = self.part.share @ self.rows.values
        by_column = weights @ self.rows.values - np.outer(weights.sum(axis=1), mean)
        scaled: FloatArray = by_column * self.factor**2
        return scaled

    def times(self, weights: FloatArray) -> FloatArray:
        """Return the inner products of all cases times weights of the cases, (n,)."""
        gathered = self.rows.gather(weights)
        if self.centred is not None:
            product = self.centred @ (gathered @ self.centred)
        else:
            assert self.gram is not None
            product = self.gram @ gathered
        of_cases: FloatArray = product[self.rows.of_case]
        return of_cases

    def sizes(self) -> FloatArray:
        """Return each case's inner product with itself, (n,)."""
        if self.centred is not None:
            squares: FloatArray = np.einsum("ij,ij->i", self.centred, self.centred)
            return squares[self.rows.of_case]
        assert self.gram is not None
        diagonal: FloatArray = np.diagonal(self.gram)[self.rows.of_case]
        return diagonal


def _problem(
    rows: Rows, part: _Part, adaptivity: float, products: FloatArray | None = None
) -> _Problem:
    factor = _factor(part, adaptivity)
    if rows.few_columns:
        scaled = rows.values * factor
        return _Problem(rows, part, factor, centred=scaled - part.share @ scaled)
    if products is None:
        products = _products(rows, factor)
    return _Problem(rows, part, factor, gram=_centred(products, part), products=products)


def _factor(part: _Part, adaptivity: float) -> FloatArray:
    """Return |score| to the power of the adaptivity, over the factors' root mean square."""
    if adaptivity == 0:
        return np.ones(part.score.size)
    factor: FloatArray = (part.score / part.score.max()) ** adaptivity
    factor /= np.sqrt(np.mean(factor**2))
    return factor


def _products(rows: Rows, factor: FloatArray) -> FloatArray:
    """Return the rows' inner products by columns times their factors, (u, u)."""
    scaled = rows.values * factor
    # All by all is the fast product: BLAS computes half of a symmetric one.
    products: FloatArray = scaled @ scaled.T
    return products


def _centred(products: FloatArray, part: _Part) -> FloatArray:
    """Return the inner products of the same columns centred on a part's cases, (u, u)."""
    mean = products @ part.share
    centred: FloatArray = products - mean - mean[:, np.newaxis] + part.share @ mean
    return centred


def _without(
    problem: _Problem, survival: Survival, penalties: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return all cases' linear predictors by models of a part, (m, n), and what the fold adds.

    What it adds to the deviance, shape (m,): that of all cases less that of the part's.
    """
    of_rows, _, fitted = problem.solve(penalties)
    eta = of_rows[:, problem.rows.of_case]
    risk, order = _risk(survival)
    likelihood = log_likelihoods(np.ascontiguousarray(eta[:, order]), risk)
    everyone = saturated_log_likelihood(risk) - likelihood
    own = saturated_log_likelihood(_risk(problem.part.survival)[0]) - fitted
    return eta, 2.0 * (everyone - own)


def _risk(survival: Survival) -> tuple[RiskSets, IntArray]:
    """Return the risk sets and the order of the cases in them."""
    order = order_by_time(survival.time)
    return risk_sets(survival.time[order], survival.event[order]), order


def _penalties(problem: _Problem, survival: Survival) -> FloatArray:
    """Return a grid that spans the curvature: its largest eigenvalue is bounded by K's."""
    start = np.zeros(len(survival))
    start[np.argmax(problem.sizes())] = 1.0
    vector = problem.times(start)
    for _ in range(POWER_STEPS):
        vector = problem.times(vector / np.linalg.norm(vector))
    curvature = float(np.linalg.norm(vector)) * survival.event.mean() / len(survival)
    grid: FloatArray = curvature * np.geomspace(LARGEST_PENALTY, SMALLEST_PENALTY, N_PENALTIES)
    return grid


def _path(problem: _Problem, penalties: FloatArray) -> CoxNetPath:
    """Fit all cases and describe the path as any other."""
    survival = problem.part.survival
    _, weights, fitted = problem.solve(penalties)
    coefficients = problem.coefficients(weights)
    risk, _ = _risk(survival)
    saturated = saturated_log_likelihood(risk)
    null = float(log_likelihoods(np.zeros((1, len(survival))), risk)[0])
    mean = problem.part.share @ problem.rows.values
    return CoxNetPath(
        penalties=penalties,
        coefficients=coefficients,
        n_nonzero=np.count_nonzero(coefficients, axis=1),
        deviance_ratio=(fitted - null) / (saturated - null),
        null_deviance=2.0 * (saturated - null),
        kkt_residual=np.full(penalties.size, TOLERANCE),
        penalty_max=float(penalties[0]),
        mixture=0.0,
        centre=mean,
        scale=np.ones(mean.size),
        names=tuple(f"column {j}" for j in range(mean.size)),
        end="complete",
    )
