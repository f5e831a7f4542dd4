"""Which basis function would help a hazard regression most: Rao's score test and knot searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np

from trephine.survival.hare_likelihood import Basis, Evaluation, derivatives_of_one, moments_to
from trephine.survival.hare_model import LINEAR, HareModel, Term
from trephine.survival.hare_newton import HareFit
from trephine.types import FloatArray

_MAX_KNOTS = 20
_BETWEEN_KNOTS = 5
"""Order statistics that a new knot leaves between itself and those that are there."""
_LEAST_RECIPROCAL_CONDITION = 1e-13


@dataclass(frozen=True)
class Candidate:
    """A basis function that a model lacks, its part free of time, and Rao's statistic of it."""

    term: Term
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


def _products(model: HareModel) -> Iterator[Term]:
    for knot in map(float, model.basis.knots):
        if Term(knot, "linear") not in model.terms:
            yield Term(knot, "linear")
            continue
        for part in model.covariate_knots:
            if Term(knot, part) not in model.terms:
                yield Term(knot, part)


def _judged(fit: HareFit, term: Term, column: FloatArray) -> Candidate | None:
    """Return a function with Rao's statistic, None where the model nearly holds it already."""
    knot = np.inf if term.time_knot is None else term.time_knot
    model = fit.model
    try:
        rao = _rao_statistic(model.basis, model.coefficient, fit.evaluation, fit.gram, knot, column)
    except np.linalg.LinAlgError:
        return None
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
    quite zero where Newton's method ended. NaN where the functions nearly depend on each other.
    """
    free = np.isinf(knot)
    falls, level = (0.0, 1.0) if free else (1.0, knot)
    values = column * np.maximum(level - falls * basis.time, 0.0)
    products = _bordered(gram, values @ basis.design, float(values @ values))
    if not np.isfinite(products).all():
        return np.nan
    if 1.0 / np.linalg.cond(products, 1) < _LEAST_RECIPROCAL_CONDITION:
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
    return -float(score @ np.linalg.solve(hessian, score))


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
    knots, data = list(fit.model.basis.knots), fit.model.data
    if len(knots) >= _MAX_KNOTS:
        return None
    ones = np.ones_like(data.x)
    return _search(data.event_times, knots, lambda knot: _judged(fit, Term(knot), ones))


def _new_covariate_knot(fit: HareFit) -> Candidate | None:
    knots, data = fit.model.covariate_knots, fit.model.data
    if data.is_binary or 1 + len(knots) >= _MAX_KNOTS:
        return None

    def at(knot: float) -> Candidate | None:
        # polspline keeps the knot in single precision but fits at the value in the data.
        rounded = Term(covariate=float(np.float32(knot)))
        return _judged(fit, rounded, np.maximum(data.x - knot, 0.0))

    return _search(data.sorted_x, knots, at)


def _search(
    values: FloatArray, knots: list[float], at: Callable[[float], Candidate | None]
) -> Candidate | None:
    """Find the best knot among sorted values, by halving the range around the best so far."""
    best: Candidate | None = None
    place = low = high = 0
    for start, first, last in _starts(values, knots):
        tried = at(float(values[start]))
        if tried is not None and (best is None or tried.rao > best.rao):
            best, place, low, high = tried, start, first, last
    if best is None:
        return None
    while values[high] > values[low]:
        above, below = _above(values, place, high), _below(values, place, low)
        up = at(float(values[above])) if above is not None else None
        down = at(float(values[below])) if below is not None else None
        rao = best.rao
        rao_up = max(rao, up.rao) if up is not None else rao
        # The lower of the two has to beat the upper one.
        rao_down = max(rao_up, down.rao) if down is not None else rao
        if rao >= rao_down and rao >= rao_up:
            break
        if rao_down > rao_up and down is not None and below is not None:
            best, high, place = down, place, below
        elif up is not None and above is not None:
            best, low, place = up, place, above
    return best


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


def _above(values: FloatArray, place: int, high: int) -> int | None:
    """Return the place halfway up to ``high`` whose value differs from the one at ``place``."""
    if values[place] == values[high]:
        return None
    middle = (high + place + 1) // 2
    if values[middle] == values[place]:
        middle = (middle + high) // 2
    return high if values[middle] == values[place] else middle


def _below(values: FloatArray, place: int, low: int) -> int | None:
    """Return the place halfway down to ``low`` whose value differs from the one at ``place``."""
    if values[place] == values[low]:
        return None
    middle = max(place + low - 1, 0) // 2
    if values[middle] == values[place]:
        middle = (middle + low) // 2
    return low if values[middle] == values[place] else middle
