"""The exact likelihood of a hazard that is log-linear in time between knots.

A basis function is (c - t)+ v or v, with v free of time. On an interval between two time knots the
log hazard of a case is therefore A t + B, so that its cumulative hazard, and the integrals of t and
t^2 times its hazard, have closed forms: with these three up to every knot, the gradient and the
second derivatives are sums of products.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from trephine.types import BoolArray, FloatArray, IntArray

_NEARLY_FLAT = -0.25
_RECIPROCALS = np.array([1.0 / (k + 3) for k in range(12)])
_INVERSES = np.array([1.0 / (k + 1) for k in range(12)])


class Basis(NamedTuple):
    """k basis functions at n cases; a tuple, so that compiled code can take it.

    Attributes
    ----------
    time, event
        Follow-up of the cases, shape (n,).
    knots
        Time knots, shape (m,), ascending.
    place
        Shape (k,): position of a function's knot; m where the function is free of time.
    falls, level
        Shape (k,): before its knot a function is ``level`` - ``falls`` * t times its column;
        (1, knot), or (0, 1) where it is free of time.
    columns
        Shape (n, k): the parts of the functions that are free of time.
    design
        Shape (n, k): the functions at each case's end of follow-up.
    """

    time: FloatArray
    event: BoolArray
    knots: FloatArray
    place: IntArray
    falls: FloatArray
    level: FloatArray
    columns: FloatArray
    design: FloatArray


class Evaluation(NamedTuple):
    """The likelihood at coefficients.

    Attributes
    ----------
    log_likelihood, score, hessian
        It, its gradient, shape (k,), and its second derivatives, shape (k, k).
    moments
        Shape (n, m + 1, 3): integrals of 1, t and t^2 times each case's hazard up to each knot, or
        to the end of follow-up where that is earlier; the last one up to the end of follow-up.
    """

    log_likelihood: float
    score: FloatArray
    hessian: FloatArray
    moments: FloatArray


@numba.njit(cache=True)
def evaluate(basis: Basis, coefficient: FloatArray) -> Evaluation:
    """Return the log-likelihood and its derivatives at coefficients, shape (k,).

    Notes
    -----
    Kooperberg, Stone and Truong (1995), JASA 90:78-94, section 3.
    """
    k = coefficient.size
    moments = hazard_moments(basis, coefficient)
    total = 0.0
    score = np.zeros(k)
    for i in range(basis.time.size):
        total -= moments[i, -1, 0]
        if basis.event[i]:
            for j in range(k):
                total += basis.design[i, j] * coefficient[j]
                score[j] += basis.design[i, j]
    hessian = np.empty((k, k))
    for j in range(k):
        gradient, cross, information = derivatives_of_one(
            basis.place[j],
            basis.falls[j],
            basis.level[j],
            basis.columns[:, j],
            moments[:, basis.place[j]],
            basis,
            moments,
            j,
        )
        score[j] -= gradient
        hessian[j, :j] = -cross
        hessian[:j, j] = -cross
        hessian[j, j] = -information
    return Evaluation(total, score, hessian, moments)


@numba.njit(cache=True)
def hazard_moments(basis: Basis, coefficient: FloatArray) -> FloatArray:
    """Return the moments of each case's hazard, as in `Evaluation`."""
    moments = np.empty((basis.time.size, basis.knots.size + 1, 3))
    for i in range(basis.time.size):
        start, zeroth, first, second = 0.0, 0.0, 0.0, 0.0
        hazard = np.exp(_line(basis, coefficient, i, 0)[1])
        for interval in range(basis.knots.size + 1):
            stop = _stop(basis, i, interval)
            if stop > start:
                slope, constant = _line(basis, coefficient, i, interval)
                # The hazard has no jumps: where an interval ends it is what the next begins with.
                at_stop = hazard if slope == 0.0 else np.exp(slope * stop + constant)
                more = _moments_between(slope, start, stop, hazard, at_stop)
                zeroth, first, second = zeroth + more[0], first + more[1], second + more[2]
                start, hazard = stop, at_stop
            moments[i, interval, 0] = zeroth
            moments[i, interval, 1] = first
            moments[i, interval, 2] = second
    return moments


@numba.njit(cache=True)
def moments_to(
    knot: float, basis: Basis, coefficient: FloatArray, moments: FloatArray
) -> FloatArray:
    """Return the moments up to a further knot, shape (n, 3), given those up to the others."""
    found = np.empty((basis.time.size, 3))
    interval = int(np.searchsorted(basis.knots, knot))
    start = basis.knots[interval - 1] if interval > 0 else 0.0
    for i in range(basis.time.size):
        if basis.time[i] <= knot:
            found[i] = moments[i, -1]
            continue
        slope, constant = _line(basis, coefficient, i, interval)
        at_start, at_knot = np.exp(slope * start + constant), np.exp(slope * knot + constant)
        found[i] = _moments_between(slope, start, knot, at_start, at_knot)
        if interval > 0:
            found[i] += moments[i, interval - 1]
    return found


