"""Features of the training cases, standardised, on their way through the selection."""

from __future__ import annotations

import numpy as np

from trephine.columns import blocks, roomy
from trephine.modelling.cases import FeatureSet
from trephine.selection.audit import AuditRow, SelectionStepResult
from trephine.types import FloatArray

QUARTILES = (0.25, 0.5, 0.75)
TO_QUARTILE = 0.6744897501960817  # normal quantile of 0.75

# Largest value whose square, summed over cases, is sure to fit a number.
_SQUARES_FIT = 1e150


class Funnel:
    """Standardised features of the training cases, and those of them that are left.

    Parameters
    ----------
    features
        Of the training cases, as measured.
    winsorise
        Standard deviations from the median beyond which values are clipped; infinite for none.
    """

    def __init__(self, features: FeatureSet, winsorise: float) -> None:
        self.features = features
        self.names = np.array(features.names, dtype=object)
        values, p = features.values, len(features.names)
        self.bounds: tuple[FloatArray, FloatArray] | None = None
        self.centre, self.scale = np.empty((2, p))
        if np.isfinite(winsorise):
            self.bounds = np.empty(p), np.empty(p)
        for part in blocks(*values.shape):
            some = values[:, part]
            if self.bounds is not None:
                low, high = _fences(some, winsorise)
                self.bounds[0][part], self.bounds[1][part] = low, high
                some = np.clip(some, low, high)
            self.centre[part], self.scale[part] = _moments(some)
        self.left = np.arange(len(features.names))
        self.audit: list[AuditRow] = []

    def pour(self, step: SelectionStepResult) -> None:
        """Apply a step's decision on the features that are left."""
        self.left = self.left[step.keep]
        self.audit.append(step.audit)

    def names_left(self) -> tuple[str, ...]:
        """Return the names of the features that are left."""
        return tuple(self.names[self.left])

    def values_left(self) -> FloatArray:
        """Return the standardised features that are left, shape (n, number of them)."""
        values = self.features.values
        left = roomy((values.shape[0], self.left.size), order="F")
        for part in blocks(*left.shape):
            chosen = self.left[part]
            some = values[:, chosen]
            if self.bounds is not None:
                some = np.clip(some, self.bounds[0][chosen], self.bounds[1][chosen])
            # A missing value becomes the mean; how many there may be, the completeness step
            # decides.
            left[:, part] = np.nan_to_num((some - self.centre[chosen]) / self.scale[chosen])
        return left


def _fences(values: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """Return the values at which each feature is clipped, each shape (p,).

    They lie ``width`` standard deviations from the median, and either side has its own, told from
    its quartile (median to quartile is 0.6745 of a normal standard deviation): a long tail does not
    set its own bound. A side whose quartile is the median takes the plain standard deviation.
    """
    whole = np.isfinite(values).all(axis=0)
    low, median, high = np.full((3, values.shape[1]), np.nan)
    low[whole], median[whole], high[whole] = np.quantile(values[:, whole], QUARTILES, axis=0)
    some = np.flatnonzero(~whole & np.isfinite(values).any(axis=0))
    if some.size:
        low[some], median[some], high[some] = np.nanquantile(values[:, some], QUARTILES, axis=0)
    _, scale = _moments(values)
    below, above = (median - low) / TO_QUARTILE, (high - median) / TO_QUARTILE
    below, above = np.where(below > 0, below, scale), np.where(above > 0, above, scale)
    return median - width * below, median + width * above


def _moments(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each feature's mean and standard deviation (n - 1), 1 where it does not vary."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    # The square of 1e300 fits no number: such a column is brought down first, others stay.
    largest = np.abs(filled).max(axis=0, initial=0.0)
    unit = np.where(largest > _SQUARES_FIT, largest, 1.0)
    filled = filled / unit
    centre = filled.sum(axis=0) / count
    spread = np.where(known, filled - centre, 0.0)
    scale = unit * np.sqrt((spread**2).sum(axis=0) / np.maximum(count - 1, 1))
    return centre * unit, np.where(scale > 0, scale, 1.0)
