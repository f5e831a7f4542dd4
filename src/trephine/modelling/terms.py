"""What a column of a model is; each form of a term answers for itself, and nobody else asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.errors import InputError
from trephine.regression.nomogram import NomogramPredictor
from trephine.regression.restricted_spline import spline_columns
from trephine.types import BoolArray, FloatArray

# The part of a model that is the clinical variables; every other is a feature set.
CLINICAL = "clinical"

TermKind = Literal["linear", "level", "at-least", "spline", "signature"]
# What one hazard ratio is for: a group against the reference, a round number of the value's
# unit, or a standard deviation of a score that has no unit. The columns of a curve have none of
# their own: one value of the variable is compared with another.
Per = Literal["group", "round number", "standard deviation", "curve"]


class TermForm(Protocol):
    """What terms of one kind have in common; a new kind is one more of these in `FORMS`."""

    per: Per

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        """Return the term's values, shape (n,); NaN where the variable is missing."""

    def group(self, term: Term) -> str:
        """Return the name of the cases whose value is 1; empty where values are no groups."""

    def reference(self, term: Term) -> str:
        """Return the name of the cases that they are compared with; empty as above."""


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
        ``cut`` on, else 0), ``spline`` (a column of a restricted cubic spline) or ``signature``.
    label
        To show.
    level, reference
        Of a level's column.
    cut
        Of an ``at-least`` column.
    knots, bend
        Of a spline's columns: its knots, and which column this is; 0 is the value itself.
    """

    name: str
    variable: str
    kind: TermKind
    label: str
    level: str = ""
    reference: str = ""
    cut: float = float("nan")
    knots: tuple[float, ...] = ()
    bend: int = 0

    @property
    def is_signature(self) -> bool:
        """Whether the column is the score of a feature set, not a clinical variable's."""
        return self.kind == "signature"

    @property
    def per(self) -> Per:
        """What one hazard ratio of the term is for."""
        return FORMS[self.kind].per

    @property
    def is_group(self) -> bool:
        """Whether the column is 1 for the cases of a group and 0 for all others."""
        return self.per == "group"

    @property
    def is_curve(self) -> bool:
        """Whether the column is one of several that make a curve of one variable."""
        return self.per == "curve"

    @property
    def has_own_range(self) -> bool:
        """Whether a value outside that of training says something that no other term says."""
        return self.bend == 0

    @property
    def group(self) -> str:
        """Name of the group whose column this is, such as ``IIIA`` or ``≥ 42``; else empty."""
        return FORMS[self.kind].group(self)

    @property
    def reference_group(self) -> str:
        """Name of the group that this one is compared with; else empty."""
        return FORMS[self.kind].reference(self)

    def column(self, table: ClinicalTable) -> FloatArray:
        """Return the values of a clinical term, shape (n,); NaN where missing.

        Raises
        ------
        InputError
            If the term is a signature.
        """
        return FORMS[self.kind].column(self, table)

    def members(self, table: ClinicalTable) -> BoolArray:
        """Return the cases that the term's row of a table counts, shape (n,).

        Those of its group; where it has none, those with a value.
        """
        column = self.column(table)
        return column == 1 if self.is_group else ~np.isnan(column)


class _Linear:
    per: Per = "round number"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        return table.values(term.variable)

    def group(self, term: Term) -> str:
        return ""

    reference = group


class _Level:
    per: Per = "group"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        values = table.values(term.variable)
        code = table.variables[term.variable].levels.index(term.level)
        return np.where(np.isnan(values), np.nan, (values == code).astype(np.float64))

    def group(self, term: Term) -> str:
        return term.level

    def reference(self, term: Term) -> str:
        return term.reference


class _AtLeast:
    per: Per = "group"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        values = table.values(term.variable)
        return np.where(np.isnan(values), np.nan, (values >= term.cut).astype(np.float64))

    def group(self, term: Term) -> str:
        return f"≥ {cut_text(term.cut)}"

    def reference(self, term: Term) -> str:
        return f"< {cut_text(term.cut)}"


class _Spline:
    per: Per = "curve"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        columns = spline_columns(table.values(term.variable), np.array(term.knots))
        return np.asarray(columns[:, term.bend])

    def group(self, term: Term) -> str:
        return ""

    reference = group


class _Signature:
    per: Per = "standard deviation"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        raise InputError(f"term {term.name}: a signature is not a clinical variable")

    def group(self, term: Term) -> str:
        return ""

    reference = group


FORMS: Mapping[TermKind, TermForm] = {
    "linear": _Linear(),
    "level": _Level(),
    "at-least": _AtLeast(),
    "spline": _Spline(),
    "signature": _Signature(),
}


def cut_text(cut: float) -> str:
    """Return a cut-off as tables and axes print it."""
    return f"{cut:.4g}"


def signatures_of(terms: Sequence[Term]) -> tuple[str, ...]:
    """Return the feature sets whose signatures are among the terms, in order."""
    return tuple(term.variable for term in terms if term.is_signature)


def clinical_of(terms: Sequence[Term]) -> tuple[str, ...]:
    """Return the clinical variables that the terms belong to, each once, in order."""
    return tuple(dict.fromkeys(term.variable for term in terms if not term.is_signature))


def axis_of(
    terms: Sequence[Term],
    label: str,
    coefficients: Sequence[float],
    low: float,
    high: float,
) -> NomogramPredictor:
    """Return one variable as an axis of a nomogram.

    Parameters
    ----------
    terms
        Of the variable, one at least.
    label
        Of the axis.
    coefficients
        Of the terms.
    low, high
        Range of the first term in training.
    """
    first = terms[0]
    if first.is_group:
        groups = (first.reference_group, *(term.group for term in terms))
        return NomogramPredictor(first.variable, label, (0.0, *coefficients), groups)
    effects = tuple(coefficients) if first.is_curve else (coefficients[0],)
    return NomogramPredictor(first.variable, label, effects, low=low, high=high, knots=first.knots)


def reading_of(terms: Sequence[Term], values: Sequence[float]) -> float | str:
    """Return where a case stands on its variable's axis: its value, or the name of its group.

    Parameters
    ----------
    terms, values
        Of the variable, and the case's values of them.
    """
    first = terms[0]
    if not first.is_group:
        return float(values[0])
    own = (term.group for term, value in zip(terms, values, strict=True) if value == 1)
    return next(own, first.reference_group)
