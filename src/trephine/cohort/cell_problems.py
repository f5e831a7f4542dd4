"""Problems of cells, alike ones together: by value, by the way they are written, by cause."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from trephine.cohort.cells import footnote_mark
from trephine.cohort.joined_problems import joined
from trephine.cohort.reading.marks import cause_of
from trephine.cohort.reading_keys import CellKeys, quoted
from trephine.errors import Problem

# Columns that a message lists.
_LISTED = 20

_UNIT = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?\s*((?![xXeE][0-9])(?:[^\W\d_]|[%°‰])[^\s:;]{0,11})")
_TWO_UNITS = re.compile(
    r"[0-9]+\s*([^\W\d_]+|['’′])[.,]?\s*[0-9]+\s*([^\W\d_]+|[\"”″])\.?", re.IGNORECASE
)
_LIMIT = re.compile(r"[<>≤≥＜＞]=?\s*[0-9]")
_OTHER_DIGITS = re.compile(r"[^\D0-9]")

# Ways to write a number that are not read unasked: what each is called, the key that has it read
# with the advice to set it, and the advice where a table has no such key.
_SPELT = (
    (
        re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+"),
        "a comma in the number, as in {cell}",
        "thousands",
        'Set thousands = "," under KEY if it parts thousands, decimal = "," if it is a decimal'
        " comma",
        "Leave it out if it parts thousands, write a point if it is a decimal comma",
    ),
    (
        re.compile(r"[-+]?[0-9]*,[0-9]+"),
        "a comma in the number, as in {cell}",
        "decimal",
        'Write points, or set decimal = "," under KEY',
        "Write a point",
    ),
    (
        re.compile(r"[-+]?[0-9]{1,3}(?:[\s'’][0-9]{3})+(?:[.,][0-9]+)?"),
        "blanks between thousands, as in {cell}",
        "decimal",
        'Take the blanks out, or set decimal = "." (or ",") under KEY',
        "Take the blanks out",
    ),
    (
        re.compile(r"[0-9]+(?:[.,][0-9]+)?\s*\+"),
        "a plus behind the number, as in {cell}",
        "strip",
        "If it marks a time that is censored, the event column says so (0), and"
        ' strip = ["+"] under KEY takes it off',
        "Take it off, if the number stands without it",
    ),
    (
        re.compile(r"[-+]?[0-9]+[·٫’][0-9]+"),
        "another sign for the decimal point, as in {cell}",
        "",
        "",
        "Write points",
    ),
    (
        re.compile(r"(1[89]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?"),
        "a date, {cell}",
        "",
        "",
        "If the spreadsheet made it of a number such as 3/5, or shows a number as a date, set the"
        " column's format to a number there, and type it again",
    ),
    (
        re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?"),
        "a time of day, {cell}",
        "",
        "",
        "If the spreadsheet shows a number as a time of day, set the column's format to a number",
    ),
    (
        re.compile(r"(ca\.?|circa|approx\.?|about|~|≈|约|約|etwa|env\.?)\s*[0-9].*", re.IGNORECASE),
        "an approximate number, as in {cell}",
        "read",
        "Write the number alone, or say which it stands for: read = { CELL = NUMBER } under KEY",
        "Write the number alone",
    ),
    (
        re.compile(r"[0-9][0-9.,]*\s*(-|–|~|to|bis|至|±|\+/-|/)\s*[0-9][0-9.,]*"),
        "two numbers, as in {cell}",
        "read",
        "Write one, or say which it stands for: read = { CELL = NUMBER } under KEY",
        "Write one",
    ),
    (
        re.compile(r"(?=.*[0-9])[0-9OolI|]+(?:[.,][0-9OolI|]+)?"),
        "a letter in the number, as in {cell}",
        "",
        "",
        "Was O meant for 0, or l for 1? Correct it",
    ),
)


def absent_column(
    table: str,
    row: int | None,
    wanted: str,
    columns: Iterable[str],
    advice: str = "",
    use: str = "",
) -> Problem:
    """Return the problem of a column that a table lacks, with the nearest one that it has.

    Parameters
    ----------
    table, row
        File name, and row of the column names where it is known.
    wanted
        The column's name in the plan.
    columns
        Those of the table.
    advice
        What to do if no other column is near.
    use
        What it is for, as in "for clinical variable age".
    """
    known = [str(column) for column in columns]
    near = nearest(wanted, known)
    shown = ", ".join(map(repr, known[:_LISTED]))
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    where = table if row is None else f"{table}, row {row}"
    hint = f"Did you mean {near!r}? " if near else ""
    expected = f"a column {wanted!r}" + (f" {use}" if use else "")
    return Problem(where, expected, f"columns {shown}{more}", (hint + advice).strip())


def nearest(wanted: str, known: Sequence[str]) -> str:
    """Return the name most like the one wanted, capitals and separators apart, or an empty one."""
    plain: dict[str, str] = {}
    for name in known:
        plain.setdefault(_simple(name), name)
    near = difflib.get_close_matches(_simple(wanted), list(plain), n=1, cutoff=0.6)
    return plain[near[0]] if near else ""


def _simple(name: str) -> str:
    return " ".join(re.split(r"[\s_.\-]+", name.casefold().strip()))


def number_problems(
    column: pd.Series,
    places: Sequence[int],
    table: str,
    expected: str,
    keys: CellKeys,
    show: bool = True,
) -> list[Problem]:
    """Return the problems of cells that hold no number, those written alike together.

    Parameters
    ----------
    column
        Text cells, indexed by row of the file.
    places
        Positions, from 0, of the cells.
    table
        File name.
    expected
        Such as "a number".
    keys
        Where the plan says how the column is read, and what it can say.
    show
        Whether cells may be shown; file names and other identifiers may not.
    """
    kinds: dict[tuple[str, str], list[int]] = defaultdict(list)
    example: dict[tuple[str, str], str] = {}
    for place in places:
        cell = column.iloc[place]
        kind = _kind(cell, show, keys)
        kinds[kind].append(int(column.index[place]))
        example.setdefault(kind, cell)
    problems = []
    for (found, advice), rows in kinds.items():
        cell = repr(example[found, advice])
        shown = cell if len(rows) == 1 and cause_of(example[found, advice]) is None else ""
        text = shown if shown and show else found.format(cell=cell)
        problems.append(Problem.of_cells(table, rows, str(column.name), expected, text, advice))
    return joined(problems, table, str(column.name), expected)


def _kind(cell: str, show: bool, keys: CellKeys) -> tuple[str, str]:
    """Return how a cell that is no number is written, and what to do about it."""
    cause = cause_of(cell)
    if cause is not None:
        return _in_braces(cause.found), keys.of_cause(cause)
    if not show:
        return "text", ""
    if mark := footnote_mark(cell):
        text = (
            f"If it is a footnote's mark and the number stands, set strip = [{quoted(mark)}] under"
            f" KEY; if not, say what it means: read = {{ {quoted(cell)} = NUMBER }}"
        )
        plain = "If it is a footnote's mark and the number stands, take the mark off"
        return f"a number with the mark {mark}, as in {{cell}}", keys.advice("strip", text, plain)
    for pattern, found, needs, text, plain in _SPELT:
        if pattern.fullmatch(cell):
            return found, keys.advice(needs, text.replace("CELL", quoted(cell)), plain)
    if _OTHER_DIGITS.search(cell):
        return "digits of another script, as in {cell}", "Type them again as 0 to 9"
    if _LIMIT.match(cell):
        text = f"Say which number it stands for: read = {{ {quoted(cell)} = NUMBER }} under KEY"
        return "a limit, as in {cell}", keys.advice("read", text, "Write the number it stands for")
    if _TWO_UNITS.fullmatch(cell):
        return "a value in two units, as in {cell}", "Write it in one: 1y10m is 22 months"
    if (unit := _UNIT.fullmatch(cell)) is not None:
        return _with_unit(unit[1].strip(), keys)
    if any(letter.isdigit() for letter in cell):
        text = f"Correct it, or say what it means: read = {{ {quoted(cell)} = NUMBER }} under KEY"
        return _in_braces(repr(cell)), keys.advice("read", text, "Correct it")
    text = f'If it means missing: read = {{ {quoted(cell)} = "" }} under KEY'
    plain = "If it means missing, leave the cell empty"
    return _in_braces(repr(cell)), keys.advice("read", text, plain)


def _with_unit(word: str, keys: CellKeys) -> tuple[str, str]:
    text = (
        f'If the column is in {word}, set strip = ["{word}"] under KEY; if not, bring the'
        " value to the column's unit"
    )
    plain = "Write the number alone, in the unit of the study's column"
    return _in_braces(f"a number with {word!r}"), keys.advice("strip", text, plain)


def _in_braces(text: str) -> str:
    """Return a text that str.format leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def value_problems(
    column: pd.Series,
    places: Sequence[int],
    table: str,
    expected: str,
    advice: str = "",
    keys: CellKeys | None = None,
) -> list[Problem]:
    """Return one problem for each different cell that is not one of those expected.

    In the advice CELL stands for the cell as a study file writes it; what it says of errors and
    merged cells rests on ``keys``, or on a study file that can say all.
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    causes: dict[str, Any] = {}
    cells: dict[str, str] = {}
    for place in places:
        cell = column.iloc[place]
        cause = cause_of(cell)
        found = repr(cell) if cause is None else cause.found
        causes[found] = cause
        cells[found] = cell
        rows_of[found].append(int(column.index[place]))
    problems = [
        Problem.of_cells(
            table,
            rows,
            str(column.name),
            expected,
            found,
            advice.replace("CELL", quoted(cells[found]))
            if causes[found] is None
            else (keys or CellKeys("")).of_cause(causes[found]),
        )
        for found, rows in rows_of.items()
    ]
    return joined(problems, table, str(column.name), expected)


def marked_problems(column: pd.Series, table: str, expected: str) -> list[Problem]:
    """Return the problems of a column's cells that are errors, uncalculated or merged, by cause.

    For columns of no study file's table: lists of files. No cell is shown.
    """
    rows_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, cell in column.items():
        cause = cause_of(str(cell))
        if cause is not None:
            rows_of[cause.found, cause.repair].append(int(str(row)))
    return [
        Problem.of_cells(table, rows, str(column.name), expected, found, repair)
        for (found, repair), rows in rows_of.items()
    ]
