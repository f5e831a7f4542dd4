"""How well each feature agrees between raters, a rater's two readings, and perturbed copies.

One rule for the selection inside every fold and for ``trephine agree``: each feature is judged by
the cases that have it in every reading compared, and by nothing where these are fewer than five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from trephine.choices import IccForm
from trephine.columns import blocks
from trephine.modelling.cases import FeatureSet
from trephine.selection.icc import intraclass_correlation
from trephine.types import BoolArray, FloatArray, IntArray

Readings = Literal["between", "within", "perturbed"]
# Fewer subjects than this give no ICC worth a decision.
FEWEST_SUBJECTS = 5
# Of perturbed copies: each case's are drawn for it alone, so that no two cases share a "rater".
_OF_COPIES: IccForm = "1,1"


@dataclass(frozen=True)
class Agreement:
    """ICC of every feature in one comparison.

    Attributes
    ----------
    kind, raters
        Several raters, one rater's two readings, or one rater's reading and perturbed copies of it.
    form
        Of the ICC.
    n_subjects
        Cases read by all of them.
    subjects
        Shape (p,): cases that have the feature in every reading.
    icc, low, high
        Shape (p,): estimate and 95% limits; NaN where ``subjects`` is below five.
    copies
        Perturbed ones of each region.
    """

    kind: Readings
    raters: tuple[str, ...]
    form: IccForm
    n_subjects: int
    subjects: IntArray
    icc: FloatArray
    low: FloatArray
    high: FloatArray
    copies: int = 0

    @property
    def readers(self) -> str:
        """For example "a and b", "a, read twice" or "a, perturbed 10 times"."""
        if self.kind == "within":
            return f"{self.raters[0]}, read twice"
        if self.kind == "perturbed":
            return f"{self.raters[0]}, perturbed {self.copies} times"
        return f"{', '.join(self.raters[:-1])} and {self.raters[-1]}"

    @property
    def comparison(self) -> str:
        """For example "raters a and b", or "rater a, read twice"."""
        return f"{'raters' if self.kind == 'between' else 'rater'} {self.readers}"


def agreements(features: FeatureSet, form: IccForm) -> tuple[Agreement, ...]:
    """Return the ICC between the raters, within each who read cases twice, and of perturbed copies.

    The raters are compared all at once on the cases that all of them read. Where these are fewer
    than five, as when each of two further raters read cases of his own, every two are compared.

    Parameters
    ----------
    features
        Readings of n cases; a comparison is left out where fewer than five cases have it.
    form
        Of the ICC of raters; that of perturbed copies is "1,1".
    """
    between: list[Agreement] = []
    if features.raters:
        names = (features.first_rater, *features.raters)
        between = _between(features, [names], form)
        if not between and len(names) > 2:
            between = _between(features, list(combinations(names, 2)), form)
    alone = [
        _agreement("within", (rater,), [features.reading(rater), again], form)
        for rater, again in features.repeats.items()
    ]
    if features.perturbed:
        copies = [features.values, *features.perturbed]
        alone.append(_agreement("perturbed", (features.first_rater,), copies, _OF_COPIES))
    return (*between, *(found for found in alone if found is not None))


def smallest_icc(found: Sequence[Agreement], n_features: int) -> FloatArray:
    """Return each feature's smallest ICC over the comparisons, shape (p,); NaN where one is."""
    if not found:
        return np.full(n_features, np.nan)
    smallest: FloatArray = np.min([agreement.icc for agreement in found], axis=0)
    return smallest


def _between(
    features: FeatureSet, groups: Sequence[tuple[str, ...]], form: IccForm
) -> list[Agreement]:
    compared = (
        _agreement("between", names, [features.reading(name) for name in names], form)
        for names in groups
    )
    return [found for found in compared if found is not None]


def _agreement(
    kind: Readings,
    raters: tuple[str, ...],
    readings: Sequence[FloatArray],
    form: IccForm,
) -> Agreement | None:
    """Return the agreement of some readings; None where fewer than five cases have them all."""
    read: BoolArray = np.all([_has_any(reading) for reading in readings], axis=0)
    if read.sum() < FEWEST_SUBJECTS:
        return None
    p = readings[0].shape[1]
    subjects, limits = np.empty(p, dtype=np.int64), np.empty((3, p))
    for part in blocks(len(readings) * read.size, p):
        ratings = np.stack([reading[:, part][read] for reading in readings], axis=1)
        subjects[part], limits[:, part] = _limits(ratings, form)
    copies = len(readings) - 1 if kind == "perturbed" else 0
    icc, low, high = limits
    return Agreement(kind, raters, form, int(read.sum()), subjects, icc, low, high, copies)


def _has_any(values: FloatArray) -> BoolArray:
    """Return which cases have a value of some feature, shape (n,)."""
    found = np.zeros(values.shape[0], dtype=np.bool_)
    for part in blocks(*values.shape):
        found |= ~np.isnan(values[:, part]).all(axis=1)
    return found


def _limits(ratings: FloatArray, form: IccForm) -> tuple[IntArray, FloatArray]:
    """Return subjects, and estimate and limits, of each feature of (subjects, raters, features)."""
    has: BoolArray = np.asarray(np.isfinite(ratings).all(axis=1))
    limits = np.full((3, ratings.shape[2]), np.nan)
    whole = has.all(axis=0)
    if whole.any():
        limits[:, whole] = _icc(ratings[:, :, whole], form)
    for j in np.flatnonzero(~whole & (has.sum(axis=0) >= FEWEST_SUBJECTS)):
        limits[:, [j]] = _icc(ratings[has[:, j]][:, :, [j]], form)
    return has.sum(axis=0), limits


def _icc(ratings: FloatArray, form: IccForm) -> FloatArray:
    found = intraclass_correlation(ratings, form)
    return np.stack([found.value, found.low, found.high])
