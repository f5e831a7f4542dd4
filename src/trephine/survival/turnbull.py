"""The survival curve of events known to an interval, by maximum likelihood (Turnbull 1976).

An event that visits bracket lies after the last one without it and by the first one with it,
``(low, high]``. The likelihood is largest with all mass in the innermost intervals, those that
begin with some case's ``low`` and end with some case's ``high`` with no other bound between; where
inside them it lies the data do not say. Here it is spread evenly, so that a curve can be read and a
time drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, ModelError
from trephine.types import FloatArray, IntArray

_MOST_STEPS = 20_000
# Of bounds at one time: an event at it begins before the end there, an interval after it begins
# behind.
_EXACT, _END, _OPEN = 0, 1, 2


@dataclass(frozen=True)
class TurnbullCurve:
    """A distribution of event times on k innermost intervals.

    Attributes
    ----------
    low, high
        Of the innermost intervals, ascending, shape (k,); equal for an event whose time is known,
        ``high`` infinite for the last if its event was never seen.
    mass
        Probability of an event in each, shape (k,); they sum to 1.
    gap
        What more the likelihood could gain at most, per case: a certificate of the maximum.
    """

    low: FloatArray
    high: FloatArray
    mass: FloatArray
    gap: float

    def survival_at(self, times: npt.ArrayLike) -> FloatArray:
        """Return S(t), falling evenly within each innermost interval."""
        asked = np.asarray(times, dtype=np.float64)[..., None]
        width = np.where(self.high > self.low, self.high - self.low, 1.0)
        gone = np.where(
            self.high > self.low,
            np.clip((asked - self.low) / width, 0.0, 1.0),
            asked >= self.high,
        )
        found: FloatArray = 1 - (gone * self.mass).sum(axis=-1)
        return np.clip(found, 0.0, 1.0)

    def steps(self) -> tuple[FloatArray, FloatArray]:
        """Return the corners of the curve, from (0, 1) on, where mass lies; infinity left out."""
        held = (self.mass > 1e-10) & np.isfinite(self.high)
        fallen = 1 - np.cumsum(self.mass[held])
        before = np.append(1.0, fallen[:-1])
        times = np.column_stack([self.low[held], self.high[held]]).ravel()
        curve = np.column_stack([before, fallen]).ravel()
        return np.append(0.0, times), np.clip(np.append(1.0, curve), 0.0, 1.0)

    def draw(self, low: FloatArray, high: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw an event time within ``(low, high]`` of each case, shape (n,).

        A case to which the curve gives no mass gets a time from its whole interval, evenly: it was
        not among those that made the curve.
        """
        first, last = _held(_Bounds.of(self.low, self.high), _Bounds.of(low, high))
        cumulated = np.append(0.0, np.cumsum(self.mass))
        start, end = cumulated[np.minimum(first, last + 1)], cumulated[last + 1]
        place, within = rng.random(low.size), 1 - rng.random(low.size)
        wanted = start + place * (end - start)
        chosen = np.clip(
            np.searchsorted(cumulated, wanted, side="right") - 1, 0, self.mass.size - 1
        )
        known = (last >= first) & (end - start > 1e-12)
        chosen = np.clip(chosen, first, np.maximum(first, last))
        chosen = np.minimum(chosen, self.mass.size - 1)
        known &= np.isfinite(self.high[chosen])
        begin = np.where(known, self.low[chosen], low)
        stop = np.where(known, self.high[chosen], high)
        drawn: FloatArray = begin + within * (stop - begin)
        return drawn


def turnbull(low: npt.ArrayLike, high: npt.ArrayLike, *, tolerance: float = 1e-9) -> TurnbullCurve:
    """Estimate the distribution of event times that are known to ``(low, high]``.

    As R's ``survfit(Surv(low, high, type = "interval2") ~ 1)``: the self-consistent estimate, its
    steps lengthened (Varadhan and Roland 2008), until the likelihood has no more than
    ``tolerance`` a case to gain.

    Parameters
    ----------
    low
        Last time without the event, >= 0, shape (n,).
    high
        First time with it; infinite where it was never seen, equal to ``low`` where the time itself
        is known.
    tolerance
        See above.

    Raises
    ------
    InputError
        Bounds that cannot be.
    ModelError
        If the likelihood has no maximum within reach.
    """
    lows, highs = check_bounds(low, high)
    cases = _Bounds.of(lows, highs)
    inner = _innermost(cases)
    first, last = _held(inner, cases)
    work = _Likelihood(first, last, inner.begin.size)
    mass = np.full(inner.begin.size, 1 / inner.begin.size)
    for _ in range(_MOST_STEPS):
        if work.gap(mass) <= tolerance:
            return TurnbullCurve(inner.begin, inner.end, mass, work.gap(mass))
        mass = work.lengthened(mass)
    if work.gap(mass) > 1e-5:
        raise ModelError(
            f"expected Turnbull's curve to settle, found {work.gap(mass):.2g} a case left to gain",
            model="Turnbull's curve",
            kind="no convergence",
        )
    return TurnbullCurve(inner.begin, inner.end, mass, work.gap(mass))


