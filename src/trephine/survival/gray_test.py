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


def _one_layer(
    times: FloatArray, codes: IntArray, groups: IntArray, size: int, of: int
) -> tuple[FloatArray, FloatArray]:
    """Return score and variance of all groups but the last, of one stratum.

    The score compares the hazard of the subdistribution of each group with that of all groups; its
    variance adds up over the events of the cause (``own``) and of all others.
    """
    kept = size - 1
    score, variance = np.zeros(kept), np.zeros((kept, kept))
    before, incidence = np.ones(size), np.zeros(size)  # free of events and incidence before t
    pooled = 0.0
    weights = np.zeros((size, size))  # of the events so far
    squares, mixed = np.zeros(size), np.zeros((kept, size))
    for at in np.unique(times[codes != CENSORED]):
        risk = np.bincount(groups[times >= at], minlength=size).astype(np.float64)
        own = np.bincount(groups[(times == at) & (codes == of)], minlength=size)
        other = np.bincount(
            groups[(times == at) & (codes != of) & (codes != CENSORED)], minlength=size
        )
        there = (risk > 0) & (before > 0)
        safe = np.where(there, risk, 1.0)
        after = np.where(there, before * (risk - own - other) / safe, before)
        now = np.where(there, incidence + before * own / safe, incidence)
        ratio = np.where(there, risk / np.where(before > 0, before, 1.0), 0.0)
        whole = float(ratio.sum())
        total = float(own.sum())
        reached = pooled + total / whole
        link = np.diag(ratio) - np.outer(ratio, ratio) / whole
        weights = weights + link * total / (whole * (1 - pooled))
        share = ratio * (1 - incidence)
        expected = total * share / share.sum()
        score = score + (own - expected)[:kept]
        if total > 0:
            lag = np.where(after > 0, 1 - (1 - reached) / np.where(after > 0, after, 1.0), 1.0)
            ties = np.ones(size)
            if total > 1:
                ties = 1 - (total - 1) / (whole * before - 1)
            spread = np.where(there, ties * before * total / (whole * safe), 0.0)
            step = (link - lag * weights)[:kept]
            mixed = mixed + step * lag * spread
            squares = squares + lag**2 * spread
            variance = variance + (step * spread) @ step.T
        if other.sum() > 0:
            lag = np.where(after > 0, (1 - reached) / np.where(after > 0, after, 1.0), 0.0)
            ties = np.where(other > 1, 1 - (other - 1) / np.where(risk > 1, risk - 1, 1.0), 1.0)
            spread = np.where(there & (after > 0), ties * before**2 * other / safe**2, 0.0)
            step = (lag * weights)[:kept]
            mixed = mixed - step * lag * spread
            squares = squares + lag**2 * spread
            variance = variance + (step * spread) @ step.T
        before, incidence, pooled = after, now, reached
    last = weights[:kept]
    variance = variance + (last * squares) @ last.T + last @ mixed.T + mixed @ last.T
    return score, variance
