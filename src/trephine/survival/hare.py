"""Hazard regression (HARE): a hazard by splines in time and in one covariate, chosen stepwise.

The estimator behind the smooth calibration curve of R's rms. Kooperberg, Stone and Truong (1995),
"Hazard regression", JASA 90:78-94; equal to ``polspline::hare`` with one covariate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, ModelError
from trephine.survival.arrays import check_survival, check_vector
from trephine.survival.hare_candidates import best_candidate
from trephine.survival.hare_likelihood import hazard_moments
from trephine.survival.hare_model import BasisFunction, HareData, HareModel, basis_of
from trephine.survival.hare_newton import HareFit, maximise
from trephine.types import FloatArray

MIN_CASES = 25
MAX_DIMENSION = 52
_KEPT_COEFFICIENT = 10_000.0
"""Beyond it a deletion keeps coefficients instead of projecting the log hazard."""


@dataclass(frozen=True)
class HazardRegression:
    """A fitted hazard: log h(t | x) = sum_k coefficient_k * basis function_k (t, x).

    Attributes
    ----------
    terms
        The k basis functions: 1, (c - t)+, x, (x - a)+ and products of time and x.
    coefficient, standard_error
        Shape (k,).
    log_likelihood
        By number of basis functions: the best model of that size met.
    penalty
        Charge for a basis function in the choice, minimising penalty * k - 2 log-likelihood.
    """

    terms: tuple[BasisFunction, ...]
    coefficient: FloatArray
    standard_error: FloatArray
    log_likelihood: dict[int, float]
    penalty: float

    def cumulative_hazard(self, time: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        """Return the cumulative hazard at times and covariate values, broadcast together."""
        times, values = np.broadcast_arrays(
            np.asarray(time, dtype=np.float64), np.asarray(x, dtype=np.float64)
        )
        flat = times.ravel()
        columns = np.column_stack([term.at(values.ravel()) for term in self.terms])
        basis = basis_of(self.terms, columns, flat, np.zeros(flat.size, dtype=np.bool_))
        hazard: FloatArray = hazard_moments(basis, self.coefficient)[:, -1, 0]
        return hazard.reshape(times.shape)


def hazard_regression(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    x: npt.ArrayLike,
    *,
    max_dimension: int | None = None,
    penalty: float | None = None,
) -> HazardRegression:
    """Fit a hazard in time and one covariate by splines chosen stepwise.

    Functions are added one at a time by Rao's statistic, then taken away by Wald's, and of all
    models met the one with the least penalty * k - 2 log-likelihood is returned.

    Parameters
    ----------
    time, event
        Shape (n,), n >= 25; time >= 0.
    x
        Shape (n,), finite.
    max_dimension
        Most basis functions, the constant included; None: 6 n^0.2, ended early where the
        likelihood rises no more.
    penalty
        None: log n.

    Raises
    ------
    InputError
        On fewer than 25 cases, no event, or values that cannot be used.
    ModelError
        If the likelihood of a constant hazard cannot be climbed.

    Notes
    -----
    Matches ``polspline::hare`` 1.1.22 with one covariate, its rounding of covariate knots to
    single precision and its end of Newton's method included: where a likelihood has no maximum,
    only that end defines the numbers. A model that cannot be fitted again after a deletion ends
    the deletions here; polspline goes on with a log-likelihood of 0.
    """
    times, events = check_survival(time, event)
    values = check_vector(x, times.size, "covariate")
    if times.size < MIN_CASES or not events.any() or not times.any():
        raise InputError(
            f"hazard regression: expected at least {MIN_CASES} cases, one event and times over 0,"
            f" found {times.size} cases, {int(events.sum())} events and {np.count_nonzero(times)}"
            " times over 0"
        )
    early_end = max_dimension is None
    limit = int(6 * times.size**0.2) if max_dimension is None else max_dimension
    search = _Search(
        HareData.ordered(times, events, values),
        min(limit, MAX_DIMENSION),
        float(np.log(times.size)) if penalty is None else penalty,
        early_end,
    )
    return search.run()


@dataclass
class _Search:
    """The stepwise search and the best model it has met."""

    data: HareData
    max_dimension: int
    penalty: float
    early_end: bool
    best: HareFit | None = None
    log_likelihood: dict[int, float] = field(default_factory=dict)

    def run(self) -> HazardRegression:
        """Add, delete, and return the best."""
        self._delete(self._add())
        if self.best is None:
            raise ModelError("not even a constant hazard can be fitted", model="hazard regression")
        return HazardRegression(
            self.best.model.terms,
            self.best.model.coefficient,
            self.best.standard_errors(),
            dict(sorted(self.log_likelihood.items())),
            self.penalty,
        )

    def _criterion(self, fit: HareFit) -> float:
        return self.penalty * fit.model.dimension - 2.0 * fit.log_likelihood

    def _behind_best(self, fit: HareFit) -> float:
        """Keep the fit if it is the best so far, and return by how much it is not."""
        if self.best is None or self._criterion(fit) < self._criterion(self.best):
            self.best = fit
        return self._criterion(fit) - self._criterion(self.best)

    def _add(self) -> HareModel:
        """Return the largest model that was fitted, at its coefficients."""
        model = fallback = HareModel.constant(self.data)
        while True:
            fit = maximise(model)
            if fit is None:
                return fallback
            self.log_likelihood[fit.model.dimension] = fit.log_likelihood
            self._behind_best(fit)
            if fit.model.dimension >= self.max_dimension or self._rises_no_more(fit):
                return fit.model
            best, knot_tried = best_candidate(fit)
            # As polspline: where the addition ends here, or the next model cannot be fitted, the
            # deletion begins with the covariate knot that was tried last, wanted or not.
            fallback = fit.model if knot_tried is None else knot_tried.added_to(fit.model)
            if best is None:
                return fallback
            model = best.added_to(fit.model)

    def _rises_no_more(self, fit: HareFit) -> bool:
        k = fit.model.dimension
        return self.early_end and any(
            fit.log_likelihood - self.log_likelihood[j] < (k - j) / 2.0 - 0.5
            for j in range(2, k - 2)
        )

    def _delete(self, model: HareModel) -> None:
        fit = maximise(model, deletion=True)
        if fit is None:
            return
        self.log_likelihood[fit.model.dimension] = fit.log_likelihood
        while fit.model.dimension > 1:
            smaller = self._without_the_least(fit)
            refit = maximise(smaller, deletion=True)
            if refit is None:
                refit = maximise(self._from_the_start(smaller))
            if refit is None:
                return
            fit = refit
            k = fit.model.dimension
            known = self.log_likelihood.get(k, -np.inf)
            self.log_likelihood[k] = max(known, fit.log_likelihood)
            if self._behind_best(fit) >= self.penalty * (k - 1):
                return

    def _without_the_least(self, fit: HareFit) -> HareModel:
        """Drop the function with the least Wald statistic and project the log hazard."""
        model = fit.model
        wald = model.coefficient**2 / fit.variances()
        removable = model.removable()
        least = removable[int(np.argmin(wald[removable]))]
        smaller = model.without(least)
        if np.abs(model.coefficient).max() > _KEPT_COEFFICIENT:
            return smaller
        log_hazard = model.basis.design @ model.coefficient
        projected = np.linalg.lstsq(smaller.basis.design, log_hazard)[0].astype(np.float64)
        return smaller.with_coefficient(projected)

    def _from_the_start(self, model: HareModel) -> HareModel:
        coefficient = np.zeros(model.dimension)
        coefficient[0] = self.data.constant_coefficient
        return model.with_coefficient(coefficient)
