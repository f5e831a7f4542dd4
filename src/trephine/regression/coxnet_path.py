"""The regularisation path of the LASSO, elastic-net and ridge Cox model, as glmnet defines it."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trephine.choices import EarlyStop
from trephine.errors import ModelError
from trephine.regression.coxnet_design import (
    CoxData,
    Design,
    cox_data,
    design_of,
)
from trephine.regression.coxnet_result import CoxNetPath, PenaltyGridWarning
from trephine.regression.coxnet_settings import (
    DEFAULTS,
    PathSettings,
    check_factors,
    check_penalties,
)
from trephine.survival.path import (
    SMALLEST_MIXTURE,
    UNPENALISED_ONLY,
    ArrayPath,
    elastic_net_path,
)
from trephine.survival.path_products import dots
from trephine.survival.path_ridge import ridge_path
from trephine.survival.path_risk import empty_state, evaluate, saturated_log_likelihood
from trephine.types import FloatArray, IntArray, Survival

PERFECT = 1e-6  # an unpenalised model that leaves less of the deviance has no finite maximum


def coxnet_path(
    X: npt.ArrayLike,
    survival: Survival,
    settings: PathSettings = DEFAULTS,
    *,
    penalties: npt.ArrayLike | None = None,
    penalty_factors: npt.ArrayLike | None = None,
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
    settings
        Mixture, automatic grid, and how the path is solved.
    penalties
        glmnet's lambda; by default ``settings.n_penalties`` from the smallest that empties the
        model down to ``settings.penalty_ratio`` times that, equally spaced in the logarithm.
    penalty_factors
        Shape (p,), scaled to sum to p; 0 leaves a column unpenalised.

    Raises
    ------
    InputError
        Values or columns that cannot be used; columns are named.
    ModelError
        No events, all events at one time, no convergence at a penalty that was given
        (separation).

    Warns
    -----
    PenaltyGridWarning
        An automatic path that ends before a penalty too small for a solution.
    """
    data = cox_data(X, survival)
    factors = check_factors(penalty_factors, len(data.names))
    rows = np.arange(len(survival))
    path = fit_path(data, rows, check_penalties(penalties), factors, settings)
    warn_if_cut(path, settings.n_penalties)
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
    penalty_max = _penalty_max(start, factors, settings.mixture, whose)
    early_stop = settings.early_stop if penalties is None else "none"
    if penalties is None:
        grid = _automatic_grid(penalty_max, n, p, settings)
    else:
        grid = penalties
        _refuse_no_penalty(grid, n, p, whose)
    path = _solve(design, grid, factors, settings, start.size, early_stop)
    n_done = path.kkt_residual.size
    if path.status == "not converged":
        n_done -= 1
        if penalties is not None or n_done < 2:
            raise _unsolved(grid[n_done], penalty_max, whose)
    saturated = saturated_log_likelihood(design.risk)
    null_value = start.null_log_likelihood
    left = saturated - float(path.log_likelihood[-1])
    if grid[-1] == 0.0 and left < PERFECT * (saturated - null_value):
        raise _separated(whose)
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


def _penalty_max(start: _Start, factors: FloatArray, mixture: float, whose: str) -> float:
    """Return the smallest penalty under which no penalised column enters."""
    strongest = float(np.max(np.abs(start.gradient[factors > 0]) / factors[factors > 0]))
    if not strongest > 0.0:
        raise ModelError(
            f"{whose}expected a column that bears on the outcome, found none", kind="no information"
        )
    return strongest / max(mixture, SMALLEST_MIXTURE)


def _automatic_grid(penalty_max: float, n: int, p: int, settings: PathSettings) -> FloatArray:
    """Return penalties from the largest downwards, equally spaced in the logarithm."""
    ratio = settings.penalty_ratio or (0.01 if n < p else 1e-4)
    # glmnet rounds the exponent of its step to single precision; so that grids agree, we do.
    step = ratio ** float(np.float32(1.0) / np.float32(settings.n_penalties - 1))
    grid: FloatArray = penalty_max * step ** np.arange(settings.n_penalties)
    return grid


def _refuse_no_penalty(grid: FloatArray, n: int, p: int, whose: str) -> None:
    if grid[-1] == 0.0 and p >= n:
        raise ModelError(f"{whose}expected a penalty > 0 with {p} columns and {n} cases, found 0")


def _separated(whose: str) -> ModelError:
    return ModelError(
        f"{whose}no maximum at penalty 0: the columns separate events from the rest; ask for"
        " a penalty > 0",
        kind="separation",
    )


def _unsolved(penalty: float, penalty_max: float, whose: str) -> ModelError:
    return ModelError(
        f"{whose}no convergence at penalty {penalty:.3g} ({penalty / penalty_max:.2g} of the"
        " largest): the columns separate events from the rest, or are collinear; ask for"
        " larger penalties",
        kind="no convergence",
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
