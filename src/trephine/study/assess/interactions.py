"""Variables whose effects depend on one another: the effect of one where the others are held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import ndtr, ndtri

from trephine.cohort.schema import ClinicalTable
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.points import settings_of
from trephine.modelling.terms import Term
from trephine.regression.cox_result import CoxResult
from trephine.regression.nomogram import Setting
from trephine.regression.restricted_spline import spline_columns
from trephine.types import Estimate, FloatArray


@dataclass(frozen=True)
class HeldEffect:
    """The effect of one variable where those that it interacts with are held.

    Attributes
    ----------
    variable
        Its key.
    place
        Of the term that changes, among the model's; of a curve its first.
    quartiles
        Of a curve, the first and the third in training, which are compared; None for others, of
        which one unit, or one group with the reference, is.
    settings
        What is held, and where.
    ratio, p_value
        Hazard ratio with its interval; Wald's.
    """

    variable: str
    place: int
    quartiles: tuple[float, float] | None
    settings: tuple[Setting, ...]
    ratio: Estimate
    p_value: float


@dataclass(frozen=True)
class HeldOthers:
    """One combination of values at which those that a variable interacts with are held.

    Attributes
    ----------
    settings
        One of each; none for a variable that interacts with no other.
    held
        Value of each of their columns there, by the name of the term.
    """

    settings: tuple[Setting, ...]
    held: Mapping[str, float]


def partners(terms: Sequence[Term], variable: str) -> tuple[str, ...]:
    """Return the variables that one interacts with in a model, each once."""
    pairs = [term.variables for term in terms if term.is_product and variable in term.variables]
    return tuple(dict.fromkeys(key for pair in pairs for key in pair if key != variable))


def combinations(
    model: FittedModel, variable: str, units: Mapping[str, str]
) -> Iterator[HeldOthers]:
    """Yield every combination of levels, or quartiles, of what a variable interacts with."""
    others = partners(model.terms, variable)
    for settings in product(*(settings_of(model, key, units.get(key, "")) for key in others)):
        held = {
            model.terms[j].name: value
            for one in settings
            for j, value in zip(one.columns, one.values, strict=True)
        }
        yield HeldOthers(settings, held)


def change_within(
    result: CoxResult,
    terms: Sequence[Term],
    change: Mapping[str, FloatArray],
    held: Mapping[str, float],
) -> tuple[FloatArray, FloatArray]:
    """Return log hazard ratio and standard error of k changes of a variable, each of shape (k,).

    As R's ``rms::contrast``: the difference of the columns, products included, times coefficients
    and covariance.

    Parameters
    ----------
    result, terms
        A model.
    change
        Of each column of the variable, shape (k,), by the name of the term.
    held
        Value of each column that it interacts with, by the name of the term.
    """
    size = next(iter(change.values())).size
    rows = np.zeros((size, len(result.names)))
    for term in terms:
        place = result.names.index(term.name)
        if term.name in change:
            rows[:, place] = change[term.name]
        for own, other in zip(term.parts, reversed(term.parts), strict=True):
            if own.name in change:
                rows[:, place] = change[own.name] * held[other.name]
    variance = np.einsum("ki,ij,kj->k", rows, result.covariance, rows)
    return rows @ result.coefficients, np.sqrt(np.maximum(variance, 0.0))


def ratio_within(
    result: CoxResult,
    terms: Sequence[Term],
    change: Mapping[str, float],
    held: Mapping[str, float],
) -> tuple[Estimate, float]:
    """Return the hazard ratio of one change with its interval, and p; see `change_within`."""
    as_arrays = {name: np.array([value]) for name, value in change.items()}
    found, error = (float(one[0]) for one in change_within(result, terms, as_arrays, held))
    half = float(ndtri(0.5 + result.level / 2)) * error
    ratio = float(np.exp(found))
    limits = float(np.exp(found - half)), float(np.exp(found + half))
    p_value = float(2 * ndtr(-abs(found / error))) if error > 0 else float("nan")
    return Estimate(ratio, *limits, result.level, ratio * error), p_value


def effects_of_each(
    result: CoxResult, model: FittedModel, design: FloatArray, table: ClinicalTable
) -> Iterator[HeldEffect]:
    """Yield the effects of each variable that interacts, at every combination of the others.

    Combinations of levels that no training case has are left out.

    Parameters
    ----------
    result, model
        The model, and its coefficients as tables show them.
    design
        Its training columns, shape (n, q).
    table
        Its training cases.
    """
    units = {key: variable.unit for key, variable in table.variables.items()}
    products = [term for term in model.terms if term.is_product]
    for key in dict.fromkeys(key for term in products for key in term.variables):
        changes = list(_changes(key, model.terms, table))
        for within in combinations(model, key, units):
            for place, quartiles, change in changes:
                if _occurs(model.terms, design, change, within):
                    ratio, p_value = ratio_within(result, model.terms, change, within.held)
                    yield HeldEffect(key, place, quartiles, within.settings, ratio, p_value)


def _occurs(
    terms: Sequence[Term], design: FloatArray, change: Mapping[str, float], within: HeldOthers
) -> bool:
    """Say whether a training case has the levels that are held and the one that is compared."""
    at = {**within.held, **{name: step for name, step in change.items() if step}}
    own = [design[:, j] == at[t.name] for j, t in enumerate(terms) if t.is_group and t.name in at]
    return not own or bool(np.all(own, axis=0).any())


def _changes(
    key: str, terms: Sequence[Term], table: ClinicalTable
) -> Iterator[tuple[int, tuple[float, float] | None, dict[str, float]]]:
    """Yield what of a variable is compared: which term, quartiles, and the change of columns."""
    own = [j for j, term in enumerate(terms) if term.variable == key]
    first = terms[own[0]]
    if first.is_curve:
        low, high = np.nanquantile(table.values(key), [0.25, 0.75]).tolist()
        columns = spline_columns(np.array([low, high]), np.array(first.knots))
        change = columns[1] - columns[0]
        yield own[0], (low, high), {terms[j].name: float(change[terms[j].bend]) for j in own}
        return
    for j in own:
        yield j, None, {terms[k].name: float(k == j) for k in own}
