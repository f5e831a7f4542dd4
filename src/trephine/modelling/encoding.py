"""Clinical variables as columns of a design matrix; what is learned here is the cut-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trephine.choices import Continuous
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.modelling.terms import Term, cut_text
from trephine.regression.restricted_spline import (
    FEWEST_KNOTS,
    FEWEST_VALUES,
    harrell_knots,
)
from trephine.types import FloatArray


@dataclass(frozen=True)
class Encoding:
    """Terms of each clinical variable and of each interaction, with cut-offs fixed in training.

    Attributes
    ----------
    terms
        By variable; those of an interaction by its key.
    interactions
        The two variables of each interaction, by its key.
    """

    terms: Mapping[str, tuple[Term, ...]]
    interactions: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def alone(self, key: str) -> tuple[str, ...]:
        """Return what a model of one variable or interaction needs: it, and what it rests on."""
        return (*self.interactions.get(key, ()), key)

    def whole(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Return the keys without the interactions of which a variable is not among them."""
        return tuple(key for key in keys if {*self.interactions.get(key, ())} <= {*keys})

    def resting_on(self, key: str, keys: Sequence[str]) -> tuple[str, ...]:
        """Return the interactions among some keys that need a variable."""
        return tuple(one for one in keys if key in self.interactions.get(one, ()))

    def columns(self, variables: Sequence[str]) -> tuple[Term, ...]:
        """Return the terms of some variables, in order."""
        return tuple(term for variable in variables for term in self.terms[variable])

    def matrix(self, table: ClinicalTable, variables: Sequence[str]) -> FloatArray:
        """Return the design columns of some variables, shape (n, number of terms).

        A missing value gives NaN in each of its variable's columns.
        """
        columns = [term.column(table) for term in self.columns(variables)]
        return np.column_stack(columns) if columns else np.empty((len(table), 0))


def fit_encoding(
    table: ClinicalTable,
    continuous: Continuous,
    interactions: Sequence[tuple[str, str]] = (),
) -> Encoding:
    """Learn the terms of every variable of a table.

    Parameters
    ----------
    table
        Training cases.
    continuous
        ``linear`` keeps values as they are; ``median-cut`` makes two groups at the training
        median, values from the median on being the higher group.
    interactions
        Pairs of variables of the table.

    Notes
    -----
    A level that no training case has gets no column: a model cannot say anything about it, and
    what predicts says so of a later case at that level. Where no training case has the reference
    level itself, the first level that occurs takes its place (``Term.reference``): the columns of
    the others would add up to one in every case. Of a spline whose knots fall together in these
    cases, fewer are left; below three the variable is straight. The columns of an interaction are
    the products of the columns of its variables, as in R's ``model.matrix``; one of two levels that
    no training case has together gets none. Of two splines, products of which neither column is
    straight are left out, as R's ``rms::%ia%`` does.
    """
    terms: dict[str, tuple[Term, ...]] = {}
    for key, variable in table.variables.items():
        if variable.categorical:
            terms[key] = _level_terms(key, variable, table)
        elif variable.spline is not None and continuous == "linear":
            terms[key] = _spline_terms(key, variable, table)
        elif continuous == "linear":
            terms[key] = (Term(key, key, "linear", _with_unit(key, variable)),)
        else:
            terms[key] = (_cut_term(key, variable, table),)
    pairs = {key_of(one, other): (one, other) for one, other in interactions}
    for key, (one, other) in pairs.items():
        terms[key] = _product_terms(key, (terms[one], terms[other]), table)
    return Encoding(terms, pairs)


def key_of(one: str, other: str) -> str:
    """Return the name of the interaction of two variables."""
    return f"{one}:{other}"


def _product_terms(
    key: str, sides: tuple[tuple[Term, ...], tuple[Term, ...]], table: ClinicalTable
) -> tuple[Term, ...]:
    """Return the products of two variables' columns."""
    ones, others = (tuple(_held(term, table) for term in side) for side in sides)
    found = []
    # As R orders them: the first variable's columns go fastest.
    for other in others:
        for one in ones:
            if one.bend and other.bend:
                continue
            name, label = f"{one.name}:{other.name}", f"{one.label} × {other.label}"
            term = Term(name, key, "product", label, parts=(one, other))
            if not term.is_group or np.any(term.column(table) == 1):
                found.append(term)
    return tuple(found)


def _held(term: Term, table: ClinicalTable) -> Term:
    """Return a term with the values at which a nomogram holds it, where it is a number's."""
    if term.is_group:
        return term
    quartiles = np.nanquantile(table.values(term.variable), [0.25, 0.5, 0.75])
    # Rounded, so that what is printed beside an axis is where it stands.
    return replace(term, held=tuple(dict.fromkeys(float(f"{q:.3g}") for q in quartiles)))


def _level_terms(key: str, variable: ClinicalVariable, table: ClinicalTable) -> tuple[Term, ...]:
    seen = seen_levels(key, table)
    reference = seen_reference(variable, seen)
    label = label_of(key, variable)
    return tuple(
        Term(f"{key}={level}", key, "level", f"{label}: {level}", level=level, reference=reference)
        for level in seen
        if level != reference
    )


def _spline_terms(key: str, variable: ClinicalVariable, table: ClinicalTable) -> tuple[Term, ...]:
    """Return the columns of a spline with Harrell's knots; one straight column with too few."""
    values = table.values(key)
    known = values[~np.isnan(values)]
    label = _with_unit(key, variable)
    assert variable.spline is not None
    knots = harrell_knots(known, variable.spline) if known.size >= FEWEST_VALUES else known[:0]
    if knots.size < FEWEST_KNOTS:
        return (Term(key, key, "linear", label),)
    at = tuple(knots.tolist())
    return tuple(
        Term(key + "'" * bend, key, "spline", label + "'" * bend, knots=at, bend=bend)
        for bend in range(len(at) - 1)
    )


def seen_levels(key: str, table: ClinicalTable) -> tuple[str, ...]:
    """Return the levels of a categorical variable that occur, in the declared order."""
    codes = table.values(key)
    present = set(codes[~np.isnan(codes)].astype(int).tolist())
    return tuple(level for code, level in enumerate(table.variables[key].levels) if code in present)


def seen_reference(variable: ClinicalVariable, seen: Sequence[str]) -> str:
    """Return the level that the others are compared with, where only some levels occur."""
    declared = variable.reference_level
    return declared if declared in seen or not seen else seen[0]


def _cut_term(key: str, variable: ClinicalVariable, table: ClinicalTable) -> Term:
    cut = float(np.nanmedian(table.values(key)))
    label = f"{_with_unit(key, variable)} ≥ {cut_text(cut)}"
    return Term(f"{key}>={cut:.6g}", key, "at-least", label, cut=cut)


def _with_unit(key: str, variable: ClinicalVariable) -> str:
    label = label_of(key, variable)
    return f"{label} ({variable.unit})" if variable.unit else label
