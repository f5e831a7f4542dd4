"""How a penalised path is asked for, and the checks of what is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.choices import EarlyStop
from trephine.errors import InputError
from trephine.regression.coxnet_design import (
    Standardise,
    TiedCensoring,
)
from trephine.types import FloatArray


@dataclass(frozen=True)
class PathSettings:
    """How a path is asked for.

    Attributes
    ----------
    mixture
        glmnet's alpha: 1 LASSO, 0 ridge.
    n_penalties
        Of an automatic grid.
    penalty_ratio
        Smallest penalty of an automatic grid over the largest; by default 0.01 where n < p, else
        0.0001, as glmnet.
    standardise
        "fold": columns are scaled by their 1/n standard deviation among the cases that are
        fitted; "none": taken as they are. Coefficients come back per unit of X either way.
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
        A setting that cannot be used.
    """

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


DEFAULTS = PathSettings()


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
