"""What a table's owner should look at although the study can go on: odd times, cases left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.cohort.follow_up import DAYS
from trephine.cohort.schema import ClinicalTable, label_of
from trephine.errors import named_rows
from trephine.study.table.outcome import TableRows
from trephine.types import BoolArray, FloatArray, IntArray, TimeUnit, span_text

# A follow-up time this many times the next longest one is in another unit, or mistyped; the few
# cases above the gap are at most this share.
_GAP = 2.5
_FEW = 0.1
_FEWEST = 10
# Of exponential times of 60 cases the longest is so far from the median once in 500 tables.
_SPREAD = 15
# No study of images is older.
_LONGEST_YEARS = 60


def time_doubts(rows: TableRows, column: str, unit: TimeUnit = "months") -> list[str]:
    """Return a sentence on times longer than a life, or far beyond all others, as days are.

    Between them and the longest of the others is a gap of 2.5 times, and they are at most a tenth
    of the cases; or they are more than 15 times the median, where there is no gap.
    """
    times = rows.time
    known = np.flatnonzero(np.isfinite(times) & (times > 0))
    if known.size < _FEWEST:
        return []
    ordered = np.sort(times[known])
    first = max(1, int(np.ceil((1 - _FEW) * ordered.size)))
    gaps = [place for place in range(first, ordered.size) if _far(ordered, place)]
    if not gaps:
        return _far_from_the_middle(rows, column, known) or _beyond_life(ordered, column, unit)
    bound = ordered[gaps[0]]
    numbers = [rows.numbers[place] for place in known if times[place] >= bound]
    shown = f"{bound:g}" if len(numbers) == 1 else f"{bound:g} or more"
    where = named_rows(numbers)
    return [
        f"{where[0].upper()}{where[1:]}, column {column}: {shown}, where all others are at most"
        f" {ordered[gaps[0] - 1]:g}. Days typed for months?"
    ]


def _beyond_life(ordered: FloatArray, column: str, unit: TimeUnit) -> list[str]:
    """Report times that are all in a smaller unit than the study file says."""
    longest = float(ordered[-1])
    years = longest * DAYS[unit] / DAYS["years"]
    if years <= _LONGEST_YEARS:
        return []
    return [
        f"Column {column}: the longest time, {span_text(longest, unit)}, is {years:.0f} years."
        " Is [outcome] unit another, such as days?"
    ]


def _far_from_the_middle(rows: TableRows, column: str, known: IntArray) -> list[str]:
    """Report times of which several are in another unit, so that no gap parts them."""
    times = rows.time[known]
    middle, longest = float(np.median(times)), float(times.max())
    if longest <= _SPREAD * middle:
        return []
    numbers = [rows.numbers[place] for place in known if rows.time[place] > _SPREAD * middle]
    return [
        f"Column {column}: the longest time, {longest:g}, is {longest / middle:.0f} times the"
        f" median of {middle:g}; look at {named_rows(numbers)}. Are some times in days and others"
        " in months?"
    ]


def _far(ordered: FloatArray, place: int) -> bool:
    return bool(ordered[place] >= _GAP * ordered[place - 1])


def left_out_doubts(
    rows: TableRows,
    clinical: ClinicalTable,
    time: str,
    event: str,
    drops: bool,
) -> list[str]:
    """Return which cells without a value leave cases out, by column and rows.

    Parameters
    ----------
    rows, clinical
        Of the whole table.
    time, event
        Columns of the outcome.
    drops
        Whether cases that lack a clinical value are left out.
    """
    said = []
    parts = [
        _cells(name, np.isnan(values), rows.numbers)
        for name, values in ((time, rows.time), (event, rows.event))
    ]
    if any(parts):
        said.append(f"Left out for want of an outcome: cells without a value in {_listed(parts)}.")
    if drops:
        open_cases = ~rows.unneeded
        lacking = [
            _cells(
                label_of(key, variable), np.isnan(clinical.values(key)) & open_cases, rows.numbers
            )
            for key, variable in clinical.variables.items()
        ]
        if any(lacking):
            said.append(
                f"Left out for want of a clinical value: cells without one in {_listed(lacking)};"
                ' [selection] missing_clinical = "multiple" (chained equations) or "impute" (one'
                " value for each gap) keeps these cases."
            )
    return said


def _cells(name: str, missing: BoolArray, numbers: Sequence[int]) -> str:
    found = [numbers[place] for place in np.flatnonzero(missing).tolist()]
    # Two sides of a patient may come from one row.
    rows = list(dict.fromkeys(found))
    return f"{name} {len(found)} ({named_rows(rows)})" if found else ""


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(filter(None, parts))
