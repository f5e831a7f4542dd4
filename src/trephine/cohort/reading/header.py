"""Where a table begins and ends in its sheet: titles, groups and notes stand around it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from trephine.cohort.reading.cell_text import clean_name
from trephine.cohort.reading.grid import Grid, column_letters, runs
from trephine.cohort.reading.notes import headings_between, notes_below, sums_below
from trephine.cohort.reading.units_row import names_again, units_in
from trephine.errors import Problem, StudyProblemsError

# A row of column names fills at least this share of the fullest of the first rows.
_FILLED = 0.6
_FIRST_ROWS = 20
_NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?([eE][-+]?[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*")


@dataclass(frozen=True)
class Extent:
    """Where a table lies in its grid.

    Attributes
    ----------
    header
        Row of the column names; with a second row of names below it, the lower one.
    names
        Of each column, empty where it has none.
    rows
        Numbers of the rows of cases.
    said
        What was assumed, one sentence each.
    units
        Of columns, from 0, where a row below the names holds them.
    """

    header: int
    names: tuple[str, ...]
    rows: tuple[int, ...]
    said: tuple[str, ...]
    units: Mapping[int, str] = field(default_factory=dict)


def find_table(grid: Grid) -> Extent | None:
    """Find the header and the cases of a sheet; None where it has no filled cell.

    The column names stand in the first of the first twenty filled rows that fills at least 60 % of
    the cells that the fullest of them fills, unless half of it are numbers while a row above it
    has words. What stands above is a title, or names of groups of columns. Below, from the end
    upwards, rows that begin with a word such as "Total" or "Note" and hold no more in that cell, or
    are half empty, and rows of one cell behind an empty row or of a whole sentence, are notes.
    """
    filled = {row: _filled(cells) for row, cells in grid.rows.items()}
    numbers = sorted(row for row, cells in filled.items() if cells)
    if not numbers:
        return None
    header = _header(filled, numbers[:_FIRST_ROWS])
    above = [row for row in numbers if row < header]
    following = next((row for row in numbers if row > header), None)
    said: list[str] = []
    names = _tall(grid, header, _names(grid, header))
    if following is not None and _is_second_header(grid, filled, header, following):
        names = _joined(_ranged(grid, header), _names(grid, following))
        said.append(
            f"Rows {header} and {following} hold the column names: the group's name stands before"
            " the column's."
        )
        header = following
    elif above:
        names, told = _with_groups(grid, names, above, header)
        said.append(told)
    elif header > 1:
        said.append(f"Row {header} holds the column names; above it the sheet is empty.")
    grid.fill_ranges(header)
    body = [row for row in numbers if row > header]
    units = _units(grid, names, header, body, said)
    body = body[1:] if units or _names_again(grid, header, body, said) else body
    _one_order(grid, names, body)
    again = [row for row in body if _names(grid, row)[: len(names)] == names and any(names)]
    if again:
        verb = "repeats" if len(again) == 1 else "repeat"
        said.append(f"{runs(again).capitalize()} {verb} the column names: left out.")
        body = [row for row in body if row not in again]
    notes = notes_below(filled, body, len([name for name in names if name]))
    if notes:
        one = len(notes) == 1
        noun = "is a note or total, and was" if one else "are notes or totals, and were"
        where = runs(notes).capitalize()
        said.append(f"{where} below the table {noun} left out.")
    rows = _without_others(grid, [row for row in body if row not in notes], said)
    return Extent(header, tuple(names), rows, tuple(said), units)


def _one_order(grid: Grid, names: list[str], body: list[int]) -> None:
    """Refuse a second table below the first whose columns stand in another order.

    Raises
    ------
    StudyProblemsError
        With its row.
    """
    known = sorted(filter(None, names))
    for row in body:
        below = _names(grid, row)
        if len(known) > 2 and below != names[: len(below)] and sorted(filter(None, below)) == known:
            advice = "Bring the columns below it into the order of the first table"
            found = "the column names in another order"
            where = (grid.name, (row,), "")
            raise StudyProblemsError(
                [Problem.of_cells(*where, "one table, its columns in one order", found, advice)]
            )


def _without_others(grid: Grid, rows: list[int], said: list[str]) -> tuple[int, ...]:
    """Leave out headings of groups and a last row of sums, and say so."""
    headings = headings_between(grid.rows, rows)
    if headings:
        verb = "holds" if len(headings) == 1 else "hold"
        said.append(f"{runs(headings).capitalize()} {verb} the heading of a group only: left out.")
    rest = [row for row in rows if row not in headings]
    sums = sums_below(grid.rows, rest)
    if sums:
        said.append(
            f"{runs(sums).capitalize()} holds the sums or means of the rows above: left out."
        )
    return tuple(row for row in rest if row not in sums)


def _units(
    grid: Grid, names: list[str], header: int, body: list[int], said: list[str]
) -> Mapping[int, str]:
    """Return the units of a row directly below the names, and say so; empty for a case's row."""
    if len(body) < 2 or body[0] != header + 1:
        return {}
    units = units_in(grid.rows[body[0]], [grid.rows[row] for row in body[1:]]) or {}
    shown = [f"{names[place]!r} {unit}" for place, unit in units.items() if place < len(names)]
    if shown:
        more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
        named = f"{', '.join(shown[:5])}{more}"
        said.append(f"Row {body[0]} holds units, not a case: left out ({named}).")
    return units


