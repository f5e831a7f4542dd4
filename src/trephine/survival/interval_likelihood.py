"""The likelihood of proportional hazards where events are known to an interval.

The log cumulative hazard is a natural cubic spline of log time plus the linear predictor (Royston
and Parmar 2002); without inner knots it is Weibull's. A case whose event lies in (low, high] adds
``log(S(low) - S(high))``, one without any ``log S(low)``, one whose time is known the log density.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.types import BoolArray, FloatArray

_MOST_STEPS = 200
_MOST_HALVINGS = 40
# The square of a Newton step, in units of its error, that is none.
_TOLERANCE = 1e-18


@dataclass(frozen=True)
class LogTimeSpline:
    """A natural cubic spline of log time.

    Attributes
    ----------
    knots
        Of log time, ascending: the outer two and those between; straight outside.
    """

    knots: FloatArray

    @property
    def width(self) -> int:
        """Columns: the constant, log time and one for each inner knot."""
        return self.knots.size

    def columns(self, times: FloatArray) -> FloatArray:
        """Return the columns at times > 0, shape (n, width)."""
        x = self._scaled(times)
        found = [np.ones_like(x), x]
        for share, knot in self._inner:
            bend = self._cube(x - knot) - share * self._cube(x) - (1 - share) * self._cube(x - 1)
            found.append(bend)
        return np.column_stack(found)

    def slopes(self, times: FloatArray) -> FloatArray:
        """Return the derivative of the columns by log time, shape (n, width)."""
        x = self._scaled(times)
        found = [np.zeros_like(x), np.ones_like(x)]
        for share, knot in self._inner:
            bend = (
                self._square(x - knot) - share * self._square(x) - (1 - share) * self._square(x - 1)
            )
            found.append(3 * bend)
        return np.column_stack(found) / self._span

    @property
    def _span(self) -> float:
        return float(self.knots[-1] - self.knots[0])

    @property
    def _inner(self) -> list[tuple[float, float]]:
        """The share of each inner knot in the outer two, and where it lies between them."""
        inner = (self.knots[1:-1] - self.knots[0]) / self._span
        return [(1 - float(knot), float(knot)) for knot in inner]

    def _scaled(self, times: FloatArray) -> FloatArray:
        found: FloatArray = (np.log(times) - self.knots[0]) / self._span
        return found

    @staticmethod
    def _cube(x: FloatArray) -> FloatArray:
        found: FloatArray = np.maximum(x, 0.0) ** 3
        return found

    @staticmethod
    def _square(x: FloatArray) -> FloatArray:
        found: FloatArray = np.maximum(x, 0.0) ** 2
        return found


@dataclass(frozen=True)
class IntervalDesign:
    """n cases as the likelihood needs them.

    Attributes
    ----------
    at_low, at_high
        Columns of spline and covariates at both bounds, shape (n, r); not used where ``low`` is 0
        and where ``high`` is infinite.
    slopes
        Derivatives by log time at ``high``, shape (n, r); 0 for covariates.
    from_start, unseen, exact
        Where ``low`` is 0, where ``high`` is infinite, and where both are one, shape (n,).
    log_high
        Log of ``high``; 0 where it is infinite.
    """

    at_low: FloatArray
    at_high: FloatArray
    slopes: FloatArray
    from_start: BoolArray
    unseen: BoolArray
    exact: BoolArray
    log_high: FloatArray

    @classmethod
    def of(
        cls, low: FloatArray, high: FloatArray, covariates: FloatArray, spline: LogTimeSpline
    ) -> IntervalDesign:
        """Lay out cases with bounds ``low`` and ``high`` and columns of shape (n, q)."""
        from_start, unseen = low == 0, ~np.isfinite(high)
        begin = np.where(from_start, 1.0, low)
        end = np.where(unseen, 1.0, high)
        still = np.zeros_like(covariates)
        return cls(
            at_low=np.hstack([spline.columns(begin), covariates]),
            at_high=np.hstack([spline.columns(end), covariates]),
            slopes=np.hstack([spline.slopes(end), still]),
            from_start=from_start,
            unseen=unseen,
            exact=low == high,
            log_high=np.log(end),
        )

    def without_covariates(self, width: int) -> IntervalDesign:
        """Return the cases with the spline's columns alone."""
        return IntervalDesign(
            self.at_low[:, :width], self.at_high[:, :width], self.slopes[:, :width],
            self.from_start, self.unseen, self.exact, self.log_high,
        )  # fmt: skip


