"""Follow-up by visits: of an event it is known after which visit, and by which one, it happened."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.rows import row_index
from trephine.survival.turnbull import TurnbullCurve, check_bounds, turnbull
from trephine.types import FloatArray, Survival, TimeUnit

# The times that are drawn need no more of their curve.
_NEAR_ENOUGH = 1e-4


@dataclass(frozen=True)
class IntervalSurvival(Survival):
    """Follow-up of n cases whose events lie between two visits.

    To whatever needs the time of an event it is a `Survival` with a time that was drawn from
    between the visits; a case without the event was followed to its last visit.

    Attributes
    ----------
    low
        Last visit without the event, >= 0, shape (n,).
    high
        First visit with it, shape (n,); infinite where it was not seen, equal to ``low`` where the
        time itself is known.

    Raises
    ------
    InputError
        As `Survival`; or bounds that do not agree with ``time`` and ``event``.
    """

    low: FloatArray = field(default_factory=lambda: np.empty(0))
    high: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = check_bounds(self.low, self.high)
        if low.shape != self.time.shape or not np.array_equal(np.isfinite(high), self.event):
            raise InputError("interval: expected a first visit with the event where it was seen")
        bad = np.flatnonzero((self.time < low) | (self.time > high))
        if bad.size:
            raise InputError(
                f"interval: expected a time between the visits, found {self.time[bad[0]]:g} in row"
                f" {bad[0]} and {bad.size - 1} more"
            )
        for name, bound in (("low", low), ("high", high)):
            bound = np.array(bound)
            bound.setflags(write=False)
            object.__setattr__(self, name, bound)

    def take(self, rows: npt.ArrayLike) -> IntervalSurvival:
        """Return the cases at ``rows`` (indices or a boolean mask)."""
        index = row_index(rows)
        taken = (self.time[index], self.event[index], self.unit, self.low[index], self.high[index])
        return IntervalSurvival(*taken)

    def curve(self) -> TurnbullCurve:
        """Return Turnbull's curve of these cases, near enough to draw from."""
        return turnbull(self.low, self.high, tolerance=_NEAR_ENOUGH)

    def redrawn(self, rng: np.random.Generator, curve: TurnbullCurve | None = None) -> Survival:
        """Return the same visits with event times drawn anew between them.

        Parameters
        ----------
        rng
            Source of draws.
        curve
            That they are drawn from; these cases' own by default.
        """
        if not self.event.any():
            return self
        seen = self.event
        drawn = (curve or self.curve()).draw(self.low[seen], self.high[seen], rng)
        time = self.low.copy()
        time[seen] = np.clip(drawn, self.low[seen], self.high[seen])
        return replace(self, time=time)

    def dated(self, how: float) -> Survival:
        """Return what pretending that times are known makes of it: an ordinary follow-up.

        Parameters
        ----------
        how
            Where between the visits an event is put: 1 at the visit at which it was seen, 0.5 in
            the middle.
        """
        time = self.low.copy()
        seen = self.event
        time[seen] += how * (self.high[seen] - self.low[seen])
        return Survival(time, self.event, self.unit)


def between_visits(
    low: npt.ArrayLike, high: npt.ArrayLike, unit: TimeUnit, rng: np.random.Generator
) -> Survival:
    """Return follow-up by visits, its event times drawn from Turnbull's curve.

    Raises
    ------
    InputError
        Bounds that cannot be, or a case without any follow-up.
    """
    lows, highs = check_bounds(low, high)
    middle = np.where(
        np.isfinite(highs), (lows + np.where(np.isfinite(highs), highs, 0.0)) / 2, lows
    )
    return IntervalSurvival(middle, np.isfinite(highs), unit, lows, highs).redrawn(rng)