@numba.njit(cache=True)
def derivatives_of_one(
    own_place: int,
    own_falls: float,
    own_level: float,
    own_column: FloatArray,
    own_moments: FloatArray,
    basis: Basis,
    moments: FloatArray,
    n_others: int,
) -> tuple[float, FloatArray, float]:
    """Return the derivatives of the summed cumulative hazards that one function brings.

    Parameters
    ----------
    own_place, own_falls, own_level, own_column
        The function, as in `Basis`; one with a knot that is not in ``basis`` has the place of the
        knot before which it ends.
    own_moments
        Shape (n, 3): the moments up to its end.
    basis, moments
        The model.
    n_others
        So many functions of the model, from the first, are taken.

    Returns
    -------
    gradient, cross, information
        Its gradient, its second derivatives with the others, and its own.
    """
    gradient, information = 0.0, 0.0
    cross = np.zeros(n_others)
    for i in range(own_column.size):
        weight = own_column[i]
        if weight == 0.0:
            continue
        zeroth, first, second = own_moments[i]
        with_one = weight * (own_level * zeroth - own_falls * first)
        with_time = weight * (own_level * first - own_falls * second)
        gradient += with_one
        information += weight * (own_level * with_one - own_falls * with_time)
        for k in range(n_others):
            falls, level = basis.falls[k], basis.level[k]
            if basis.place[k] >= own_place:
                shared = level * with_one - falls * with_time
            else:
                # The other function ends earlier.
                zeroth, first, second = moments[i, basis.place[k]]
                other_one = level * zeroth - falls * first
                other_time = level * first - falls * second
                shared = weight * (own_level * other_one - own_falls * other_time)
            cross[k] += basis.columns[i, k] * shared
    return gradient, cross, information


@numba.njit(cache=True)
def _stop(basis: Basis, i: int, interval: int) -> float:
    """Return where an interval ends for a case: at its knot, or with follow-up."""
    if interval < basis.knots.size:
        return min(float(basis.knots[interval]), float(basis.time[i]))
    return float(basis.time[i])


@numba.njit(cache=True)
def _line(basis: Basis, coefficient: FloatArray, i: int, interval: int) -> tuple[float, float]:
    """Return slope and level in time of a case's log hazard on an interval between knots."""
    slope, constant = 0.0, 0.0
    for k in range(coefficient.size):
        if basis.place[k] >= interval:
            weight = coefficient[k] * basis.columns[i, k]
            slope -= weight * basis.falls[k]
            constant += weight * basis.level[k]
    return slope, constant


@numba.njit(cache=True)
def _moments_between(
    slope: float, start: float, stop: float, at_start: float, at_stop: float
) -> tuple[float, float, float]:
    """Return the integrals of 1, t and t^2 times a hazard from start to stop.

    The log hazard has this slope, the hazard these values at both ends. The integrals are taken
    from the end where it is higher, so that nothing cancels however flat it is.
    """
    length = stop - start
    origin, sign, higher, lower = start, 1.0, at_start, at_stop
    if slope > 0.0:
        origin, sign, higher, lower = stop, -1.0, at_stop, at_start
    if higher == 0.0:
        return 0.0, 0.0, 0.0
    zeroth, first, second = _unit_moments(-abs(slope) * length, lower / higher)
    scale = length * higher
    first *= sign * length
    second *= length * length
    return (
        scale * zeroth,
        scale * (origin * zeroth + first),
        scale * (origin * origin * zeroth + 2.0 * origin * first + second),
    )


@numba.njit(cache=True)
def _unit_moments(z: float, at_one: float) -> tuple[float, float, float]:
    """Return the integrals of 1, u and u^2 times exp(z u) from 0 to 1, z <= 0, given exp(z)."""
    if z == 0.0:
        return 1.0, 0.5, 1.0 / 3.0
    if z < _NEARLY_FLAT:
        zeroth = (at_one - 1.0) / z
        first = (at_one - zeroth) / z
        return zeroth, first, (at_one - 2.0 * first) / z
    second, power = 0.0, 1.0
    for k in range(_RECIPROCALS.size):
        second += power * _RECIPROCALS[k]
        power *= z * _INVERSES[k]
    first = (at_one - z * second) / 2.0
    return at_one - z * first, first, second