@dataclass(frozen=True)
class LikelihoodAt:
    """The log likelihood at some coefficients.

    Attributes
    ----------
    value
        Minus infinity where the hazard would fall.
    scores
        Gradient of each case, shape (n, r).
    information
        Minus the second derivative, shape (r, r).
    """

    value: float
    scores: FloatArray
    information: FloatArray


def log_likelihood(design: IntervalDesign, theta: FloatArray) -> float:
    """Return the log likelihood; minus infinity where the cumulative hazard would fall."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = _by_case(design, theta)
    return float(found.sum()) if np.isfinite(found).all() else -np.inf


def _by_case(design: IntervalDesign, theta: FloatArray) -> FloatArray:
    before, after = _hazards(design, theta)
    between = after - before
    found = -before + np.where(design.unseen, 0.0, np.log(-np.expm1(-between)))
    if design.exact.any():
        log_hazard = np.log(design.slopes @ theta) + design.at_high @ theta - design.log_high
        found = np.where(design.exact, log_hazard - after, found)
    return np.asarray(found, dtype=np.float64)


def _hazards(design: IntervalDesign, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the cumulative hazard at both bounds, 0 at the start and infinite where unseen."""
    before = np.where(design.from_start, 0.0, np.exp(design.at_low @ theta))
    after = np.where(design.unseen, np.inf, np.exp(design.at_high @ theta))
    return before, after


def likelihood_at(design: IntervalDesign, theta: FloatArray) -> LikelihoodAt:
    """Return the log likelihood with its derivatives, at coefficients where it is finite."""
    before, after = _hazards(design, theta)
    inside = ~design.unseen & ~design.exact
    between = np.where(inside, after - before, 1.0)
    ending = np.where(inside, after, 0.0)
    lost = -np.expm1(-between)
    by_low = np.where(inside, -before / lost, -before)
    by_high = np.where(inside, ending * np.exp(-between) / lost, 0.0)
    low_low = np.where(inside, by_low * (1 - before) - by_low**2, -before)
    high_high = np.where(inside, by_high * (1 - ending) - by_high**2, 0.0)
    low_high = np.where(inside, -by_low * by_high, 0.0)
    if design.exact.any():
        by_low, low_low = (np.where(design.exact, 0.0, one) for one in (by_low, low_low))
        by_high = np.where(design.exact, 1 - after, by_high)
        high_high = np.where(design.exact, -after, high_high)
    scores = by_low[:, None] * design.at_low + by_high[:, None] * design.at_high
    cross = design.at_low.T @ (low_high[:, None] * design.at_high)
    second = (
        design.at_low.T @ (low_low[:, None] * design.at_low)
        + design.at_high.T @ (high_high[:, None] * design.at_high)
        + cross
        + cross.T
    )
    if design.exact.any():
        rising = design.slopes[design.exact]
        relative = rising / (rising @ theta)[:, None]
        scores[design.exact] += relative
        second -= relative.T @ relative
    return LikelihoodAt(log_likelihood(design, theta), scores, -second)


@dataclass(frozen=True)
class Maximum:
    """Where Newton's method ended."""

    theta: FloatArray
    at: LikelihoodAt
    converged: bool
    n_iterations: int


def maximise(design: IntervalDesign, start: FloatArray) -> Maximum:
    """Maximise the log likelihood by Newton's method from coefficients where it is finite."""
    theta = start
    for step in range(_MOST_STEPS):
        at = likelihood_at(design, theta)
        gradient = at.scores.sum(axis=0)
        along = _ascent(at.information, gradient)
        rise = float(gradient @ along)
        if rise <= _TOLERANCE * max(1.0, abs(at.value)):
            return Maximum(theta, at, True, step)
        length = 1.0
        for _ in range(_MOST_HALVINGS):
            there = theta + length * along
            if log_likelihood(design, there) >= at.value + 1e-4 * length * rise:
                break
            length /= 2
        else:
            # What is left to gain is below rounding, or nothing leads up.
            return Maximum(theta, at, rise < 1e-8 * max(1.0, abs(at.value)), step)
        theta = there
    return Maximum(theta, likelihood_at(design, theta), False, _MOST_STEPS)


def _ascent(information: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return Newton's step, or where the likelihood is not concave one that leads up all the same.

    Eigenvalues are taken without their signs and held away from 0.
    """
    values, vectors = np.linalg.eigh(information)
    held = np.maximum(np.abs(values), 1e-10 * max(float(np.abs(values).max()), 1e-300))
    found: FloatArray = vectors @ ((vectors.T @ gradient) / held)
    return found
