"""Clinical variables as columns of a design matrix; what is learned here is the cut-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.choices import Continuous
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.errors import InputError
from trephine.types import FloatArray


@dataclass(frozen=True)
class Term:
    """One column of a model.

    Attributes
    ----------
    name
        Unique in a model: ``arco=IIIA``, ``age``, ``age>=42``, or a signature's name.
    variable
        Clinical variable or feature set that the column belongs to.
    kind
        ``linear`` (the value itself), ``level`` (1 at ``level``, else 0), ``at-least`` (1 from
        ``cut`` on, else 0) or ``signature``.
    label
        To show.
    level, reference
        Of a level's column.
    cut
        Of an ``at-least`` column.
    """

    name: str
    variable: str
    kind: Literal["linear", "level", "at-least", "signature"]
    label: str
    level: str = ""
    reference: str = ""
    cut: float = float("nan")


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
        columns = [encode_term(term, table) for term in self.columns(variables)]
        return np.column_stack(columns) if columns else np.empty((len(table), 0))


def fit_encoding(table: ClinicalTable, continuous: Continuous) -> Encoding:
    """Learn the terms of every variable of a table.

    Parameters
    ----------
    table
        Training cases.
    continuous
        ``linear`` keeps values as they are; ``median-cut`` makes two groups at the training
        median, values from the median on being the higher group (paper.md, Statistical analysis
        and Table 2).

    Notes
    -----
    A level that no training case has gets no column: a model cannot say anything about it, and
    what predicts says so of a later case at that level. Where no training case has the reference
    level itself, the first level that occurs takes its place (``Term.reference``): the columns of
    the others would add up to one in every case.
    """
    terms = {}
    for key, variable in table.variables.items():
        if variable.categorical:
            terms[key] = _level_terms(key, variable, table)
        elif continuous == "linear":
            terms[key] = (Term(key, key, "linear", _with_unit(key, variable)),)
        else:
            terms[key] = (_cut_term(key, variable, table),)
    return Encoding(terms)


def encode_term(term: Term, table: ClinicalTable) -> FloatArray:
    """Return the column of one clinical term, shape (n,)."""
    values = table.values(term.variable)
    if term.kind == "linear":
        return values
    if term.kind == "level":
        code = table.variables[term.variable].levels.index(term.level)
        return np.where(np.isnan(values), np.nan, (values == code).astype(np.float64))
    if term.kind == "at-least":
        return np.where(np.isnan(values), np.nan, (values >= term.cut).astype(np.float64))
    raise InputError(f"term {term.name}: a signature is not a clinical variable")


def _level_terms(key: str, variable: ClinicalVariable, table: ClinicalTable) -> tuple[Term, ...]:
    seen = seen_levels(key, table)
    reference = seen_reference(variable, seen)
    label = label_of(key, variable)
    return tuple(
        Term(f"{key}={level}", key, "level", f"{label}: {level}", level=level, reference=reference)
        for level in seen
        if level != reference
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


def cut_text(cut: float) -> str:
    """Return a cut-off as tables and axes print it."""
    return f"{cut:.4g}"


def _with_unit(key: str, variable: ClinicalVariable) -> str:
    label = label_of(key, variable)
    return f"{label} ({variable.unit})" if variable.unit else label