def check_bounds(low: npt.ArrayLike, high: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return bounds as arrays, or say which row cannot be.

    Raises
    ------
    InputError
        Other shapes, no case, a bound that is no number or negative, or ``high`` below ``low``.
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if lows.ndim != 1 or lows.shape != highs.shape or not lows.size:
        raise InputError(
            f"interval: expected low and high of one length, found shapes {lows.shape} and"
            f" {highs.shape}"
        )
    bad = np.flatnonzero(~(np.isfinite(lows) & (lows >= 0) & (highs >= lows) & (highs > 0)))
    if bad.size:
        raise InputError(
            f"interval: expected 0 <= low <= high, found {lows[bad[0]]:g} and {highs[bad[0]]:g} in"
            f" row {bad[0]} and {bad.size - 1} more"
        )
    return lows, highs


@dataclass(frozen=True)
class _Bounds:
    """Intervals, and what kind of bound each end is."""

    begin: FloatArray
    end: FloatArray
    kind: IntArray

    @classmethod
    def of(cls, low: FloatArray, high: FloatArray) -> _Bounds:
        return cls(low, high, np.where(low == high, _EXACT, _OPEN).astype(np.int64))


def _innermost(cases: _Bounds) -> _Bounds:
    """Return the intervals from a beginning to the next end with no bound between, ascending."""
    n = cases.begin.size
    times = np.concatenate([cases.begin, cases.end])
    kinds = np.concatenate([cases.kind, np.full(n, _END)])
    order = np.lexsort([kinds, times])
    times, kinds = times[order], kinds[order]
    opens = np.flatnonzero((kinds[:-1] != _END) & (kinds[1:] == _END))
    return _Bounds(times[opens], times[opens + 1], kinds[opens])


def _held(inner: _Bounds, cases: _Bounds) -> tuple[IntArray, IntArray]:
    """Return the first and last innermost interval within each case's own, shape (n,) each."""
    begins = np.lexsort([np.append(inner.kind, cases.kind), np.append(inner.begin, cases.begin)])
    k = inner.begin.size
    rank = _ranks(begins, np.append(inner.begin, cases.begin), np.append(inner.kind, cases.kind))
    first = np.searchsorted(rank[:k], rank[k:], side="left")
    last = np.searchsorted(inner.end, cases.end, side="right") - 1
    return first.astype(np.int64), last.astype(np.int64)


def _ranks(order: IntArray, times: FloatArray, kinds: IntArray) -> IntArray:
    """Return the rank of each (time, kind); equal ones share it."""
    new = np.ones(order.size, dtype=np.int64)
    same = (np.diff(times[order]) == 0) & (np.diff(kinds[order]) == 0)
    new[1:] = ~same
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.cumsum(new)
    return rank


@dataclass(frozen=True)
class _Likelihood:
    """Which innermost intervals each case holds: all from ``first`` to ``last``, of k."""

    first: IntArray
    last: IntArray
    k: int

    def slope(self, mass: FloatArray) -> FloatArray:
        """Return the gain of the log likelihood by mass in each interval, per case, shape (k,)."""
        cumulated = np.append(0.0, np.cumsum(mass))
        share = 1 / np.maximum(cumulated[self.last + 1] - cumulated[self.first], 1e-300)
        opened = np.bincount(self.first, share, self.k + 1)
        closed = np.bincount(self.last + 1, share, self.k + 1)
        found: FloatArray = np.cumsum(opened - closed)[: self.k] / self.first.size
        return found

    def value(self, mass: FloatArray) -> float:
        """Return the log likelihood per case."""
        cumulated = np.append(0.0, np.cumsum(mass))
        inside = cumulated[self.last + 1] - cumulated[self.first]
        return float(np.mean(np.log(np.maximum(inside, 1e-300))))

    def gap(self, mass: FloatArray) -> float:
        """Return a bound of what the log likelihood per case can gain."""
        return float(self.slope(mass).max() - 1)

    def lengthened(self, mass: FloatArray) -> FloatArray:
        """Take two self-consistent steps, and go on where they lead as long as that gains."""
        one = self._step(mass)
        two = self._step(one)
        along, bend = one - mass, two - one - (one - mass)
        size = float(np.sqrt(bend @ bend))
        if size < 1e-300:
            return two
        length = max(1.0, float(np.sqrt(along @ along)) / size)
        reached = self.value(two)
        while length > 1.0:
            far = mass + 2 * length * along + length**2 * bend
            # Mass that is gone would never come back.
            far = np.where(far > 0, far, 0.1 * two)
            far = self._step(far / far.sum())
            if self.value(far) >= reached:
                return far
            length = max(1.0, length / 4) if length > 1.01 else 1.0
        return two

    def _step(self, mass: FloatArray) -> FloatArray:
        found = mass * self.slope(mass)
        new: FloatArray = found / found.sum()
        return new
