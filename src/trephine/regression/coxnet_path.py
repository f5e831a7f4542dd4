"""The regularisation path of the LASSO, elastic-net and ridge Cox model, as glmnet defines it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trephine.choices import EarlyStop
from trephine.errors import InputError, ModelError
from trephine.regression.coxnet_design import (
    CoxData,
    Design,
    Standardise,
    TiedCensoring,
    cox_data,
    design_of,
)
from trephine.survival.path import (
    SMALLEST_MIXTURE,
    UNPENALISED_ONLY,
    ArrayPath,
    PathStatus,
    elastic_net_path,
)
from trephine.survival.path_products import dots
from trephine.survival.path_ridge import ridge_path
from trephine.survival.path_risk import empty_state, evaluate, saturated_log_likelihood
from trephine.types import FloatArray, IntArray, Survival

PERFECT = 1e-6  # an unpenalised model that leaves less of the deviance has no finite maximum


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


@dataclass(frozen=True)
class PathSettings:
    """How a path is asked for; see ``coxnet_path``."""

    mixture: float = 1.0
    n_penalties: int = 100
    penalty_ratio: float | None = None
    standardise: Standardise = "fold"
    tolerance: float = 1e-9
    early_stop: EarlyStop = "none"
    tied_censoring: TiedCensoring = "at risk"

    def __post_init__(self) -> None:
        if not 0.0 <= self.mixture <= 1.0:
            raise InputError(f"mixture: expected 0 (ridge) to 1 (LASSO), found {self.mixture}")
        if self.n_penalties < 2:
            raise InputError(f"n_penalties: expected 2 at least, found {self.n_penalties}")
        if self.penalty_ratio is not None and not 0.0 < self.penalty_ratio < 1.0:
            raise InputError(
                f"penalty_ratio: expected a number between 0 and 1, found {self.penalty_ratio}"
            )
        if not self.tolerance > 0.0:
            raise InputError(f"tolerance: expected a number > 0, found {self.tolerance}")
        if self.standardise not in ("fold", "none"):
            raise InputError(f"standardise: expected 'fold' or 'none', found {self.standardise!r}")
        if self.early_stop not in ("none", "glmnet"):
            raise InputError(f"early_stop: expected 'none' or 'glmnet', found {self.early_stop!r}")
        if self.tied_censoring not in ("at risk", "glmnet"):
            raise InputError(
                f"tied_censoring: expected 'at risk' or 'glmnet', found {self.tied_censoring!r}"
            )


def check_penalties(penalties: npt.ArrayLike | None) -> FloatArray | None:
    """Return penalties in decreasing order, or None for an automatic grid."""
    if penalties is None:
        return None
    values = np.asarray(penalties, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not (np.isfinite(values) & (values >= 0)).all():
        raise InputError("penalties: expected a list of finite numbers >= 0")
    decreasing: FloatArray = np.sort(values)[::-1].copy()
    return decreasing


def check_factors(penalty_factors: npt.ArrayLike | None, p: int) -> FloatArray:
    """Return factors that sum to p, as glmnet scales them."""
    if penalty_factors is None:
        return np.ones(p)
    factors = np.asarray(penalty_factors, dtype=np.float64)
    if factors.shape != (p,) or not (np.isfinite(factors) & (factors >= 0)).all():
        raise InputError(f"penalty_factors: expected {p} finite numbers >= 0")
    if not factors.any():
        raise InputError("penalty_factors: expected one penalised column at least, found all 0")
    scaled: FloatArray = factors * (p / factors.sum())
    return scaled


def coxnet_path(
    X: npt.ArrayLike,
    survival: Survival,
    *,
    mixture: float = 1.0,
    penalties: npt.ArrayLike | None = None,
    n_penalties: int = 100,
    penalty_ratio: float | None = None,
    standardise: Standardise = "fold",
    penalty_factors: npt.ArrayLike | None = None,
    tolerance: float = 1e-9,
    early_stop: EarlyStop = "none",
    tied_censoring: TiedCensoring = "at risk",
) -> CoxNetPath:
    """Fit the penalised Cox model along a path of penalties.

    Minimises -log PL(b) / n + penalty sum_j factor_j (mixture |b_j| + (1 - mixture) b_j^2 / 2), PL
    being Breslow's partial likelihood, over standardised columns: R's
    ``glmnet(family = "cox")`` (Simon et al. 2011, J Stat Softw 39(5)) at a tight threshold.

    Parameters
    ----------
    X
        Shape (n, p), an array or a data frame (whose column names then appear in errors).
    survival
        Follow-up of the n cases.
    mixture
        glmnet's alpha: 1 LASSO, 0 ridge.
    penalties
        glmnet's lambda; by default ``n_penalties`` from the smallest that empties the model down
        to ``penalty_ratio`` times that, equally spaced in the logarithm.
    penalty_ratio
        By default 0.01 where n < p, else 0.0001, as glmnet.
    standardise
        "fold": columns are scaled by their 1/n standard deviation among the cases that are
        fitted; "none": taken as they are. Coefficients come back per unit of X either way.
    penalty_factors
        Shape (p,), scaled to sum to p; 0 leaves a column unpenalised.
    tolerance
        Largest violation of the optimality conditions, as a share of the null model's gradient.
    early_stop
        "glmnet" ends an automatic path as glmnet does, where the fit hardly improves any more.
    tied_censoring
        "at risk": a case censored at the time of an event is at risk of it, as in every Cox model;
        "glmnet": only where glmnet's sort happens to put it so (``survival.path_order``), to
        replay R's numbers on times of 256 and more.

    Raises
    ------
    InputError
        Values, settings or columns that cannot be used; columns are named.
    ModelError
        No events, all events at one time, no convergence at a penalty that was given
        (separation).

    Warns
    -----
    PenaltyGridWarning
        An automatic path that ends before a penalty too small for a solution.
    """
    settings = PathSettings(
        mixture, n_penalties, penalty_ratio, standardise, tolerance, early_stop, tied_censoring
    )
    data = cox_data(X, survival)
    factors = check_factors(penalty_factors, len(data.names))
    rows = np.arange(len(survival))
    path = fit_path(data, rows, check_penalties(penalties), factors, settings)
    warn_if_cut(path, n_penalties)
    return path


def warn_if_cut(path: CoxNetPath, n_penalties: int) -> None:
    """Say so where an automatic path had to end early."""
    if path.end == "not converged":
        warnings.warn(
            f"the path ends after {path.penalties.size} of {n_penalties} penalties, at"
            f" {path.penalties[-1]:.3g}: the model explains {path.deviance_ratio[-1]:.1%} of the"
            " deviance, and smaller penalties have no solution in floating point; a larger"
            " penalty_ratio ends it on purpose",
            PenaltyGridWarning,
            stacklevel=3,
        )


def fit_path(
    data: CoxData,
    rows: IntArray,
    penalties: FloatArray | None,
    factors: FloatArray,
    settings: PathSettings,
    whose: str = "",
) -> CoxNetPath:
    """Fit the path on the cases ``rows`` (increasing positions in ``data``)."""
    p, n = len(data.names), rows.size
    design = design_of(data, rows, settings.standardise, settings.tied_censoring)
    start = _start(design, factors, settings)
    strongest = float(np.max(np.abs(start.gradient[factors > 0]) / factors[factors > 0]))
    if not strongest > 0.0:
        raise ModelError(
            f"{whose}expected a column that bears on the outcome, found none", kind="no information"
        )
    penalty_max = strongest / max(settings.mixture, SMALLEST_MIXTURE)
    if penalties is None:
        ratio = settings.penalty_ratio or (0.01 if n < p else 1e-4)
        # glmnet rounds the exponent of its step to single precision; so that grids agree, we do.
        step = ratio ** float(np.float32(1.0) / np.float32(settings.n_penalties - 1))
        grid = penalty_max * step ** np.arange(settings.n_penalties)
    else:
        grid = penalties
        if grid[-1] == 0.0 and p >= n:
            raise ModelError(
                f"{whose}expected a penalty > 0 with {p} columns and {n} cases, found 0"
            )
    early_stop = settings.early_stop if penalties is None else "none"
    path = _solve(design, grid, factors, settings, start.size, early_stop)
    n_done = path.kkt_residual.size
    if path.status == "not converged":
        n_done -= 1
        at = grid[n_done]
        if penalties is not None or n_done < 2:
            raise ModelError(
                f"{whose}no convergence at penalty {at:.3g} ({at / penalty_max:.2g} of the"
                " largest): the columns separate events from the rest, or are collinear; ask for"
                " larger penalties",
                kind="no convergence",
            )
    saturated = saturated_log_likelihood(design.risk)
    left = saturated - float(path.log_likelihood[-1])
    if grid[-1] == 0.0 and left < PERFECT * (saturated - start.null_log_likelihood):
        raise ModelError(
            f"{whose}no maximum at penalty 0: the columns separate events from the rest; ask for"
            " a penalty > 0",
            kind="separation",
        )
    null_value = start.null_log_likelihood
    return CoxNetPath(
        penalties=grid[:n_done],
        coefficients=path.coefficients[:n_done] / design.scale,
        n_nonzero=np.count_nonzero(path.coefficients[:n_done], axis=1),
        deviance_ratio=(path.log_likelihood[:n_done] - null_value) / (saturated - null_value),
        null_deviance=2.0 * (saturated - null_value),
        kkt_residual=path.kkt_residual[:n_done] / start.size,
        penalty_max=penalty_max,
        mixture=settings.mixture,
        centre=design.centre,
        scale=design.scale,
        names=data.names,
        end=path.status,
    )


class _Start(NamedTuple):
    """Where a path begins: with no penalised column in the model."""

    gradient: FloatArray
    size: float  # largest gradient entry at zero, the unit of the tolerance
    null_log_likelihood: float


def _gradient(design: Design, residual: FloatArray) -> FloatArray:
    gradient = np.empty(design.columns.shape[0])
    dots(design.columns, gradient.size, residual, gradient)
    return gradient


def _start(design: Design, factors: FloatArray, settings: PathSettings) -> _Start:
    state = empty_state(design.risk)
    value = evaluate(np.zeros(design.risk.event.size), design.risk, state)
    gradient = _gradient(design, state.residual)
    size = float(np.max(np.abs(gradient)))
    if (factors > 0).all():
        return _Start(gradient, size, value)
    alone = elastic_net_path(
        design.columns,
        design.risk,
        np.array([UNPENALISED_ONLY]),
        1.0,
        factors,
        tolerance=settings.tolerance * size,
    )
    if alone.status == "not converged":
        raise ModelError(
            "no convergence of the columns with penalty factor 0: they separate events from the"
            " rest, or are collinear; penalise them too",
            kind="no convergence",
        )
    return _Start(_gradient(design, alone.residual), size, value)


def _solve(
    design: Design,
    penalties: FloatArray,
    factors: FloatArray,
    settings: PathSettings,
    size: float,
    early_stop: EarlyStop,
) -> ArrayPath:
    tolerance = settings.tolerance * size
    if settings.mixture == 0.0:
        return ridge_path(
            design.columns,
            design.risk,
            penalties,
            factors,
            tolerance=tolerance,
            early_stop=early_stop,
        )
    return elastic_net_path(
        design.columns,
        design.risk,
        penalties,
        settings.mixture,
        factors,
        tolerance=tolerance,
        early_stop=early_stop,
    )
