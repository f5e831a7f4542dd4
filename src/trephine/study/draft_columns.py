"""What the columns of a table seem to be: names, outcome, clinical variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from trephine.cohort.sides import SIDES
from trephine.cohort.table import as_numbers, is_missing
from trephine.types import FloatArray, TimeUnit

# A column of more different values than this is taken as a measurement.
MOST_LEVELS = 6

_NAMED = {
    "patient": r"patient|subject|person|^pid$|^mrn$",
    "side": r"^side|laterality$",
    "centre": r"cent(re|er)$|hospital|^site$|institution",
    "time": r"month|days|years|time|follow|surviv|^[odpr]f?s$|^rfs$|^dfs$",
    "event": r"event|status|dead|death|died|censor|collaps|fail|relapse|recur|progress|revision",
}
_UNITS: dict[str, TimeUnit] = {"day": "days", "month": "months", "year": "years"}
_YEAR: dict[TimeUnit, float] = {"days": 365.0, "months": 12.0, "years": 1.0}


@dataclass(frozen=True)
class Roles:
    """Which column seems to be what.

    Attributes
    ----------
    columns
        Role of ``[data] columns`` to column.
    unit, horizons
        Of the time.
    clinical
        The rest: variable to its line in the study file.
    left_out
        Columns that seem to be neither, with the reason.
    unsure
        Roles for which no column was found.
    """

    columns: dict[str, str]
    unit: TimeUnit
    horizons: tuple[float, ...]
    clinical: dict[str, str]
    left_out: dict[str, str] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()


def guess_roles(frame: pd.DataFrame) -> Roles:
    """Guess what each column of a text table is; the user corrects the draft.

    Parameters
    ----------
    frame
        Text cells, a row a case.
    """
    free = list(frame.columns)
    found: dict[str, str] = {}
    tests: dict[str, Callable[[str], bool]] = {
        "side": lambda column: _all_in(frame[column], SIDES),
        "event": lambda column: _all_in(frame[column], ("0", "1")),
        "time": lambda column: _positive(frame[column]),
        "patient": lambda column: len(set(frame[column])) > 1,
        "centre": lambda column: 1 < len(set(frame[column])) <= 50,
    }
    for role, fits in tests.items():
        named = [c for c in free if re.search(_NAMED[role], c.lower()) and fits(c)]
        if named:
            found[role] = named[0]
            free.remove(named[0])
    found.update(_names(frame, free, found))
    free = [column for column in free if column not in found.values()]
    times = as_numbers(frame[found["time"]])[0] if "time" in found else np.empty(0)
    times = times[np.isfinite(times)]
    unit = _unit(found.get("time", ""), times)
    clinical, left_out = {}, {}
    for column in free:
        if re.search(_NAMED["event"], column.lower()):
            left_out[column] = "it looks like another outcome"
            continue
        line, reason = _variable(frame[column])
        if line:
            clinical[column] = line
        else:
            left_out[column] = reason
    order = ("case", "patient", "side", "time", "event", "centre")
    columns = {role: found[role] for role in order if role in found}
    unsure = tuple(role for role in ("case", "time", "event") if role not in found)
    return Roles(columns, unit, _horizons(times, unit), clinical, left_out, unsure)


def _names(frame: pd.DataFrame, free: Iterable[str], found: dict[str, str]) -> dict[str, str]:
    """Return the column that names each case once; a patient's own name serves where it does."""
    patient = found.get("patient")
    if patient is not None and frame[patient].is_unique and "side" not in found:
        del found["patient"]
        return {"case": patient}
    unique = [c for c in free if frame[c].is_unique and not frame[c].map(is_missing).any()]
    named = [c for c in unique if re.search(r"(^|_|\b)(id|case|name|no|nr|number)$", c.lower())]
    texts = [c for c in unique if as_numbers(frame[c])[1]]
    return {"case": column} if (column := next(iter([*named, *texts]), "")) else {}


def _all_in(column: pd.Series, values: Iterable[str]) -> bool:
    cells = [cell.lower() for cell in column if not is_missing(cell)]
    return bool(cells) and set(cells) <= set(values)


def _positive(column: pd.Series) -> bool:
    numbers, wrong = as_numbers(column)
    known = numbers[np.isfinite(numbers)]
    return not wrong and known.size > 0 and len(np.unique(known)) > 2 and float(known.min()) >= 0


def _unit(column: str, times: FloatArray) -> TimeUnit:
    """Return the unit that the column's name tells, else the one that fits the longest time."""
    for word, unit in _UNITS.items():
        if word in column.lower():
            return unit
    longest = float(times.max()) if times.size else 100.0
    return "days" if longest > 400 else "months" if longest > 25 else "years"


def _horizons(times: FloatArray, unit: TimeUnit) -> tuple[float, ...]:
    """Return 3 and 5 years where a tenth of the cases is followed so long, else what fits."""
    if not times.size:
        return (3 * _YEAR[unit], 5 * _YEAR[unit])
    reached = [n * _YEAR[unit] for n in (3, 5, 1) if np.mean(times >= n * _YEAR[unit]) >= 0.1]
    return tuple(sorted(reached[:2])) or (round(float(np.median(times)), 1),)


def _variable(column: pd.Series) -> tuple[str, str]:
    """Return a clinical variable's declaration, or why the column makes none."""
    cells = [cell for cell in column if not is_missing(cell)]
    levels = sorted(set(cells), key=_natural)
    _, wrong = as_numbers(column)
    if len(levels) < 2:
        return "", "one value only"
    if not wrong and len(levels) > MOST_LEVELS:
        return '{ unit = "" }', ""
    if len(levels) <= MOST_LEVELS:
        quoted = ", ".join(_quoted(level) for level in levels)
        return f"{{ levels = [{quoted}] }}", ""
    return "", f"{len(levels)} different texts"


def _natural(level: str) -> tuple[int, float, str]:
    """Order levels as people do: no before yes, numbers by size, the rest by letter."""
    if level.lower() in ("no", "none", "absent", "never", "normal"):
        return (0, 0.0, level)
    try:
        return (1, float(level), level)
    except ValueError:
        return (2, 0.0, level)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
