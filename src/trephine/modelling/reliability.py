"""How well each feature agrees between raters and between a rater's two readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trephine.modelling.cases import FeatureSet
from trephine.modelling.protocols import IccForm
from trephine.selection.icc import intraclass_correlation
from trephine.types import BoolArray, FloatArray

# Fewer subjects than this give no ICC worth a decision.
FEWEST_SUBJECTS = 5


@dataclass(frozen=True)
class Agreement:
    """ICC of every feature in one comparison.

    Attributes
    ----------
    comparison
        For example "raters a and b".
    n_subjects
        Cases read by all of them.
    icc
        Shape (p,); of a feature with missing values, over the cases that have it in every
        reading. NaN where these are fewer than five.
    """

    comparison: str
    n_subjects: int
    icc: FloatArray


def agreements(features: FeatureSet, form: IccForm) -> tuple[Agreement, ...]:
    """Return the ICC between the raters, and within each rater who read cases twice.

    Parameters
    ----------
    features
        Readings of n cases; a comparison is left out where fewer than five cases have it.
    form
        Of the ICC.
    """
    comparisons: list[tuple[str, list[FloatArray]]] = []
    if features.raters:
        names = [features.first_rater, *features.raters]
        readings = [features.values, *features.raters.values()]
        comparisons.append((f"raters {', '.join(names[:-1])} and {names[-1]}", readings))
    for rater, again in features.repeats.items():
        comparisons.append(
            (f"rater {rater}, first and second reading", [features.reading(rater), again])
        )
    found = []
    for comparison, readings in comparisons:
        read = _read_by_all(readings)
        if read.sum() >= FEWEST_SUBJECTS:
            icc = _icc([reading[read] for reading in readings], form)
            found.append(Agreement(comparison, int(read.sum()), icc))
    return tuple(found)


def smallest_icc(found: Sequence[Agreement], n_features: int) -> FloatArray:
    """Return each feature's smallest ICC over the comparisons, shape (p,); NaN where one is."""
    if not found:
        return np.full(n_features, np.nan)
    smallest: FloatArray = np.min([agreement.icc for agreement in found], axis=0)
    return smallest


def _read_by_all(readings: Sequence[FloatArray]) -> BoolArray:
    """Return the cases that have any value in every reading, shape (n,)."""
    read: BoolArray = np.all([~np.isnan(r).all(axis=1) for r in readings], axis=0)
    return read


def _icc(readings: Sequence[FloatArray], form: IccForm) -> FloatArray:
    ratings = np.stack(readings, axis=1)
    whole = np.isfinite(ratings).all(axis=(0, 1))
    icc = np.full(ratings.shape[2], np.nan)
    if whole.any():
        icc[whole] = intraclass_correlation(ratings[:, :, whole], form).value
    for j in np.flatnonzero(~whole):
        read = np.isfinite(ratings[:, :, j]).all(axis=1)
        if read.sum() >= FEWEST_SUBJECTS:
            icc[j] = intraclass_correlation(ratings[read][:, :, [j]], form).value[0]
    return icc
