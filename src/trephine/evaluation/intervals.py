"""Percentile intervals of any statistic by a bootstrap that draws patients, not cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.survival.arrays import group_codes
from trephine.types import Estimate, FloatArray, IntArray

Statistic = Callable[[IntArray], npt.ArrayLike]


@dataclass(frozen=True)
class BootstrapIntervals:
    """Bootstrap draws of a statistic with k numbers.

    Attributes
    ----------
    value
        The statistic of the cases as they are, shape (k,).
    draws
        Shape (repeats, k). NaN where a resample gave no answer.
    level
        Coverage.
    n_patients, n
        What was drawn, and how many cases they have.
    """

    value: FloatArray
    draws: FloatArray
    level: float
    n_patients: int
    n: int

    def estimate(self, k: int = 0) -> Estimate:
        """Return number k with its percentile interval and the draws' standard deviation.

        Draws without an answer are left out; where more than one in ten are, so is the interval.
        """
        draws = self.draws[:, k]
        seen = draws[np.isfinite(draws)]
        if seen.size < max(2, 0.9 * draws.size):
            return Estimate(float(self.value[k]), level=self.level)
        tail = (1.0 - self.level) / 2.0
        low, high = np.quantile(seen, [tail, 1.0 - tail])
        return Estimate(
            float(self.value[k]), float(low), float(high), self.level, float(seen.std(ddof=1))
        )

    def estimates(self) -> tuple[Estimate, ...]:
        """Return every number with its interval."""
        return tuple(self.estimate(k) for k in range(self.value.size))


def patient_bootstrap(
    statistic: Statistic,
    cluster: npt.ArrayLike,
    repeats: int,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
) -> BootstrapIntervals:
    """Draw patients with replacement, with all their cases, and compute a statistic of each draw.

    Parameters
    ----------
    statistic
        Takes row indices (with repetitions) and returns one number or k numbers. An `InputError`
        in a draw, such as one without events, counts as a draw without an answer.
    cluster
        Shape (n,): label of each case's patient; give every case its own for a plain bootstrap.
    repeats
        Draws, at least 1.
    rng
        Where the draws come from.
    level
        Coverage.

    Raises
    ------
    InputError
        If a label is missing, repeats or level make no sense, or the statistic refuses
        the cases as they are.
    """
    labels = np.asarray(cluster)
    if repeats < 1 or not 0.0 < level < 1.0:
        raise InputError(f"expected repeats >= 1 and 0 < level < 1, found {repeats} and {level}")
    codes, levels = group_codes(labels, labels.size, "cluster")
    rows = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[rows], np.arange(levels.size + 1))
    value = np.atleast_1d(np.asarray(statistic(np.arange(labels.size)), dtype=np.float64))
    draws = np.full((repeats, value.size), np.nan)
    for b in range(repeats):
        drawn = rng.integers(levels.size, size=levels.size)
        index = np.concatenate([rows[starts[j] : starts[j + 1]] for j in drawn])
        try:
            draws[b] = np.atleast_1d(np.asarray(statistic(index), dtype=np.float64))
        except InputError:
            continue
    return BootstrapIntervals(value, draws, level, int(levels.size), int(labels.size))
