"""Regression of the subdistribution hazard (Fine and Gray 1999), as R's ``cmprsk::crr``.

It answers by how much a variable moves the incidence of a cause, the others taking their toll. A
cause-specific Cox model answers by how much it moves the rate among those who are still free of any
event; a variable that leaves that rate alone moves the incidence all the same if it moves a
competing rate. Neither coefficient stands for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from trephine.errors import InputError, ModelError
from trephine.regression.outcome import as_design, design_like
from trephine.survival.aalen_johansen import check_causes
from trephine.survival.concordance import influence_covariance
from trephine.survival.subdistribution import SubdistributionRisk
from trephine.types import FloatArray

_MOST_STEPS = 50
_TOLERANCE = 1e-10
# A step this long, in standard deviations of a column, at a flat likelihood: it has no maximum.
_RUNAWAY = 15.0


@dataclass(frozen=True)
class FineGrayModel:
    """A fitted subdistribution hazard of p columns.

    Attributes
    ----------
    names, cause
        Of the columns; code of the cause.
    coefficients
        Log subdistribution hazard ratios per unit, shape (p,).
    covariance
        Sandwich, influences added up within clusters (each case its own without); the weights of
        inverse censoring are taken as known, as in ``coxph`` of ``finegray`` data with a cluster.
    low, high
        Interval of each ratio at ``level``, shape (p,).
    p_values
        Wald, shape (p,).
    times, cumulative_hazard
        Shape (m,): event times of the cause, and the subdistribution hazard where all columns are
        0 (Breslow's).
    log_likelihood_null, log_likelihood
        Weighted partial log likelihoods.
    n, n_events, level
        Cases, events of the cause, coverage.
    last
        Last follow-up; nothing is predicted later.
    """

    names: tuple[str, ...]
    cause: int
    coefficients: FloatArray
    covariance: FloatArray
    low: FloatArray
    high: FloatArray
    p_values: FloatArray
    times: FloatArray
    cumulative_hazard: FloatArray
    log_likelihood_null: float
    log_likelihood: float
    n: int
    n_events: int
    level: float
    last: float

    @property
    def hazard_ratio(self) -> FloatArray:
        """Subdistribution hazard ratios per unit, shape (p,)."""
        found: FloatArray = np.exp(self.coefficients)
        return found

    def predict_incidence(self, X: Any, times: npt.ArrayLike) -> FloatArray:
        """Return P(event of the cause by t), shape (m, t); NaN past the last follow-up.

        Parameters
        ----------
        X
            New cases; a DataFrame's columns are found by name.
        times
            Shape (t,).
        """
        ratio = np.exp(design_like(X, self.names) @ self.coefficients)
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        place = np.searchsorted(self.times, asked, side="right")
        hazard = np.append(0.0, self.cumulative_hazard)[place]
        hazard = np.where(asked <= self.last, hazard, np.nan)
        return np.asarray(-np.expm1(-np.outer(ratio, hazard)))


def fit_fine_gray(
    X: Any,
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    of: int = 1,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> FineGrayModel:
    """Fit the model: who had another event stays at risk, with the weight G(t-) / G(T-).

    G is Kaplan-Meier's estimate that follow-up is not yet cut short. Ties by Breslow.

    Parameters
    ----------
    X
        DataFrame or array, shape (n, p), numeric.
    time, cause
        As `trephine.cumulative_incidence`.
    of
        The cause.
    cluster
        Shape (n,), labels; see ``covariance``.
    level
        Coverage of the intervals.

    Raises
    ------
    InputError
        Unusable values, with row or column.
    ModelError
        Columns that are constant or follow from others, separation, no convergence.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import fit_fine_gray
    >>> rng = np.random.default_rng(2)
    >>> x = rng.normal(size=(300, 1))
    >>> months, cause = rng.exponential(30 * np.exp(-x[:, 0])), rng.integers(0, 3, 300)
    >>> model = fit_fine_gray(x, months, cause)
    >>> bool(model.coefficients[0] > 0), model.predict_incidence(x[:2], [12.0]).shape
    (True, (2, 1))
    """
    times, codes = check_causes(time, cause)
    design, names = as_design(X, times.size)
    if not (codes == of).any():
        raise InputError(f"of: expected a cause with events, found none of cause {of}")
    if not 0 < level < 1:
        raise InputError(f"level: expected 0 < level < 1, found {level}")
    weights = SubdistributionRisk.of(times, codes, of)
    centre, scale = design.mean(axis=0), _spreads(design, names)
    z = (design - centre) / scale
    beta, null, fitted, information = _climb(z, weights, names)
    inverse = np.linalg.inv(information)
    score = _scores(z, weights, beta)
    covariance = influence_covariance(score @ inverse, cluster) / np.outer(scale, scale)
    coefficients = beta / scale
    error = np.sqrt(np.diag(covariance))
    half = float(ndtri(0.5 + level / 2)) * error
    hazard = np.cumsum(weights.count / weights.sums(z, beta)[0])
    return FineGrayModel(
        names=names,
        cause=of,
        coefficients=coefficients,
        covariance=covariance,
        low=np.exp(coefficients - half),
        high=np.exp(coefficients + half),
        p_values=2 * ndtr(-np.abs(coefficients / error)),
        times=weights.at,
        cumulative_hazard=hazard * np.exp(-float(centre @ coefficients)),
        log_likelihood_null=null,
        log_likelihood=fitted,
        n=times.size,
        n_events=int((codes == of).sum()),
        level=level,
        last=float(times.max()),
    )


def _spreads(design: FloatArray, names: tuple[str, ...]) -> FloatArray:
    """Return the standard deviation of each column, and refuse one that has none."""
    scale: FloatArray = design.std(axis=0)
    flat = [name for name, one in zip(names, scale, strict=True) if not one > 0]
    if flat:
        raise ModelError(
            "expected columns that vary, found constant {}",
            flat,
            model="Fine-Gray model",
            kind="constant",
        )
    return scale


def _climb(
    z: FloatArray, weights: SubdistributionRisk, names: tuple[str, ...]
) -> tuple[FloatArray, float, float, FloatArray]:
    """Return the maximum, the log likelihoods at 0 and there, and the information."""
    beta = np.zeros(z.shape[1])
    value, gradient, information = _evaluate(z, weights, beta)
    null = value
    if _singular(information):
        raise ModelError(
            "expected columns none of which follows from others, found {}",
            list(names),
            model="Fine-Gray model",
            kind="collinear",
        )
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(information, gradient)
        found = _evaluate(z, weights, beta + step)
        while not found[0] >= value - 1e-12 * abs(value) and np.abs(step).max() > 1e-12:
            step = step / 2
            found = _evaluate(z, weights, beta + step)
        beta, (value, gradient, information) = beta + step, found
        if np.abs(beta).max() > _RUNAWAY or _singular(information):
            break
        if np.abs(step).max() < _TOLERANCE:
            return beta, null, value, information
    largest = float(np.abs(beta).max())
    raise ModelError(
        "the coefficient of {} runs to infinity (separation)",
        [name for name, b in zip(names, beta, strict=True) if abs(b) >= 0.2 * largest],
        model="Fine-Gray model",
        kind="separation",
    )


def _singular(information: FloatArray) -> bool:
    eigen = np.linalg.eigvalsh(information)
    return not eigen[0] > 1e-10 * max(float(eigen[-1]), 1e-300)


def _evaluate(
    z: FloatArray, weights: SubdistributionRisk, beta: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    zero, first, second = weights.sums(z, beta)
    mean = first / zero[:, None]
    value = float((z[weights.event] @ beta).sum() - weights.count @ np.log(zero))
    gradient = z[weights.event].sum(axis=0) - weights.count @ mean
    spread = second / zero[:, None, None] - mean[:, :, None] * mean[:, None, :]
    return value, gradient, np.einsum("m,mij->ij", weights.count, spread)


def _scores(z: FloatArray, weights: SubdistributionRisk, beta: FloatArray) -> FloatArray:
    """Return each case's part of the score, shape (n, p)."""
    zero, first, _ = weights.sums(z, beta)
    mean, jump = first / zero[:, None], weights.count / zero
    risk = np.exp(z @ beta)
    upto = np.searchsorted(weights.at, weights.time, side="right")

    def running(values: FloatArray) -> FloatArray:
        total: FloatArray = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
        return total

    hazard, moved = running(jump[:, None]), running(jump[:, None] * mean)
    score: FloatArray = -risk[:, None] * (z * hazard[upto] - moved[upto])
    # Those with another event go on, with the weight of those not yet cut short.
    kept = (weights.free * jump)[:, None]
    late, late_moved = running(kept), running(kept * mean)
    after = late[-1] - late[upto]
    score = score - (risk * weights.competing)[:, None] * (
        z * after - (late_moved[-1] - late_moved[upto])
    )
    place = np.searchsorted(weights.at, weights.time[weights.event])
    score[weights.event] += z[weights.event] - mean[place]
    return np.asarray(score)
