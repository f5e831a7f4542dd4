"""One ridge problem of an average: the cases that train it, and their products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.errors import ModelError
from trephine.regression.ridge_solutions import (
    Rows,
    solve_by_cases,
    solve_by_columns,
)
from trephine.survival.kernel_ridge import null_gradient
from trephine.survival.path_risk import (
    RiskSets,
    log_likelihoods,
    order_by_time,
    risk_sets,
    saturated_log_likelihood,
)
from trephine.types import BoolArray, FloatArray, IntArray, Survival

# A score below this share of its terms' sizes is 0.
ROUNDING = 1e-13


@dataclass(frozen=True)
class TrainingCases:
    """Cases that models are fitted to: all n, or all but a fold.

    ``training`` says which, shape (n,); ``survival`` is theirs, ``share`` what each row has of
    them, shape (u,), and ``score`` the size of each column's Cox score in them, shape (p,).
    """

    training: BoolArray
    survival: Survival
    share: FloatArray
    score: FloatArray


def part_of(rows: Rows, survival: Survival, training: BoolArray) -> TrainingCases:
    """Return what some cases say, as far as no factor of the columns bears on it."""
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
    return TrainingCases(training, own, share, score)


@dataclass(frozen=True)
class RidgeProblem:
    """Ridge on the columns times their factors, for the cases of one part.

    Either ``centred`` is set, the rows' scaled columns (u, p), or ``gram``, their inner products
    (u, u); both are centred on the part's cases. ``products`` are the inner products before that.
    """

    rows: Rows
    part: TrainingCases
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


def problem_of(
    rows: Rows, part: TrainingCases, adaptivity: float, products: FloatArray | None = None
) -> RidgeProblem:
    """Return the problem of one adaptivity; ``products`` are known where there are no factors."""
    factor = _factor(part, adaptivity)
    if rows.few_columns:
        scaled = rows.values * factor
        return RidgeProblem(rows, part, factor, centred=scaled - part.share @ scaled)
    if products is None:
        products = _products(rows, factor)
    return RidgeProblem(rows, part, factor, gram=_centred(products, part), products=products)


def _factor(part: TrainingCases, adaptivity: float) -> FloatArray:
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


def _centred(products: FloatArray, part: TrainingCases) -> FloatArray:
    """Return the inner products of the same columns centred on a part's cases, (u, u)."""
    mean = products @ part.share
    centred: FloatArray = products - mean - mean[:, np.newaxis] + part.share @ mean
    return centred


def fitted_without(
    problem: RidgeProblem, survival: Survival, penalties: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return all cases' linear predictors by models of a part, (m, n), and what the fold adds.

    What it adds to the deviance, shape (m,): that of all cases less that of the part's.
    """
    of_rows, _, fitted = problem.solve(penalties)
    eta = of_rows[:, problem.rows.of_case]
    risk, order = risk_in_order(survival)
    likelihood = log_likelihoods(np.ascontiguousarray(eta[:, order]), risk)
    everyone = saturated_log_likelihood(risk) - likelihood
    own = saturated_log_likelihood(risk_in_order(problem.part.survival)[0]) - fitted
    return eta, 2.0 * (everyone - own)


def risk_in_order(survival: Survival) -> tuple[RiskSets, IntArray]:
    """Return the risk sets and the order of the cases in them."""
    order = order_by_time(survival.time)
    return risk_sets(survival.time[order], survival.event[order]), order
