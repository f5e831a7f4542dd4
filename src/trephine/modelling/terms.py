"""What a column of a model is; each form of a term answers for itself, and nobody else asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.errors import InputError
from trephine.regression.restricted_spline import spline_columns
from trephine.types import BoolArray, FloatArray

# The part of a model that is the clinical variables; every other is a feature set.
CLINICAL = "clinical"

TermKind = Literal["linear", "level", "at-least", "spline", "product", "signature"]
# What one hazard ratio is for: a group against the reference, a round number of the value's
# unit, or a standard deviation of a score that has no unit. The columns of a curve have none of
# their own: one value of the variable is compared with another.
Per = Literal["group", "round number", "standard deviation", "curve"]


class TermForm(Protocol):
    """What terms of one kind have in common; a new kind is one more of these in `FORMS`."""

    def per(self, term: Term) -> Per:
        """Return what one hazard ratio of the term is for."""

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
        Clinical variable or feature set that the column belongs to; of a product the interaction,
        such as ``age:arco``.
    kind
        ``linear`` (the value itself), ``level`` (1 at ``level``, else 0), ``at-least`` (1 from
        ``cut`` on, else 0), ``spline`` (a column of a restricted cubic spline), ``product`` (of two
        of the others, as R's ``model.matrix`` codes an interaction) or ``signature``.
    label
        To show.
    level, reference
        Of a level's column.
    cut
        Of an ``at-least`` column.
    knots, bend
        Of a spline's columns: its knots, and which column this is; 0 is the value itself.
    parts
        Of a product: the two columns that are multiplied.
    held
        Of a product's part that is a number: the values at which a nomogram holds it, which are
        the quartiles of the training cases.
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
    parts: tuple[Term, ...] = ()
    held: tuple[float, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """The clinical variables that a case must state for the column; none of a signature."""
        if self.is_signature:
            return ()
        return tuple(part.variable for part in self.parts) or (self.variable,)

    @property
    def is_product(self) -> bool:
        """Whether the column is an interaction's."""
        return self.kind == "product"

    @property
    def is_signature(self) -> bool:
        """Whether the column is the score of a feature set, not a clinical variable's."""
        return self.kind == "signature"

    @property
    def per(self) -> Per:
        """What one hazard ratio of the term is for."""
        return FORMS[self.kind].per(self)

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
        return self.bend == 0 and not self.is_product

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
        if self.parts:
            one, other = (part.members(table) for part in self.parts)
            return one & other
        column = self.column(table)
        return column == 1 if self.is_group else ~np.isnan(column)


class _Linear:
    def per(self, term: Term) -> Per:
        return "round number"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        return table.values(term.variable)

    def group(self, term: Term) -> str:
        return ""

    reference = group


class _Level:
    def per(self, term: Term) -> Per:
        return "group"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        values = table.values(term.variable)
        code = table.variables[term.variable].levels.index(term.level)
        return np.where(np.isnan(values), np.nan, (values == code).astype(np.float64))

    def group(self, term: Term) -> str:
        return term.level

    def reference(self, term: Term) -> str:
        return term.reference


class _AtLeast:
    def per(self, term: Term) -> Per:
        return "group"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        values = table.values(term.variable)
        return np.where(np.isnan(values), np.nan, (values >= term.cut).astype(np.float64))

    def group(self, term: Term) -> str:
        return f"≥ {cut_text(term.cut)}"

    def reference(self, term: Term) -> str:
        return f"< {cut_text(term.cut)}"


class _Spline:
    def per(self, term: Term) -> Per:
        return "curve"

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        columns = spline_columns(table.values(term.variable), np.array(term.knots))
        return np.asarray(columns[:, term.bend])

    def group(self, term: Term) -> str:
        return ""

    reference = group


class _Product:
    def per(self, term: Term) -> Per:
        each = {part.per for part in term.parts}
        return next(per for per in ("curve", "round number", "group") if per in each)

    def column(self, term: Term, table: ClinicalTable) -> FloatArray:
        one, other = (part.column(table) for part in term.parts)
        return one * other

    def group(self, term: Term) -> str:
        return " and ".join(part.group for part in term.parts) if term.is_group else ""

    def reference(self, term: Term) -> str:
        # An interaction compares hazard ratios, not one group of cases with another.
        return ""


class _Signature:
    def per(self, term: Term) -> Per:
        return "standard deviation"

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
    "product": _Product(),
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
    return tuple(dict.fromkeys(key for term in terms for key in term.variables))


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
