"""The records of an xls workbook (BIFF 5 and 8), counted and sifted before xlrd parses any.

xlrd reads all that a workbook may hold (links over whole columns, names, charts, drawings), and has
no bounds. Only the records that make a table are left to it; the others are turned into ones that
it passes over. Source: [MS-XLS], section 2.3, and xlrd 2.0.2.
"""

from __future__ import annotations

import io
import struct

from xlrd import compdoc

from trephine.cohort.reading.limits import TableLimits

_BEGIN, _SHEET, _STRINGS, _MORE = 0x0809, 0x0085, 0x00FC, 0x003C
_NUMBERS, _BLANKS, _MERGED = 0x00BD, 0x00BE, 0x00E5
# formula, string, number, label, truth or error, rich string, RK, label of the shared strings
_CELLS = frozenset({0x0006, 0x0207, 0x0203, 0x0204, 0x0205, 0x00D6, 0x027E, 0x00FD, 0x0201})
_KEPT = _CELLS | {
    _BEGIN, _SHEET, _STRINGS, _MORE, _NUMBERS, _BLANKS, _MERGED, 0x000A,  # the end of each part
    0x0042, 0x0022, 0x002F,  # code page, origin of dates, encryption
    0x0031, 0x041E, 0x00E0, 0x0092, 0x0293,  # fonts, formats, cells' formats, palette, styles
    0x0200, 0x0208, 0x007D, 0x0055, 0x0225,  # extent, rows, columns, widths, heights
    0x04BC, 0x0221, 0x0236, 0x0037,  # what may stand between a formula and its text
}  # fmt: skip
_PASSED_OVER = struct.pack("<H", 0x7FFF)


class DamagedRecordsError(Exception):
    """The bytes are no sequence of records, or a sheet does not begin where they say."""


def sifted(content: bytes, name: str, limits: TableLimits) -> bytes:
    """Return a workbook's records, those that no table needs made harmless.

    Parameters
    ----------
    content
        The whole file, a compound document.
    name
        Of the file, for messages.
    limits
        Bounds on cells (of all sheets together) and sheets.

    Raises
    ------
    StudyProblemsError
        If it has more cells, strings or sheets than the bounds.
    DamagedRecordsError
        If the records cannot be followed.
    """
    records = bytearray(_stream(content))
    starts: set[int] = set()
    sheets: list[int] = []
    cells, place, end = 0, 0, len(records)
    while place + 4 <= end:
        code, length = struct.unpack_from("<HH", records, place)
        if code == length == 0:
            break  # filled up to a sector's end
        if code in _KEPT:
            cells += _cells(code, length)
            if code == _BEGIN:
                starts.add(place)
            elif code == _SHEET:
                sheets.append(_number(records, place + 4, length))
                limits.check("sheets", name, len(sheets))
            elif code == _STRINGS:
                limits.check("old_cells", name, _number(records, place + 8, length - 4))
        else:
            cells += 1
            records[place : place + 2] = _PASSED_OVER
        if cells > limits.old_cells:
            limits.check("old_cells", name, cells)
        place += 4 + length
    if len(set(sheets)) < len(sheets) or not set(sheets) <= starts:
        raise DamagedRecordsError
    del records[place:]
    return bytes(records)


def _cells(code: int, length: int) -> int:
    """Return how many cells (or ranges, which cost as much) a record makes; one at least."""
    width = {_NUMBERS: 6, _BLANKS: 2, _MERGED: 8}.get(code)
    return 1 if width is None else max(1, length // width)


def _number(records: bytearray, place: int, length: int) -> int:
    if length < 4 or place + 4 > len(records):
        raise DamagedRecordsError
    return int(struct.unpack_from("<I", records, place)[0])


def _stream(content: bytes) -> bytes:
    document = compdoc.CompDoc(content, logfile=io.StringIO())
    for name in ("Workbook", "Book"):
        memory, start, length = document.locate_named_stream(name)
        if memory:
            return bytes(memory[start : start + length])
    raise DamagedRecordsError
