"""Basis functions of a hazard regression on one covariate, and models made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from trephine.survival.hare_likelihood import Basis
from trephine.types import BoolArray, FloatArray

CovariatePart = float | Literal["linear"] | None
"""(x - a)+ by its knot a, x, or None where a basis function is free of the covariate."""


@dataclass(frozen=True)
class BasisFunction:
    """A basis function: the product of a part in time and a part in the covariate.

    Attributes
    ----------
    time_knot
        c of (c - t)+; None where the function is free of time.
    covariate
        Its part in the covariate. A knot is rounded to single precision, as polspline keeps it.
    """

    time_knot: float | None = None
    covariate: CovariatePart = None

    @property
    def is_product(self) -> bool:
        """Whether it depends on time and on the covariate."""
        return self.time_knot is not None and self.covariate is not None

    def rests_on(self, other: BasisFunction) -> bool:
        """Say whether this function may not stay without ``other``."""
        if other == self:
            return False
        if other.is_product:
            return (
                self.is_product
                and self.time_knot == other.time_knot
                and other.covariate == "linear"
            )
        if other.time_knot is not None:
            return self.time_knot == other.time_knot
        if other.covariate == "linear":
            return self.covariate is not None
        return other.covariate is not None and self.covariate == other.covariate

    def at(self, x: FloatArray) -> FloatArray:
        """Return the part in the covariate at ``x``, shape (n,)."""
        if self.covariate is None:
            return np.ones_like(x)
        return x if self.covariate == "linear" else np.maximum(x - self.covariate, 0.0)


CONSTANT = BasisFunction()
LINEAR = BasisFunction(covariate="linear")


def basis_of(
    terms: Sequence[BasisFunction], columns: FloatArray, time: FloatArray, event: BoolArray
) -> Basis:
    """Return basis functions at cases, as the likelihood takes them.

    Parameters
    ----------
    terms
        The k functions.
    columns
        Shape (n, k): their parts free of time.
    time, event
        Shape (n,).
    """
    knots = np.array(sorted({t.time_knot for t in terms if t.time_knot is not None}))
    own = np.array([np.inf if term.time_knot is None else term.time_knot for term in terms])
    falls = np.where(np.isinf(own), 0.0, 1.0)
    level = np.where(np.isinf(own), 1.0, own)
    place = np.searchsorted(knots, own)
    design = columns * np.maximum(level - falls * time[:, None], 0.0)
    return Basis(time, event, knots, place, falls, level, columns, design)


@dataclass(frozen=True)
class HareData:
    """Follow-up and covariate of n cases, in order of time and then of the covariate."""

    time: FloatArray
    event: BoolArray
    x: FloatArray

    @classmethod
    def ordered(cls, time: FloatArray, event: BoolArray, x: FloatArray) -> HareData:
        """Put cases in order, so that sums are rounded alike whatever order they come in."""
        order = np.lexsort((x, time))
        return cls(time[order], event[order], x[order])

    @cached_property
    def event_times(self) -> FloatArray:
        """Times of the events, ascending."""
        return self.time[self.event]

    @cached_property
    def sorted_x(self) -> FloatArray:
        """The covariate, ascending."""
        return np.sort(self.x)

    @cached_property
    def is_binary(self) -> bool:
        """Whether the covariate holds nothing but 0 and 1."""
        return bool(((self.x == 0.0) | (self.x == 1.0)).all())

    @property
    def constant_coefficient(self) -> float:
        """Log of the hazard that is constant: events over time at risk."""
        return float(-np.log(self.time.sum() / self.event.sum()))


@dataclass(frozen=True)
class HareModel:
    """Basis functions on data, with their coefficients.

    Attributes
    ----------
    data
        The n cases.
    terms
        The k basis functions; the constant is the first.
    basis
        The same at the data, as the likelihood takes them.
    coefficient
        Shape (k,).
    """

    data: HareData
    terms: tuple[BasisFunction, ...]
    basis: Basis
    coefficient: FloatArray

    @classmethod
    def of(
        cls,
        data: HareData,
        terms: tuple[BasisFunction, ...],
        columns: FloatArray,
        coefficient: FloatArray,
    ) -> HareModel:
        """Make a model of terms and their parts free of time, shape (n, k)."""
        return cls(data, terms, basis_of(terms, columns, data.time, data.event), coefficient)

    @classmethod
    def constant(cls, data: HareData) -> HareModel:
        """Return the model of a constant hazard."""
        columns = np.ones((data.x.size, 1))
        return cls.of(data, (CONSTANT,), columns, np.array([data.constant_coefficient]))

    @property
    def dimension(self) -> int:
        """The number of basis functions."""
        return len(self.terms)

    @property
    def covariate_knots(self) -> list[float]:
        """Knots in the covariate, in the order in which they came."""
        return [
            term.covariate
            for term in self.terms
            if not term.is_product and isinstance(term.covariate, float)
        ]

    def with_term(self, term: BasisFunction, column: FloatArray) -> HareModel:
        """Return the model with one more basis function, its coefficient 0."""
        return HareModel.of(
            self.data,
            (*self.terms, term),
            np.column_stack([self.basis.columns, column]),
            np.append(self.coefficient, 0.0),
        )

    def without(self, position: int) -> HareModel:
        """Return the model without a basis function; the last one takes its place."""
        keep = list(range(self.dimension - 1))
        if position < self.dimension - 1:
            keep[position] = self.dimension - 1
        return HareModel.of(
            self.data,
            tuple(self.terms[k] for k in keep),
            np.ascontiguousarray(self.basis.columns[:, keep]),
            self.coefficient[keep],
        )

    def with_coefficient(self, coefficient: FloatArray) -> HareModel:
        """Return the model with other coefficients."""
        return HareModel(self.data, self.terms, self.basis, coefficient)

    def removable(self) -> list[int]:
        """Return the positions of the basis functions on which no other rests."""
        return [
            k
            for k in range(1, self.dimension)
            if not any(other.rests_on(self.terms[k]) for other in self.terms)
        ]
