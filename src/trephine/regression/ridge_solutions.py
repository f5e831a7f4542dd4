"""One member's ridge path, by the cases' inner products or by columns, whichever is shorter.

Both solve the same problem; with few columns the path by columns is faster and more exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.errors import ModelError
from trephine.survival.kernel_ridge import kernel_ridge_path, null_gradient
from trephine.survival.path import elastic_net_path
from trephine.survival.path_risk import order_by_time, risk_sets
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
        member = np.zeros((row.size, len(self.values)))
        member[np.arange(row.size), row] = 1.0
        gathered: FloatArray = weights @ member
        return gathered


def distinct_rows(columns: FloatArray) -> Rows:
    """Return the distinct rows of ``columns`` (n, p)."""
    contiguous = np.ascontiguousarray(columns + 0.0)  # + 0.0 makes -0.0 a plain zero
    as_bytes = contiguous.view(np.dtype((np.void, contiguous.shape[1] * 8))).ravel()
    _, first, of_case = np.unique(as_bytes, return_index=True, return_inverse=True)
    return Rows(contiguous[first], of_case)


def solve_by_cases(
    products: FloatArray,
    rows: Rows,
    training: BoolArray,
    survival: Survival,
    penalties: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Solve by the inner products of the distinct rows, centred on the fitted cases, (u, u).

    Returns
    -------
    Linear predictors of the rows (m, u), weights of the rows (m, u), log likelihoods (m,).
    """
    held, row = np.unique(rows.of_case[training], return_inverse=True)
    path = kernel_ridge_path(products[np.ix_(held, held)], survival, penalties, row=row)
    weights = rows.gather(path.dual, training)
    return weights @ products, weights, path.log_likelihood


def solve_by_columns(
    centred: FloatArray,
    rows: Rows,
    training: BoolArray,
    survival: Survival,
    penalties: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Solve by columns.

    Parameters
    ----------
    centred
        Scaled columns of the distinct rows, centred on the fitted cases, shape (u, p).
    rows, training, survival
        All cases; which of the n are fitted; their outcome.
    penalties
        Decreasing, shape (m,).

    Returns
    -------
    Linear predictors of the rows (m, u), coefficients (m, p), log likelihoods (m,).

    Raises
    ------
    ModelError
        If a penalty is too small for a solution in floating point.
    """
    order = order_by_time(survival.time)
    risk = risk_sets(survival.time[order], survival.event[order])
    design = np.ascontiguousarray(centred[rows.of_case[training]][order].T)
    ones = np.ones(centred.shape[1])
    steepest = np.abs(design @ null_gradient(survival)[order]).max()
    path = elastic_net_path(
        design, risk, penalties, 0.0, ones, tolerance=max(TOLERANCE * steepest, 1e-14)
    )
    if path.status == "not converged":
        failed = penalties[len(path.coefficients) - 1]
        raise ModelError(
            f"no convergence at penalty {failed:.3g}: it is too small for these columns",
            model="ridge",
            kind="no convergence",
        )
    return path.coefficients @ centred.T, path.coefficients, path.log_likelihood
