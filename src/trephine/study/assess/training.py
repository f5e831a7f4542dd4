"""What the luck of the training cases adds to the uncertainty of a figure out of fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from trephine.types import Estimate, FloatArray
from trephine.validation.bootstrap_optimism import BootstrapValidation
from trephine.validation.corrected_index import IndexName

# An interquartile range of fewer bootstraps says little.
FEWEST_FOR_TRAINING = 20


@dataclass(frozen=True)
class TrainingLuck:
    """How a figure varies between models refitted to bootstrap samples, on the original cases.

    Cross-validation follows the mean of many models, not the luck of the one that was fitted to all
    cases (Bates, Hastie and Tibshirani 2024): the spread over those who are judged is one part of
    the error, and this, over those who trained, the other.

    Attributes
    ----------
    bootstrap
        Of the protocol; None where the plan asks for none: the part is then unknown, and left out.
    """

    bootstrap: BootstrapValidation | None

    def error(self, model: str, index: IndexName, horizon: float | None = None) -> float:
        """Return the standard deviation of one model's figure; 0 where it is not known."""
        return _robust_deviation(self._values(model, index, horizon))

    def difference_error(
        self, old: str, new: str, index: IndexName, horizon: float | None = None
    ) -> float:
        """Return the same of the difference of two models, bootstrap by bootstrap."""
        return _robust_deviation(
            self._values(new, index, horizon) - self._values(old, index, horizon)
        )

    def _values(self, model: str, index: IndexName, horizon: float | None) -> FloatArray:
        if self.bootstrap is None:
            return np.empty(0)
        return self.bootstrap.of(model, index, horizon).on_original


def widened(estimate: Estimate, error: float) -> Estimate:
    """Return an estimate whose normal interval has a second, independent standard error in it."""
    if not error or not np.isfinite(estimate.standard_error):
        return estimate
    total = float(np.hypot(estimate.standard_error, error))
    half = float(ndtri(0.5 + estimate.level / 2)) * total
    low, high = estimate.value - half, estimate.value + half
    return replace(estimate, low=low, high=high, standard_error=total)


def _robust_deviation(values: FloatArray) -> float:
    """Return the interquartile range over that of a standard normal.

    Not the standard deviation: in a few bootstraps in a hundred no signature is found, and their
    figures, far off, would stand for all.
    """
    known = values[np.isfinite(values)]
    if known.size < FEWEST_FOR_TRAINING:
        return 0.0
    first, third = np.quantile(known, (0.25, 0.75))
    return float(third - first) / float(ndtri(0.75) - ndtri(0.25))
