"""Files of one case that differ by a date in their names: first, and later by so many months."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from datetime import date
from pathlib import Path

from trephine.study.draft.image_names import BASELINE
from trephine.study.draft.listing import Cells, LooseGroup

_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_.]?)(\d{2})\2(\d{2})(?!\d)")
_MARK = "\0"
# Images of so many days belong to one visit.
_ONE_VISIT = 14
_WEEKS, _MONTHS = 7.0, 30.4375
# Within so many days a time is called by its weeks.
_FEW_DAYS = 60


def dated_groups(
    files: MutableMapping[str, list[Path]], folder: Path, cells: Cells
) -> dict[str, LooseGroup]:
    """Take the files out of ``files`` whose patterns differ by a date only, and group them.

    Parameters
    ----------
    files
        By pattern, as `Cells.pattern` has it; those that are taken go from it.
    folder
        From which the paths start.
    cells
        Of the table.

    Returns
    -------
    By template, the date replaced by "baseline" or by a word such as "month6": the files of one
    visit, one for each cell. A template of which every cell has one file has no such word.
    """
    by_template: dict[str, list[str]] = defaultdict(list)
    days: dict[str, date] = {}
    for pattern in files:
        if "{" in pattern and (found := _date(pattern)) is not None:
            by_template[pattern.replace(found[0], _MARK)].append(pattern)
            days[pattern] = found[1]
    taken: dict[str, list[tuple[Path, str, date]]] = {}
    column = ""
    for template, patterns in by_template.items():
        fields = set(re.findall(r"\{([^}]*)\}", template))
        if len(patterns) < 2 or len(fields) > 1 or (column and fields != {column}):
            continue  # one date for all is a folder's name; two fields say more than one column
        (column,) = fields
        taken[template] = [
            (path, cells.named(path.relative_to(folder).as_posix())[1], days[pattern])
            for pattern in patterns
            for path in files[pattern]
        ]
        for pattern in patterns:
            del files[pattern]
    return _groups(taken, column)


def _date(pattern: str) -> tuple[str, date] | None:
    """Return the one date that a pattern holds, as it is written and as it is read; else None."""
    found = list(_DATE.finditer(pattern))
    if len(found) != 1:
        return None
    try:
        return found[0][0], date(int(found[0][1]), int(found[0][3]), int(found[0][4]))
    except ValueError:
        return None


def _groups(
    taken: Mapping[str, Sequence[tuple[Path, str, date]]], column: str
) -> dict[str, LooseGroup]:
    visits = _visits(entry for entries in taken.values() for entry in entries)
    words = _words(visits)
    groups: dict[str, dict[Path, str]] = defaultdict(dict)
    for template, entries in taken.items():
        several = max(_counts(cell for _, cell, _ in entries).values()) > 1
        for path, cell, day in entries:
            place = max(n for n, begins in enumerate(visits[cell]) if begins <= day)
            groups[template.replace(_MARK, words[place] if several else "")][path] = cell
    said = f"Dates in the names of files say which image of {column} was taken when"
    return {
        template: LooseGroup(column, cells, said)
        for template, cells in groups.items()
        if len(set(cells.values())) == len(cells)
    }


def _counts(cells: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for cell in cells:
        counted[cell] += 1
    return counted


def _visits(entries: Iterable[tuple[Path, str, date]]) -> dict[str, list[date]]:
    """Return the days on which each cell's visits began."""
    days: dict[str, set[date]] = defaultdict(set)
    for _, cell, day in entries:
        days[cell].add(day)
    visits: dict[str, list[date]] = {}
    for cell, own in days.items():
        begun: list[date] = []
        for day in sorted(own):
            if not begun or (day - begun[-1]).days > _ONE_VISIT:
                begun.append(day)
        visits[cell] = begun
    return visits


def _words(visits: Mapping[str, Sequence[date]]) -> list[str]:
    """Return a word for each visit in turn: by the median of the days since the first one."""
    words = [BASELINE]
    for place in range(1, max(map(len, visits.values()), default=0)):
        since = [(own[place] - own[0]).days for own in visits.values() if len(own) > place]
        typical = statistics.median(since)
        few = typical < _FEW_DAYS
        unit, days = ("week", _WEEKS) if few else ("month", _MONTHS)
        number = round(typical / days)
        while (word := f"{unit}{number}") in words:
            number += 1
        words.append(word)
    return words
