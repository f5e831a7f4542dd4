"""Which basis function would help a hazard regression most: Rao's score test and knot searches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np

from trephine.survival.hare_algebra import reciprocal_condition, solved
from trephine.survival.hare_likelihood import Basis, Evaluation, derivatives_of_one, moments_to
from trephine.survival.hare_model import LINEAR, BasisFunction, HareModel
from trephine.survival.hare_newton import HareFit
from trephine.types import FloatArray, IntArray

_MAX_KNOTS = 20
_BETWEEN_KNOTS = 5
"""Order statistics that a new knot leaves between itself and those that are there."""
_LEAST_RECIPROCAL_CONDITION = 1e-13


@dataclass(frozen=True)
class Candidate:
    """A basis function that a model lacks, its part free of time, and Rao's statistic of it."""

    term: BasisFunction
    column: FloatArray
    rao: float

    def added_to(self, model: HareModel) -> HareModel:
        """Return the model with the function, its coefficient 0."""
        return model.with_term(self.term, self.column)


def best_candidate(fit: HareFit) -> tuple[Candidate | None, Candidate | None]:
    """Return the best of all that may be added, and the best new knot in the covariate.

    A function may be added where those on which it rests are in the model: a knot in time, x,
    a knot in x after x, and the product of a part in time and a part in x after both.
    The first of equals is kept. None where nothing raises the likelihood.
    """
    model = fit.model
    best = _new_time_knot(fit)
    covariate_knot = None
    if LINEAR not in model.terms:
        best = _better(best, _judged(fit, LINEAR, model.data.x))
    else:
        covariate_knot = _new_covariate_knot(fit)
        best = _better(best, covariate_knot)
        for product in _products(model):
            best = _better(best, _judged(fit, product, product.at(model.data.x)))
    return (best if best is not None and best.rao > 0.0 else None), covariate_knot


def _better(best: Candidate | None, other: Candidate | None) -> Candidate | None:
    if other is None or (best is not None and not other.rao > best.rao):
        return best
    return other


def _products(model: HareModel) -> Iterator[BasisFunction]:
    for knot in map(float, model.basis.knots):
        if BasisFunction(knot, "linear") not in model.terms:
            yield BasisFunction(knot, "linear")
            continue
        for part in model.covariate_knots:
            if BasisFunction(knot, part) not in model.terms:
                yield BasisFunction(knot, part)


def _judged(fit: HareFit, term: BasisFunction, column: FloatArray) -> Candidate | None:
    """Return a function with Rao's statistic, None where the model nearly holds it already."""
    knot = np.inf if term.time_knot is None else term.time_knot
    model = fit.model
    rao = _rao_statistic(model.basis, model.coefficient, fit.evaluation, fit.gram, knot, column)
    return None if np.isnan(rao) else Candidate(term, column, rao)


@numba.njit(cache=True)
def _rao_statistic(
    basis: Basis,
    coefficient: FloatArray,
    fitted: Evaluation,
    gram: FloatArray,
    knot: float,
    column: FloatArray,
) -> float:
    """Return -S' H^-1 S of the model with one more function, (knot - t)+ or 1 times ``column``.

    S is the whole gradient at coefficient 0 of the function: the model's own part of it is not
    quite zero where Newton's method ended. NaN where the functions nearly depend on each other,
    or the Hessian is singular.
    """
    free = np.isinf(knot)
    falls, level = (0.0, 1.0) if free else (1.0, knot)
    values = column * np.maximum(level - falls * basis.time, 0.0)
    products = _bordered(gram, values @ basis.design, float(values @ values))
    if not reciprocal_condition(products) >= _LEAST_RECIPROCAL_CONDITION:
        return np.nan
    place = int(np.searchsorted(basis.knots, knot))
    known = free or (place < basis.knots.size and basis.knots[place] == knot)
    own = (
        fitted.moments[:, place].copy()
        if known
        else moments_to(knot, basis, coefficient, fitted.moments)
    )
    gradient, cross, information = derivatives_of_one(
        place, falls, level, column, own, basis, fitted.moments, coefficient.size
    )
    score = np.append(fitted.score, values[basis.event].sum() - gradient)
    hessian = _bordered(fitted.hessian, -cross, -information)
    return -float(score @ solved(hessian, score))


@numba.njit(cache=True)
def _bordered(matrix: FloatArray, border: FloatArray, corner: float) -> FloatArray:
    """Return a symmetric matrix with one more row and column."""
    k = border.size
    found = np.empty((k + 1, k + 1))
    found[:k, :k] = matrix
    found[k, :k] = border
    found[:k, k] = border
    found[k, k] = corner
    return found


def _new_time_knot(fit: HareFit) -> Candidate | None:
    model = fit.model
    if model.basis.knots.size >= _MAX_KNOTS:
        return None
    place, rao = _searched(fit, model.data.event_times, list(model.basis.knots), in_time=True)
    if place < 0:
        return None
    knot = float(model.data.event_times[place])
    return Candidate(BasisFunction(knot), np.ones_like(model.data.x), rao)


