"""What a draft knows of an outcome: its columns, its unit and its horizons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from trephine.study.draft.values import Look
from trephine.study.draft.words import unit_named
from trephine.types import FloatArray, TimeUnit

_YEAR: dict[TimeUnit, float] = {"days": 365.0, "weeks": 52.0, "months": 12.0, "years": 1.0}


# Names of a column that says when a case came under observation; others could mean a visit.
_ENTRIES = frozenset(
    {"entry", "entry_time", "late_entry", "delayed_entry", "left_truncation", "进入时间"}
)


@dataclass(frozen=True)
class DraftedOutcome:
    """Columns of the outcome.

    Attributes
    ----------
    columns, why
        Role of ``[data] columns`` to column, and to the reason.
    read
        Column to what its cells mean.
    strip
        Column to words that are taken off its numbers.
    unsure
        Questions that a person must answer.
    unit, horizons
        Of the time.
    times
        Every column that looks like a follow-up time.
    time, event
        Values by row, NaN where unknown; what no predictor may repeat.
    competing
        Cells of the event column that seem to mean competing events, by the event's name, which is
        empty where a person must say it.
    """

    columns: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    read: dict[str, dict[str, str]] = field(default_factory=dict)
    strip: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    unit: TimeUnit = "months"
    horizons: tuple[float, ...] = (36.0, 60.0)
    times: frozenset[str] = frozenset()
    time: FloatArray = field(default_factory=lambda: np.empty(0))
    event: FloatArray = field(default_factory=lambda: np.empty(0))
    competing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def is_outcome(self, look: Look) -> bool:
        """Say whether a column repeats the time or the event, in another unit or coding."""
        values = look.numbers
        if look.flags is not None:
            values = np.array([float(look.flags.get(cell, "nan")) for cell in look.cells])
        return any(_same(values, own) for own in (self.time, self.event) if own.size)


def _same(values: FloatArray, own: FloatArray) -> bool:
    known = np.isfinite(values) & np.isfinite(own)
    if known.sum() < 10 or np.ptp(values[known]) == 0 or np.ptp(own[known]) == 0:
        return False
    return bool(abs(np.corrcoef(values[known], own[known])[0, 1]) > 1 - 1e-9)


def between_visits(looks: Mapping[str, Look]) -> DraftedOutcome | None:
    """Return columns of visits that carry the names of their roles; None without both."""
    by_name = {look.name.strip().lower().replace(" ", "_"): look for look in looks.values()}
    intact, seen = (by_name.get(role) for role in ("last_intact", "first_seen"))
    if intact is None or seen is None or intact.is_date or seen.is_date:
        return None
    time = np.where(np.isfinite(seen.numbers), seen.numbers, intact.numbers)
    known = time[np.isfinite(time)]
    unit = cast("TimeUnit", seen.unit) if seen.unit else unit_of(seen.titled, known)
    return DraftedOutcome(
        {"last_intact": intact.name, "first_seen": seen.name},
        {"last_intact": "its name", "first_seen": "its name; empty where no visit saw the event"},
        unit=unit,
        horizons=horizons_for(known, unit),
        time=time,
        event=np.isfinite(seen.numbers).astype(np.float64),
    )


def with_entry(found: DraftedOutcome, looks: Mapping[str, Look]) -> DraftedOutcome:
    """Return an outcome with the column of late entry, where one has such a name and such times."""
    if "time" not in found.columns or not found.time.size:
        return found
    for look in looks.values():
        named = look.name.strip().lower().replace(" ", "_") in _ENTRIES
        if not named or look.is_date or not look.is_numeric:
            continue
        known = np.isfinite(look.numbers) & np.isfinite(found.time)
        if known.any() and (look.numbers < found.time)[known].all():
            why = {**found.why, "entry": "its name; a case is at risk from there on"}
            return replace(found, columns={**found.columns, "entry": look.name}, why=why)
    return found


def unit_of(column: str, times: FloatArray) -> TimeUnit:
    """Return the unit that the column's name states, else the one that fits the longest time."""
    named = unit_named(column)
    if named is not None:
        return cast("TimeUnit", named)
    longest = float(times.max()) if times.size else 100.0
    return "days" if longest > 400 else "months" if longest > 25 else "years"


def horizons_for(times: FloatArray, unit: TimeUnit) -> tuple[float, ...]:
    """Return 3 and 5 years where a tenth of the cases is followed so long, else what fits."""
    if not times.size:
        return (3 * _YEAR[unit], 5 * _YEAR[unit])
    reached = [n * _YEAR[unit] for n in (3, 5, 1) if np.mean(times >= n * _YEAR[unit]) >= 0.1]
    return tuple(sorted(reached[:2])) or (round(float(np.median(times)), 1),)