def _names_again(grid: Grid, header: int, body: list[int], said: list[str]) -> bool:
    """Say whether the row directly below the names holds them in other words, and report it."""
    if len(body) < 2 or body[0] != header + 1:
        return False
    again = names_again(grid.rows[body[0]], [grid.rows[row] for row in body[1:]])
    if again:
        said.append(f"Row {body[0]} holds the column names in other words, no case: left out.")
    return again


def _filled(cells: list[str]) -> list[str]:
    return [text for cell in cells if (text := cell.strip())]


def _header(filled: dict[int, list[str]], numbers: list[int]) -> int:
    most = max(len(filled[row]) for row in numbers)
    chosen = next(row for row in numbers if len(filled[row]) >= _FILLED * most)
    if _mostly_numbers(filled[chosen]):
        words = [row for row in numbers if row < chosen and not _mostly_numbers(filled[row])]
        several = [row for row in words if len(filled[row]) > 1]
        if several:
            return several[-1]
        if most == 1 or (words and not any(len(filled[row]) > 1 for row in numbers)):
            return words[-1] if words else chosen
    return chosen


def _mostly_numbers(cells: list[str]) -> bool:
    return 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in cells) >= len(cells)


def _names(grid: Grid, row: int) -> list[str]:
    return [clean_name(cell) for cell in grid.rows.get(row, [])]


def _tall(grid: Grid, header: int, names: list[str]) -> list[str]:
    """Put in the names of merged cells that reach from a row above down to the header."""
    for first, left, last, right in grid.ranges:
        if first < header <= last and left == right and (name := grid.get(first, left)):
            names += [""] * (left - len(names))
            names[left - 1] = names[left - 1] or clean_name(name)
    return names


def _ranged(grid: Grid, row: int) -> list[str]:
    """Return a row of group names, each standing for the columns up to the next one."""
    width = max(len(cells) for cells in grid.rows.values())
    cells = [clean_name(grid.get(row, column)) for column in range(1, width + 1)]
    ranges = {left: right for first, left, last, right in grid.ranges if first <= row <= last}
    reach = [""] * width
    column = 0
    while column < width:
        if cells[column]:
            following = next((k for k in range(column + 1, width) if cells[k]), width)
            stop = ranges.get(column + 1, following) if ranges else following
            reach[column : min(stop, following)] = [cells[column]] * (min(stop, following) - column)
            column = max(column + 1, min(stop, following))
        else:
            column += 1
    return reach


def _joined(groups: list[str], names: list[str]) -> list[str]:
    width = max(len(groups), len(names))
    groups = groups + [""] * (width - len(groups))
    names = names + [""] * (width - len(names))
    return [
        " ".join(filter(None, (group, name))) for group, name in zip(groups, names, strict=True)
    ]


def _is_second_header(
    grid: Grid, filled: dict[int, list[str]], header: int, following: int
) -> bool:
    """Say whether two rows share the names: each is empty where the other has some.

    Group names over the columns, with single names beside them, are written so: "ID | Right hip |
    (empty)" over "(empty) | stage | area".
    """
    if following != header + 1 or any(map(_NUMBER.fullmatch, filled[following])):
        return False
    upper, lower = _names(grid, header), _names(grid, following)
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    only_lower = sum(not up and bool(low) for up, low in zip(upper, lower, strict=True))
    only_upper = sum(bool(up) and not low for up, low in zip(upper, lower, strict=True))
    rest = [row for row in sorted(filled) if row > following and filled[row]]
    below = len(filled[rest[0]]) if rest else 0
    # A first case with gaps may fill no more than the names of groups; these are merged then.
    grouped = any(
        first <= header <= last and left < right and all(lower[left - 1 : right])
        for first, left, last, right in grid.ranges
    )
    fuller = grouped or below > max(len(filled[header]), 1)
    return only_lower > 0 and only_upper > 0 and fuller


def _with_groups(
    grid: Grid, names: list[str], above: list[int], header: int
) -> tuple[list[str], str]:
    """Put a group's name before names that stand twice; say what stands above the header."""
    where = runs(above)
    told = f"Row {header} holds the column names; {where} above it "
    told += "is a title or holds" if len(above) == 1 else "are a title or hold"
    parted = names
    for row in reversed(above):  # the nearest row of groups first, then groups of groups
        counts = Counter(name for name in parted if name)
        groups = _ranged(grid, row)
        if max(counts.values(), default=0) > 1 and len(set(filter(None, groups))) > 1:
            wide = groups + [""] * (len(names) - len(groups))
            parted = [
                f"{group} {name}".strip() if counts[name] > 1 else name
                for name, group in zip(parted, wide, strict=False)
            ]
    if parted != names:
        return parted, told + " names of groups, put before the columns that are named twice."
    return names, told + " names of groups, and was not used." if len(above) == 1 else (
        told + " names of groups, and were not used."
    )


def nameless(extent: Extent, grid: Grid) -> tuple[list[int], list[str]]:
    """Return the columns that have a name, from 0, and what is said of those that have none."""
    width = max((len(grid.rows[row]) for row in extent.rows), default=0)
    named = [place for place, name in enumerate(extent.names) if name]
    empty_names = [
        place for place in range(width) if place >= len(extent.names) or not extent.names[place]
    ]
    held = [
        place
        for place in empty_names
        if any(grid.get(row, place + 1).strip() for row in extent.rows)
    ]
    if not held:
        return named, []
    letters = ", ".join(column_letters(place + 1) for place in held[:5])
    if len(held) > 5:
        letters += f" and {len(held) - 5} more"
    noun, verb = ("Column", "has") if len(held) == 1 else ("Columns", "have")
    return named, [f"{noun} {letters} {verb} no name, though values: left out."]
