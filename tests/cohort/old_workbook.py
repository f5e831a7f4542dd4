"""Excel 97's files by hand: records in a compound document, whole or not."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_SECTOR = 512
_FREE, _END, _TABLE, _TABLES = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC


def record(code: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(content)) + content


def number(row: int, column: int, value: float = 1.0) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def label(row: int, column: int, text: str) -> bytes:
    letters = text.encode("utf-16-le")
    return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + letters)


def records(
    sheets: Sequence[bytes], globals_: bytes = b"", offsets: Sequence[int] | None = None
) -> bytes:
    """The stream of a workbook with one sheet of records for each item; offsets may be forged."""
    begin = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    sheet_begin = record(0x0809, struct.pack("<HHHHII", 0x0600, 16, 0, 0, 0, 0))
    named = [f"S{number}" for number in range(len(sheets if offsets is None else offsets))]
    head = len(begin) + len(globals_) + sum(12 + len(name) for name in named) + 4
    parts = [sheet_begin + sheet + record(0x000A) for sheet in sheets]
    if offsets is None:
        offsets = [head + sum(map(len, parts[:n])) for n in range(len(parts))]
    bound = b"".join(
        record(0x0085, struct.pack("<IHBB", offset, 0, len(name), 0) + name.encode())
        for offset, name in zip(offsets, named, strict=True)
    )
    return b"".join((begin, globals_, bound, record(0x000A), *parts))


def xls_file(stream: bytes) -> bytes:
    """Return records as a compound document of one stream ([MS-CFB], version 3)."""
    stream += bytes(max(0, 4096 - len(stream)))  # below that it would need a second kind of sector
    used = -(-len(stream) // _SECTOR)
    tables = further = 0
    while tables * 128 < used + 1 + tables + further:
        tables += 1
        further = -(-max(0, tables - 109) // 127)
    # Sectors: the stream, the folder, the tables of sectors, and where further tables lie.
    chain = [*range(1, used), _END, _END, *[_TABLE] * tables, *[_TABLES] * further]
    chain += [_FREE] * (tables * 128 - len(chain))
    places = [used + 1 + n for n in range(tables)]
    first = used + 1 + tables
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, used, 0, 4096,
        _END, 0, first if further else _END, further, places[0],
    )  # fmt: skip
    header += _numbers([*places[1:109], *[_FREE] * (109 - min(tables, 109))])
    more = b""
    for n in range(further):
        listed = places[109 + 127 * n : 236 + 127 * n]
        following = first + n + 1 if n + 1 < further else _END
        more += _numbers([*listed, *[_FREE] * (127 - len(listed)), following])
    folder = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 0, len(stream))
    body = stream + bytes(used * _SECTOR - len(stream)) + folder.ljust(_SECTOR, b"\0")
    return header + body + _numbers(chain) + more


def _numbers(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    letters = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16xI16xIII", letters, len(letters), kind, 1, _FREE, _FREE, child, 0, start,
        size, 0,
    )  # fmt: skip
