"""Tables as text (CSV, TSV, also .gz): encoding and separator are found by a stated rule."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trephine.cohort.reading.encodings import CALLED, guess_encoding
from trephine.cohort.reading.grid import Grid
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.package import refusal

_PIECE = 1 << 20
_BLANK = " "
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
_A_NUMBER = re.compile(r"(^|[,;\t|])\s*[\d.]+\s*([,;\t|]|$)")
# As many lines as the separator is looked for in.
_SAMPLE = 200
_AS_TEXT = "Save it from a spreadsheet program as CSV in UTF-8, or as xlsx"


def read_text_table(path: Path, limits: TableLimits, encoding: str | None = None) -> Grid:
    """Read a table of separated text.

    Raises
    ------
    StudyProblemsError
        If it is damaged, no text, beyond the bounds, or a quotation mark is never closed.
    """
    content = _bytes(path, limits)
    text, said = _decoded(content, path.name, encoding)
    del content
    if text[:500].lstrip().lower().startswith(("<!doctype", "<html", "<?xml", "<table")):
        raise refusal(path.name, "a web page or XML, whatever its name says", _AS_TEXT)
    if re.match(r'\s*(\[\s*)?\{\s*"', text):
        raise refusal(path.name, "JSON, whatever its name says", _AS_TEXT)
    if "\0" in text:
        raise refusal(path.name, "bytes that are not text", _AS_TEXT)
    grid = Grid(path.name, limits, said=said, is_text=True)
    stated = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if stated is not None:  # Excel's own first line, which it does not show
        text = text[stated.end() :]
    text = _without_comments(text, grid)
    separator = stated[1] if stated else find_separator(text, path.suffixes)
    if separator != "," and not (separator == "\t" and ".tsv" in path.suffixes):
        named = "blanks" if separator == _BLANK else _SEPARATORS.get(separator, repr(separator))
        grid.said.append(f"Columns are separated by {named}.")
    grid.decimal_comma = separator in ";\t|"
    widest = max(_widths(_sample(text), separator), default=0)
    grid.stated = (text.count("\n") + (not text.endswith("\n")), widest)
    _fill(grid, text, separator)
    return grid


def _without_comments(text: str, grid: Grid) -> str:
    """Empty lines above the column names that begin with #, as cBioPortal and R packages write.

    A single such line may be the column names themselves ("#id,age"): it is one if the line below
    holds a number.
    """
    lines = _first_lines(text)
    number = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if number in (0, len(lines)) or _A_NUMBER.search(lines[number]):
        return text
    rows = "Row 1 begins" if number == 1 else f"Rows 1 to {number} begin"
    grid.said.append(f"{rows} with # and {'was' if number == 1 else 'were'} left out.")
    return "\n" * number + text[sum(len(line) + 1 for line in lines[:number]) :]


def _first_lines(text: str) -> list[str]:
    return _sample(text).split("\n")


def _bytes(path: Path, limits: TableLimits) -> bytes:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        if not packed:
            file.seek(0)
            content = file.read(limits.file_bytes + 1)  # some, as of /proc, state no size before
            limits.check("file_bytes", path.name, len(content))
            return content
    parts, size = [], 0
    try:
        with gzip.open(path) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                limits.check("file_bytes", path.name, size)
                parts.append(piece)
    except (OSError, EOFError, zlib.error):
        raise refusal(path.name, "a compressed file that is cut short or damaged") from None
    return b"".join(parts)


def _decoded(content: bytes, name: str, encoding: str | None) -> tuple[str, list[str]]:
    """Return the text and what was assumed of its encoding.

    A byte order mark decides; without one, `guess_encoding`.
    """
    marks = (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    )
    found = encoding or next((code for mark, code in marks if content.startswith(mark)), None)
    if found is None:
        found = guess_encoding(content)
    try:
        text = content.decode(found)
    except (UnicodeDecodeError, LookupError):
        raise refusal(name, f"bytes that are not {found.upper()}", _AS_TEXT) from None
    said = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", **CALLED}.get(found)
    advice = "" if found not in CALLED else "; save it as UTF-8 if letters look wrong"
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, [f"Read as {said}{advice}."] if said else []


def find_separator(text: str, suffixes: list[str]) -> str:
    """Return the separator under which most lines have the same number of cells, more than one.

    Of several, the one whose rule holds from the earliest line on, then the one with most cells.
    """
    sample = _sample(text)
    best, choice = (0.0, 0, 0), "\t" if ".tsv" in suffixes else ","
    for separator in (choice, *(s for s in _SEPARATORS if s != choice)):
        widths = _widths(sample, separator)
        counts = Counter(width for width in widths if width > 1)
        if not counts:
            continue
        width, number = counts.most_common(1)[0]
        rank = (round(number / len(widths), 2), -widths.index(width), width)
        if rank > best or best[0] == 0:
            best, choice = rank, separator
    return _BLANK if best[0] == 0 and _in_columns(sample) else choice


def _in_columns(sample: str) -> bool:
    """Say whether every line has as many parts between blanks, three at least.

    The first may have one less: R writes the names of rows without a name above them.
    """
    first, *rest = _widths(sample, _BLANK) or [0]
    return len(rest) > 1 and len(set(rest)) == 1 and rest[0] > 2 and rest[0] - first in (0, 1)


def _sample(text: str) -> str:
    """Return the first lines of a text."""
    end = 0
    for _ in range(_SAMPLE):
        following = text.find("\n", end)
        if following < 0:
            return text
        end = following + 1
    return text[:end]


def _widths(sample: str, separator: str) -> list[int]:
    try:
        rows = csv.reader(_apart(sample, separator), delimiter=separator)
        return [len(row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error:
        return []


def _lines(text: str) -> Iterator[str]:
    """Yield lines without a copy of the whole: some tables are near the bounds."""
    start = 0
    while start < len(text):
        stop = text.find("\n", start) + 1 or len(text)
        yield text[start:stop]
        start = stop


def _apart(text: str, separator: str) -> Iterator[str]:
    """Yield lines; where blanks part columns, several are one."""
    if separator != _BLANK:
        return _lines(text)
    return (re.sub(r"[ \t]+", " ", line).strip(" \n") + "\n" for line in _lines(text))


def _fill(grid: Grid, text: str, separator: str) -> None:
    csv.field_size_limit(max(csv.field_size_limit(), grid.limits.cell_letters + 1))
    reader = csv.reader(_apart(text, separator), delimiter=separator, strict=True)
    number = 0
    advice = "Look at the quotation marks near there: each that opens a cell must close it"
    try:
        for number, cells in enumerate(reader, start=1):
            if cells:
                grid.put_row(number, [_unguarded(cell) for cell in cells])
            else:
                grid.check(number, 0)
    except csv.Error:
        where = f"a quotation mark that is never closed or is inside a cell (row {number + 1})"
        raise refusal(grid.name, where, advice) from None


def _unguarded(cell: str) -> str:
    """Return what programs write as ="007" so that a spreadsheet leaves it as it is."""
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1].replace('""', '"')
    return cell
