"""Clinical variables as columns of a design matrix; what is learned here is the cut-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    """Terms of each clinical variable, with cut-offs fixed in training."""

    terms: Mapping[str, tuple[Term, ...]]

    def columns(self, variables: Sequence[str]) -> tuple[Term, ...]:
        """Return the terms of some variables, in order."""
        return tuple(term for variable in variables for term in self.terms[variable])

    def matrix(self, table: ClinicalTable, variables: Sequence[str]) -> FloatArray:
        """Return the design columns of some variables, shape (n, number of terms).

        A missing value gives NaN in each of its variable's columns.
        """
        columns = [term.column(table) for term in self.columns(variables)]
        return np.column_stack(columns) if columns else np.empty((len(table), 0))


def fit_encoding(table: ClinicalTable, continuous: Continuous) -> Encoding:
    """Learn the terms of every variable of a table.

    Parameters
    ----------
    table
        Training cases.
    continuous
        ``linear`` keeps values as they are; ``median-cut`` makes two groups at the training
        median, values from the median on being the higher group.

    Notes
    -----
    A level that no training case has gets no column: a model cannot say anything about it, and
    what predicts says so of a later case at that level. Where no training case has the reference
    level itself, the first level that occurs takes its place (``Term.reference``): the columns of
    the others would add up to one in every case. Of a spline whose knots fall together in these
    cases, fewer are left; below three the variable is straight.
    """
    terms = {}
    for key, variable in table.variables.items():
        if variable.categorical:
            terms[key] = _level_terms(key, variable, table)
        elif variable.spline is not None and continuous == "linear":
            terms[key] = _spline_terms(key, variable, table)
        elif continuous == "linear":
            terms[key] = (Term(key, key, "linear", _with_unit(key, variable)),)
        else:
            terms[key] = (_cut_term(key, variable, table),)
    return Encoding(terms)


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
