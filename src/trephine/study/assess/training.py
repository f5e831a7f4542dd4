"""What the luck of the training cases adds to the uncertainty of a figure out of fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtri

from trephine.types import BoolArray, Estimate, FloatArray
from trephine.validation.bootstrap_optimism import BootstrapValidation
from trephine.validation.corrected_index import IndexName

# An interquartile range of fewer bootstraps says little.
FEWEST_FOR_TRAINING = 20
# Of the reported kind among them, to speak of their spread at all.
FEWEST_OF_A_KIND = 5


@dataclass(frozen=True)
class TrainingLuck:
    """How a figure varies between models refitted to bootstrap samples.

    Cross-validation follows the mean of many models, not the luck of the one that was fitted to all
    cases (Bates, Hastie and Tibshirani 2024): the spread over those who are judged is one part of
    the error, and this, over those who trained, the other.

    A selecting recipe makes models of several kinds: with a signature and without. Which kind is
    reported is known, so that its luck is that within the kind, and cross-validation averages over
    all kinds, which is off by the mean of all less the mean of the kind. The first is the spread of
    figures on the original cases. The second is taken from the cases that each bootstrap left out:
    on the original ones a signature looks better than none by what it owes to its training cases.

    Attributes
    ----------
    bootstrap
        Of the protocol; None where the plan asks for none: the part is then unknown, and left out.
    reported
        By model: the parts that have a term in the model that was fitted to all cases.
    """

    bootstrap: BootstrapValidation | None
    reported: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def error(self, model: str, index: IndexName, horizon: float | None = None) -> float:
        """Return the standard deviation of one model's figure; 0 where it is not known."""
        if self.bootstrap is None:
            return 0.0
        found = self.bootstrap.of(model, index, horizon)
        return _deviation(found.on_original, found.on_left_out, self._of_the_kind(model))

    def difference_error(
        self, old: str, new: str, index: IndexName, horizon: float | None = None
    ) -> float:
        """Return the same of the difference of two models, bootstrap by bootstrap."""
        if self.bootstrap is None:
            return 0.0
        first, second = (self.bootstrap.of(model, index, horizon) for model in (old, new))
        return _deviation(
            second.on_original - first.on_original,
            second.on_left_out - first.on_left_out,
            self._of_the_kind(old) & self._of_the_kind(new),
        )

    def _of_the_kind(self, model: str) -> BoolArray:
        """Return which bootstraps' models hold the parts that the reported one holds."""
        assert self.bootstrap is not None
        parts = self.reported[model]
        return np.array([one == parts for one in self.bootstrap.present[model]], dtype=np.bool_)


def widened(estimate: Estimate, error: float) -> Estimate:
    """Return an estimate whose normal interval has a second, independent standard error in it."""
    if not error or not np.isfinite(estimate.standard_error):
        return estimate
    total = float(np.hypot(estimate.standard_error, error))
    half = float(ndtri(0.5 + estimate.level / 2)) * total
    low, high = estimate.value - half, estimate.value + half
    return replace(estimate, low=low, high=high, standard_error=total)


def _deviation(original: FloatArray, left_out: FloatArray, kind: BoolArray) -> float:
    """Return the spread within the reported kind, and how far that kind lies from the mean of all.

    Where hardly any bootstrap is of the reported kind, the spread of all stands for both: it is
    too wide rather than too narrow.
    """
    known = np.isfinite(original)
    if known.sum() < FEWEST_FOR_TRAINING:
        return 0.0
    within, outside = known & kind, np.isfinite(left_out)
    if within.sum() < FEWEST_OF_A_KIND or not (outside & kind).any():
        return float(np.std(original[known], ddof=1))
    away = float(np.mean(left_out[outside]) - np.mean(left_out[outside & kind]))
    return float(np.hypot(_robust_deviation(original[within]), away))


def _robust_deviation(values: FloatArray) -> float:
    """Return the interquartile range over that of a standard normal; of few, the plain deviation.

    Not the standard deviation of many: a few samples in a hundred select something else altogether,
    and their figures, far off, would stand for all.
    """
    if values.size < FEWEST_FOR_TRAINING:
        return float(np.std(values, ddof=1))
    first, third = np.quantile(values, (0.25, 0.75))
    return float(third - first) / float(ndtri(0.75) - ndtri(0.25))
