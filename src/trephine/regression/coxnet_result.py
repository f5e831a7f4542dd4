"""Solutions of the penalised Cox model along decreasing penalties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.survival.path import (
    PathStatus,
)
from trephine.types import FloatArray, IntArray


class PenaltyGridWarning(UserWarning):
    """The grid of penalties does not fit the data: a wider or a shorter one would."""


@dataclass(frozen=True)
class CoxNetPath:
    """Solutions along decreasing penalties.

    Attributes
    ----------
    penalties
        glmnet's lambda, decreasing, shape (n_penalties,).
    coefficients
        Log hazard ratio per unit of each column as given, shape (n_penalties, p).
    n_nonzero
        Columns in the model at each penalty.
    deviance_ratio
        Share of the null deviance that is explained.
    null_deviance
        2 (saturated - null) log partial likelihood, Breslow's ties; the null model has all
        coefficients 0.
    kkt_residual
        Largest violation of the optimality conditions at each penalty, on the standardised
        scale, as a share of the null model's largest gradient.
    penalty_max
        The smallest penalty under which no penalised column enters (for mixtures under 0.001,
        the one for 0.001, as glmnet).
    mixture
        1 for the LASSO, 0 for ridge.
    centre, scale
        Mean and 1/n standard deviation of each column among the cases, shape (p,); scale is 1
        where the columns were not standardised.
    names
        Of the columns.
    end
        "complete"; "stopped early" where that was asked for; "not converged" where an automatic
        path stands before the first penalty that was too small for a solution.
    """

    penalties: FloatArray
    coefficients: FloatArray
    n_nonzero: IntArray
    deviance_ratio: FloatArray
    null_deviance: float
    kkt_residual: FloatArray
    penalty_max: float
    mixture: float
    centre: FloatArray
    scale: FloatArray
    names: tuple[str, ...]
    end: PathStatus

    def coefficients_at(self, penalty: npt.ArrayLike) -> FloatArray:
        """Return coefficients at any penalty, shape (p,), or (m, p) for m penalties.

        Linear between neighbours in the path, constant beyond its ends (glmnet's
        ``predict(exact = FALSE)``).
        """
        wanted = np.asarray(penalty, dtype=np.float64)
        grid = self.penalties[::-1]
        place = np.interp(wanted, grid, np.arange(grid.size - 1, -1, -1, dtype=np.float64))
        left = np.floor(place).astype(np.int64)
        right = np.ceil(place).astype(np.int64)
        part = (place - left)[..., np.newaxis]
        if not part.any():
            at_penalties: FloatArray = self.coefficients[left]
            return at_penalties
        between: FloatArray = (1 - part) * self.coefficients[left] + part * self.coefficients[right]
        return between

    def predict_linear_predictor(self, X: npt.ArrayLike, penalty: float) -> FloatArray:
        """Return X b at one penalty, shape (n,); higher is worse, not centred (as glmnet)."""
        values: FloatArray = np.asarray(X, dtype=np.float64) @ self.coefficients_at(penalty)
        return values
