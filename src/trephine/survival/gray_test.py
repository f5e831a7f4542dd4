"""Gray's test of equal cumulative incidence (Gray 1988), as R's ``cmprsk::cuminc``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from trephine.errors import InputError
from trephine.survival.aalen_johansen import CENSORED, check_causes
from trephine.survival.arrays import group_codes
from trephine.types import FloatArray, IntArray


@dataclass(frozen=True)
class GrayTest:
    """Whether the incidence of one cause is the same in all groups.

    Attributes
    ----------
    cause
        Code of the cause.
    statistic, degrees_of_freedom, p_value
        Chi-square; groups minus 1.
    """

    cause: int
    statistic: float
    degrees_of_freedom: int
    p_value: float


def gray_test(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    of: int = 1,
    strata: npt.ArrayLike | None = None,
) -> GrayTest:
    """Test the incidence of one cause between groups.

    Cases are taken as independent. The weights are 1 (``rho = 0`` of ``cuminc``).

    Parameters
    ----------
    time, cause
        As `cumulative_incidence`.
    group
        Shape (n,), labels, two groups at least.
    of
        The cause that is tested.
    strata
        Shape (n,), labels; comparisons are made within them.

    Raises
    ------
    InputError
        As `cumulative_incidence`; fewer than two groups, or no event of the cause.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine.survival import gray_test
    >>> rng = np.random.default_rng(1)
    >>> months, cause = rng.exponential(20, 80), rng.integers(0, 3, 80)
    >>> found = gray_test(months, cause, np.repeat(["a", "b"], 40))
    >>> found.degrees_of_freedom, 0 < found.p_value < 1
    (1, True)
    """
    times, codes = check_causes(time, cause)
    groups, names = group_codes(group, times.size, "group")
    layers, _ = group_codes(strata, times.size, "strata")
    if names.size < 2:
        raise InputError(f"group: expected two groups or more, found {names.size}")
    if not (codes == of).any():
        raise InputError(f"of: expected a cause with events, found none of cause {of}")
    size = int(names.size)
    score, variance = np.zeros(size - 1), np.zeros((size - 1, size - 1))
    for layer in np.unique(layers):
        here = layers == layer
        more, spread = _one_layer(times[here], codes[here], groups[here], size, of)
        score, variance = score + more, variance + spread
    statistic = float(score @ np.linalg.solve(variance, score))
    return GrayTest(of, statistic, size - 1, float(chdtrc(size - 1, statistic)))


@dataclass
class _Variance:
    """The variance of the score as it adds up over event times.

    An event moves the score at once, and by what is still to come: ``weights`` at the end minus
    those at the event, which only the end knows, so that three sums are kept.
    """

    own: FloatArray
    mixed: FloatArray
    squares: FloatArray

    @classmethod
    def empty(cls, kept: int, size: int) -> _Variance:
        """Return the sums before any event."""
        return cls(np.zeros((kept, kept)), np.zeros((kept, size)), np.zeros(size))

    def add(
        self,
        parts: tuple[FloatArray, FloatArray],
        lag: FloatArray,
        spread: FloatArray,
        sign: float = 1.0,
    ) -> None:
        """Add the events of one time; ``parts``: what they move at once, and the weights so far."""
        link, weights = parts
        step = (link - lag * weights)[: len(self.own)]
        self.own = self.own + (step * spread) @ step.T
        self.mixed = self.mixed + sign * step * lag * spread
        self.squares = self.squares + lag**2 * spread

    def total(self, weights: FloatArray) -> FloatArray:
        """Return the whole variance, shape (kept, kept)."""
        last = weights[: len(self.own)]
        crossed = last @ self.mixed.T
        return np.asarray(self.own + (last * self.squares) @ last.T + crossed + crossed.T)


def _one_layer(
    times: FloatArray, codes: IntArray, groups: IntArray, size: int, of: int
) -> tuple[FloatArray, FloatArray]:
    """Return score and variance of all groups but the last, of one stratum.

    The score compares the hazard of the subdistribution of each group with that of all groups; its
    variance adds up over the events of the cause (``own``) and of all others.
    """
    kept = size - 1
    score = np.zeros(kept)
    before, incidence = np.ones(size), np.zeros(size)  # free of events and incidence before t
    pooled = 0.0
    weights = np.zeros((size, size))  # of the events so far
    found = _Variance.empty(kept, size)
    for at in np.unique(times[codes != CENSORED]):
        here = times == at
        risk = np.bincount(groups[times >= at], minlength=size).astype(np.float64)
        own = np.bincount(groups[here & (codes == of)], minlength=size)
        other = np.bincount(groups[here & (codes != of) & (codes != CENSORED)], minlength=size)
        there = (risk > 0) & (before > 0)
        safe = np.where(there, risk, 1.0)
        after = np.where(there, before * (risk - own - other) / safe, before)
        left = np.where(after > 0, after, 1.0)
        ratio = np.where(there, risk / np.where(before > 0, before, 1.0), 0.0)
        whole, total = float(ratio.sum()), float(own.sum())
        reached = pooled + total / whole
        link = np.diag(ratio) - np.outer(ratio, ratio) / whole
        weights = weights + link * total / (whole * (1 - pooled))
        share = ratio * (1 - incidence)
        score = score + (own - total * share / share.sum())[:kept]
        if total > 0:
            ties = 1 - (total - 1) / (whole * before - 1) if total > 1 else np.ones(size)
            found.add(
                (link, weights),
                np.where(after > 0, 1 - (1 - reached) / left, 1.0),
                np.where(there, ties * before * total / (whole * safe), 0.0),
            )
        if other.sum() > 0:
            ties = np.where(other > 1, 1 - (other - 1) / np.where(risk > 1, risk - 1, 1.0), 1.0)
            found.add(
                (np.zeros_like(link), -weights),
                np.where(after > 0, (1 - reached) / left, 0.0),
                np.where(there & (after > 0), ties * before**2 * other / safe**2, 0.0),
                sign=-1.0,
            )
        incidence = np.where(there, incidence + before * own / safe, incidence)
        before, pooled = after, reached
    return score, found.total(weights)
