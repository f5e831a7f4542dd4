"""One member's ridge path, by the cases' inner products or by columns, whichever is shorter.

Both solve the same problem; with few columns the path by columns is faster and more exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trephine.errors import ModelError
from trephine.survival.kernel_ridge import kernel_ridge_path, residual_of_null
from trephine.survival.path import elastic_net_path
from trephine.survival.path_risk import RiskSets
from trephine.types import BoolArray, FloatArray, IntArray, Survival

# Largest KKT violation by columns, as a share of the null model's largest gradient.
TOLERANCE = 1e-8
# A path by columns takes about so many times as long as one by as many cases.
COLUMNS_COST = 4


@dataclass(frozen=True)
class Rows:
    """The u distinct rows of the cases' columns, shape (u, p), and which is each case's, (n,).

    A bootstrap holds a third of its cases more than once, and products cost by the distinct ones.
    """

    values: FloatArray
    of_case: IntArray

    @property
    def few_columns(self) -> bool:
        """Whether columns are the shorter way."""
        return bool(COLUMNS_COST * self.values.shape[1] < self.values.shape[0])

    def gather(self, weights: FloatArray, cases: BoolArray | None = None) -> FloatArray:
        """Return weights of cases, (m, n) or (n,), summed over each row's cases, (m, u) or (u,)."""
        row = self.of_case if cases is None else self.of_case[cases]
        if weights.ndim == 1:
            summed: FloatArray = np.bincount(row, weights, len(self.values)).astype(np.float64)
            return summed
        gathered: FloatArray = weights @ (self._member if cases is None else self._member[cases])
        return gathered

    @cached_property
    def _member(self) -> FloatArray:
        """1 where a case, (n,), is of a row, (u,)."""
        member = np.zeros((self.of_case.size, len(self.values)))
        member[np.arange(self.of_case.size), self.of_case] = 1.0
        return member


def distinct_rows(columns: FloatArray) -> Rows:
    """Return the distinct rows of ``columns`` (n, p)."""
    contiguous = np.ascontiguousarray(columns + 0.0)  # + 0.0 makes -0.0 a plain zero
    as_bytes = contiguous.view(np.dtype((np.void, contiguous.shape[1] * 8))).ravel()
    _, first, of_case = np.unique(as_bytes, return_index=True, return_inverse=True)
    return Rows(contiguous[first], of_case)


@dataclass(frozen=True)
class TrainingCases:
    """Cases that models are fitted to: all n, or all but a fold.

    Attributes
    ----------
    training
        Which they are, shape (n,).
    survival
        Theirs, and ``risk`` and ``order`` the same as risk sets and the order by time in them.
    held, row
        The rows that some of them are, and where in these each of them stands.
    share
        What each row has of them, shape (u,).
    score
        Size of each column's Cox score in them, shape (p,).
    """

    training: BoolArray
    survival: Survival
    risk: RiskSets
    order: IntArray
    held: IntArray
    row: IntArray
    share: FloatArray
    score: FloatArray


@dataclass(frozen=True)
class RidgeSolutions:
    """Solutions at m penalties.

    Attributes
    ----------
    linear_predictor
        Of the rows, shape (m, u).
    weights
        Of the columns (m, p), or of the rows (m, u).
    log_likelihood
        Shape (m,).
    end
        Where a path that goes on begins: the last weights of the cases; None by columns.
    """

    linear_predictor: FloatArray
    weights: FloatArray
    log_likelihood: FloatArray
    end: FloatArray | None = None


def solve_by_cases(
    products: FloatArray,
    rows: Rows,
    part: TrainingCases,
    penalties: FloatArray,
    start: FloatArray | None = None,
) -> RidgeSolutions:
    """Solve by the inner products of the distinct rows, centred on the fitted cases, (u, u).

    ``start`` is the end of a path of larger penalties.
    """
    path = kernel_ridge_path(
        products[np.ix_(part.held, part.held)],
        part.survival,
        penalties,
        row=part.row,
        start=start,
        risk_order=(part.risk, part.order),
    )
    weights = rows.gather(path.dual, part.training)
    return RidgeSolutions(weights @ products, weights, path.log_likelihood, path.dual[-1])


def solve_by_columns(
    centred: FloatArray, rows: Rows, part: TrainingCases, penalties: FloatArray
) -> RidgeSolutions:
    """Solve by columns.

    Parameters
    ----------
    centred
        Scaled columns of the distinct rows, centred on the fitted cases, shape (u, p).
    rows, part
        All cases, and which are fitted.
    penalties
        Decreasing, shape (m,).

    Raises
    ------
    ModelError
        If a penalty is too small for a solution in floating point.
    """
    design = np.ascontiguousarray(centred[rows.of_case[part.training]][part.order].T)
    ones = np.ones(centred.shape[1])
    residual = residual_of_null(part.risk, part.order)
    steepest = np.abs(design @ residual[part.order]).max()
    path = elastic_net_path(
        design, part.risk, penalties, 0.0, ones, tolerance=max(TOLERANCE * steepest, 1e-14)
    )
    if path.status == "not converged":
        failed = penalties[len(path.coefficients) - 1]
        raise ModelError(
            f"no convergence at penalty {failed:.3g}: it is too small for these columns",
            model="ridge",
            kind="no convergence",
        )
    return RidgeSolutions(path.coefficients @ centred.T, path.coefficients, path.log_likelihood)
