"""What a recipe learns from: outcome, patients, feature sets and clinical values of n cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from trephine.cohort.schema import ClinicalTable
from trephine.columns import take_rows
from trephine.deep.maps import BlockInputs
from trephine.errors import InputError
from trephine.rows import row_index
from trephine.types import BoolArray, FloatArray, IntArray, Survival


@dataclass(frozen=True)
class FeatureSet:
    """Features of n cases, as the first rater's regions give them, with the other readings.

    Attributes
    ----------
    name
        Of the set, for example "radiomics".
    names
        Of the p features.
    values
        Shape (n, p).
    raters
        Values from the other raters' regions by rater, each (n, p); a row of NaN where that
        rater did not read the case.
    repeats
        Values from a rater's second reading by rater, each (n, p).
    first_rater
        Whose regions gave ``values``.
    network
        The sha256 of the network that gave all these values; empty for other features.
    absent_is_mean
        Whether a case without any value, whose image is missing, counts as the mean of training.
    maps
        From where they can be computed anew with a trained block; None where nothing is trained.
    perturbed
        Values of perturbed copies of the first rater's regions, each (n, p); a row of NaN where a
        copy could not be measured.
    """

    name: str
    names: tuple[str, ...]
    values: FloatArray
    raters: Mapping[str, FloatArray] = field(default_factory=dict)
    repeats: Mapping[str, FloatArray] = field(default_factory=dict)
    first_rater: str = ""
    network: str = ""
    absent_is_mean: bool = False
    maps: BlockInputs | None = None
    perturbed: tuple[FloatArray, ...] = ()

    def __post_init__(self) -> None:
        shape = self.values.shape
        if len(shape) != 2 or shape[1] != len(self.names):
            raise InputError(
                f"feature set {self.name}: expected {len(self.names)} columns, found shape {shape}"
            )
        others = (*self.raters.values(), *self.repeats.values(), *self.perturbed)
        if any(other.shape != shape for other in others):
            raise InputError(f"feature set {self.name}: readings differ in shape")

    def take(self, rows: npt.ArrayLike) -> FeatureSet:
        """Return the cases at ``rows`` (indices or a boolean mask)."""
        index = row_index(rows)
        return replace(
            self,
            values=take_rows(self.values, index),
            raters={name: take_rows(values, index) for name, values in self.raters.items()},
            repeats={name: take_rows(values, index) for name, values in self.repeats.items()},
            perturbed=tuple(take_rows(values, index) for values in self.perturbed),
            maps=None if self.maps is None else self.maps.take(index),
        )

    def first_reading(self) -> FeatureSet:
        """Return the set without the other readings: all that a prediction takes."""
        maps = None if self.maps is None else replace(self.maps, raters={}, repeats={})
        return replace(self, raters={}, repeats={}, perturbed=(), maps=maps)

    @property
    def present(self) -> BoolArray:
        """Which cases have a value of some feature, shape (n,)."""
        found: BoolArray = np.asarray(~np.isnan(self.values).all(axis=1))
        return found

    def reading(self, rater: str) -> FloatArray:
        """Return the first reading of a rater, shape (n, p)."""
        return self.values if rater == self.first_rater else self.raters[rater]


@dataclass(frozen=True)
class Cases:
    """n cases of some patients.

    Attributes
    ----------
    survival
        Follow-up of the cases.
    patient
        Patient code of each case, shape (n,); cases of one patient share a code.
    features
        Feature sets by name, in the plan's order.
    clinical
        Clinical values; without variables where the study has none.
    centre
        Centre code of each case, shape (n,), or None.
    """

    survival: Survival
    patient: IntArray
    features: Mapping[str, FeatureSet]
    clinical: ClinicalTable
    centre: IntArray | None = None

    def __post_init__(self) -> None:
        n = len(self.survival)
        lengths = {
            "patient": len(self.patient),
            "clinical": len(self.clinical),
            **{name: len(features.values) for name, features in self.features.items()},
        }
        for part, length in lengths.items():
            if length != n:
                raise InputError(f"{part}: expected {n} cases, found {length}")

    def __len__(self) -> int:
        return len(self.survival)

    def take(self, rows: npt.ArrayLike) -> Cases:
        """Return the cases at ``rows`` (indices, repeated or not, or a boolean mask)."""
        index = row_index(rows)
        return Cases(
            survival=self.survival.take(index),
            patient=self.patient[index],
            features={name: features.take(index) for name, features in self.features.items()},
            clinical=self.clinical.take(index),
            centre=None if self.centre is None else self.centre[index],
        )

    def with_survival(self, survival: Survival) -> Cases:
        """Return the same cases with another outcome (a permutation)."""
        return replace(self, survival=survival)
