"""Where a table begins and ends in its sheet: titles, groups and notes stand around it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from trephine.cohort.reading.grid import Grid, column_letters, runs

# A row of column names fills at least this share of the fullest of the first rows.
_FILLED = 0.6
_FIRST_ROWS = 20
_NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?([eE][-+]?[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*")
_BREAK = re.compile(r"\s*[\r\n\t\v\f\x85\u2028\u2029]+\s*")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
# What a row below a table begins with.
_NOTE = re.compile(
    r"\W*((grand\s+|sub)?totals?|sum|mean|average|avg|median|min(imum)?|max(imum)?|sd|std|range|"
    r"count|notes?|remarks?|comments?|source|legend|abbreviations?|gesamt|summe|mittelwert|"
    r"anmerkung(en)?|hinweis|somme|moyenne|remarques?|promedio|notas?|media|"
    r"合计|总计|總計|小计|共计|平均(值|数)?|均值|中位数|标准差|备注|備註|注|说明|注释|計|合計|注記|"
    r"합계|평균|비고|итого|среднее|примечани[ея])(\W|$|\s|[:：])",
    re.IGNORECASE,
)


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
    """

    header: int
    names: tuple[str, ...]
    rows: tuple[int, ...]
    said: tuple[str, ...]


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
    names = _names(grid, header)
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
    notes = _notes(filled, body, len([name for name in names if name]))
    if notes:
        one = len(notes) == 1
        noun = "is a note or total, and was" if one else "are notes or totals, and were"
        where = runs(notes).capitalize()
        said.append(f"{where} below the table {noun} left out.")
    rows = tuple(row for row in body if row not in notes)
    return Extent(header, tuple(names), rows, tuple(said))


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


def clean_name(cell: str) -> str:
    """Return a column's name on one line, without invisible letters and outer blanks."""
    return _BREAK.sub(" ", cell.translate(_INVISIBLE).strip())


def _names(grid: Grid, row: int) -> list[str]:
    return [clean_name(cell) for cell in grid.rows.get(row, [])]


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
    return only_lower > 0 and only_upper > 0 and below > max(len(filled[header]), 1)


def _with_groups(
    grid: Grid, names: list[str], above: list[int], header: int
) -> tuple[list[str], str]:
    """Put a group's name before names that stand twice; say what stands above the header."""
    where = runs(above)
    told = f"Row {header} holds the column names; {where} above it "
    told += "is a title or holds" if len(above) == 1 else "are a title or hold"
    counts = Counter(name for name in names if name)
    groups = _ranged(grid, above[-1])
    if len(set(filter(None, groups))) > 1 and any(number > 1 for number in counts.values()):
        wide = groups + [""] * (len(names) - len(groups))
        twice = [counts[name] > 1 for name in names]
        names = [
            f"{group} {name}".strip() if again else name
            for name, group, again in zip(names, wide, twice, strict=False)
        ]
        return names, told + " names of groups, put before the columns that are named twice."
    return names, told + " names of groups, and was not used." if len(above) == 1 else (
        told + " names of groups, and were not used."
    )


def _notes(filled: dict[int, list[str]], body: list[int], width: int) -> list[int]:
    """Return the rows below the table, looked for from the end upwards."""
    notes: list[int] = []
    for place in range(len(body) - 1, 0, -1):
        row, cells = body[place], filled[body[place]]
        alone = row - body[place - 1] > 1
        single = len(cells) == 1 and width > 2 and (alone or _is_sentence(cells[0]))
        if not (single or (width > 1 and _begins_note(cells, width))):
            break
        notes.append(row)
    return notes


def _begins_note(cells: list[str], width: int) -> bool:
    """Say whether a row begins with such a word alone, or with it and is half empty.

    A case may be called "SD-12", or Max Miller: its row is filled as the others are.
    """
    word = _NOTE.match(cells[0])
    if word is None:
        return False
    rest = cells[0][word.end() :].strip(" :：.()")
    return not rest or 2 * len(cells) <= width


def _is_sentence(text: str) -> bool:
    return len(text.split()) > 3 or ":" in text or "：" in text or text.startswith(("*", "†", "※"))


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