def _new_covariate_knot(fit: HareFit) -> Candidate | None:
    model, data = fit.model, fit.model.data
    if data.is_binary or 1 + len(model.covariate_knots) >= _MAX_KNOTS:
        return None
    place, rao = _searched(fit, data.sorted_x, model.covariate_knots, in_time=False)
    if place < 0:
        return None
    # polspline keeps the knot in single precision but fits at the value in the data.
    knot = float(data.sorted_x[place])
    return Candidate(
        BasisFunction(covariate=float(np.float32(knot))), np.maximum(data.x - knot, 0.0), rao
    )


def _searched(
    fit: HareFit, values: FloatArray, knots: list[float], *, in_time: bool
) -> tuple[int, float]:
    """Return the place of the best knot among sorted values, -1 for none, and its statistic."""
    model = fit.model
    starts = np.array(list(_starts(values, knots)), dtype=np.int64).reshape(-1, 3)
    return _search(
        model.basis,
        model.coefficient,
        fit.evaluation,
        fit.gram,
        model.data.x,
        values,
        starts,
        in_time,
    )


@numba.njit(cache=True)
def _rao_of_knot(
    basis: Basis,
    coefficient: FloatArray,
    fitted: Evaluation,
    gram: FloatArray,
    x: FloatArray,
    knot: float,
    in_time: bool,
) -> float:
    if in_time:
        return _rao_statistic(basis, coefficient, fitted, gram, knot, np.ones(x.size))
    column = np.maximum(x - knot, 0.0)
    return _rao_statistic(basis, coefficient, fitted, gram, np.inf, column)


@numba.njit(cache=True)
def _search(
    basis: Basis,
    coefficient: FloatArray,
    fitted: Evaluation,
    gram: FloatArray,
    x: FloatArray,
    values: FloatArray,
    starts: IntArray,
    in_time: bool,
) -> tuple[int, float]:
    """Find the best knot by halving the range around the best so far; see `_searched`."""
    place, low, high, rao = -1, 0, 0, -np.inf
    for start, first, last in starts:
        knot = values[start]
        tried = _rao_of_knot(basis, coefficient, fitted, gram, x, knot, in_time)
        if tried > rao:
            place, low, high, rao = start, first, last, tried
    while place >= 0 and values[high] > values[low]:
        above, below = _above(values, place, high), _below(values, place, low)
        up, down = np.nan, np.nan
        if above >= 0:
            knot = values[above]
            up = _rao_of_knot(basis, coefficient, fitted, gram, x, knot, in_time)
        if below >= 0:
            knot = values[below]
            down = _rao_of_knot(basis, coefficient, fitted, gram, x, knot, in_time)
        # The lower of the two has to beat the upper one; NaN beats nothing.
        if down > rao and not up >= down:
            place, high, rao = below, place, down
        elif up > rao:
            place, low, rao = above, place, up
        else:
            break
    return place, rao


def _starts(values: FloatArray, knots: list[float]) -> Iterator[tuple[int, int, int]]:
    """Yield where a search begins, and the first and last place of its range."""
    n = values.size
    if not knots:
        yield 3 * n // 4, n // 2, n - 1
        yield n // 2, n // 4, 3 * n // 4
        yield n // 4, 0, n // 2
        return
    gap = _BETWEEN_KNOTS + 1
    upper = _first_at_least(values, knots[0])
    if upper >= _BETWEEN_KNOTS:
        start = (upper - 1) // 2
        start = upper - gap if upper - start < gap else start
        if start >= 0:
            yield start, 0, upper - gap
    for left, right in pairwise(knots):
        lower, upper = _last_at_most(values, left), _first_at_least(values, right)
        if upper - lower >= 2 * _BETWEEN_KNOTS + 1:
            yield (upper + lower) // 2, lower + gap, upper - gap
    lower = _last_at_most(values, knots[-1])
    if n - 1 - lower >= _BETWEEN_KNOTS:
        start = (n + lower) // 2
        start = lower + gap if start - lower < gap else start
        if start < n:
            yield start, lower + gap, n - 1


def _first_at_least(values: FloatArray, knot: float) -> int:
    return min(int(np.searchsorted(values, knot, side="left")), values.size - 1)


def _last_at_most(values: FloatArray, knot: float) -> int:
    return max(int(np.searchsorted(values, knot, side="right")) - 1, 0)


@numba.njit(cache=True)
def _above(values: FloatArray, place: int, high: int) -> int:
    """Return the place halfway up to ``high`` that holds another value; -1 for none."""
    if values[place] == values[high]:
        return -1
    middle = (high + place + 1) // 2
    if values[middle] == values[place]:
        middle = (middle + high) // 2
    return high if values[middle] == values[place] else middle


@numba.njit(cache=True)
def _below(values: FloatArray, place: int, low: int) -> int:
    """Return the place halfway down to ``low`` that holds another value; -1 for none."""
    if values[place] == values[low]:
        return -1
    middle = max(place + low - 1, 0) // 2
    if values[middle] == values[place]:
        middle = (middle + low) // 2
    return low if values[middle] == values[place] else middle
