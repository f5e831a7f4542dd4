"""One ridge problem of an average: the cases that train it, and their products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.errors import ModelError
from trephine.regression.ridge_solutions import (
    RidgeSolutions,
    Rows,
    TrainingCases,
    solve_by_cases,
    solve_by_columns,
)
from trephine.survival.kernel_ridge import residual_of_null
from trephine.survival.path_risk import (
    log_likelihoods,
    risk_in_order,
    saturated_log_likelihood,
)
from trephine.types import BoolArray, FloatArray, Survival

# A score below this share of its terms' sizes is 0.
ROUNDING = 1e-13


def part_of(rows: Rows, survival: Survival, training: BoolArray) -> TrainingCases:
    """Return what some cases say, as far as no factor of the columns bears on it."""
    own = survival.take(training)
    # The residuals of the cases sum to 0: centring the columns would change nothing but rounding.
    risk, order = risk_in_order(own)
    residual = residual_of_null(risk, order)
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
    held, row = np.unique(rows.of_case[training], return_inverse=True)
    return TrainingCases(training, own, risk, order, held, row, share, score)


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

    def solve(self, penalties: FloatArray, start: FloatArray | None = None) -> RidgeSolutions:
        """Return the solutions; a path by cases may go on from the ``end`` of another."""
        if self.centred is not None:
            return solve_by_columns(self.centred, self.rows, self.part, penalties)
        assert self.gram is not None
        return solve_by_cases(self.gram, self.rows, self.part, penalties, start)

    def coefficients(self, weights: FloatArray) -> FloatArray:
        """Return the coefficients of the columns as given, (m, p), for the weights of ``solve``."""
        if self.centred is not None:
            return weights * self.factor
        mean = self.part.share @ self.rows.values
        by_column = weights @ self.rows.values - np.outer(weights.sum(axis=1), mean)
        scaled: FloatArray = by_column * self.factor**2
        return scaled

    def times(self, weights: FloatArray) -> FloatArray:
        """Return the inner products of the rows times weights of the rows, (u,)."""
        if self.centred is not None:
            product: FloatArray = self.centred @ (weights @ self.centred)
            return product
        assert self.gram is not None
        of_rows: FloatArray = self.gram @ weights
        return of_rows

    def sizes(self) -> FloatArray:
        """Return each row's inner product with itself, (u,)."""
        if self.centred is not None:
            squares: FloatArray = np.einsum("ij,ij->i", self.centred, self.centred)
            return squares
        assert self.gram is not None
        diagonal: FloatArray = np.diagonal(self.gram)
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


def judged(
    solved: RidgeSolutions, problem: RidgeProblem, everyone: TrainingCases
) -> tuple[FloatArray, FloatArray]:
    """Return all cases' linear predictors by models of a part, (m, n), and what the fold adds.

    What it adds to the deviance, shape (m,): that of all cases less that of the part's.
    """
    eta = solved.linear_predictor[:, problem.rows.of_case]
    in_order = np.ascontiguousarray(eta[:, everyone.order])
    whole = saturated_log_likelihood(everyone.risk) - log_likelihoods(in_order, everyone.risk)
    own = saturated_log_likelihood(problem.part.risk) - solved.log_likelihood
    return eta, 2.0 * (whole - own)
