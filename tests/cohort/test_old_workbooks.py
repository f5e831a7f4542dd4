"""Excel 97's workbooks: read within bounds, whatever their records say."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import xlrd

from cohort.old_workbook import label, number, record, records, xls_file
from trephine.cohort.reading import read_source
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.xls_records import sifted
from trephine.errors import StudyProblemsError

TABLE = label(0, 0, "hip") + label(0, 1, "age") + label(1, 0, "007") + number(1, 1, 54.5)


def written(path: Path, *sheets: bytes, **more: object) -> Path:
    path.write_bytes(xls_file(records(sheets, **more)))  # type: ignore[arg-type]
    return path


def read(path: Path, **limits: int) -> list[list[str]]:
    return read_source(path, limits=TableLimits(**limits)).frame.to_numpy().tolist()


def test_a_workbook_without_formats_is_read(tmp_path: Path) -> None:
    assert read(written(tmp_path / "t.xls", TABLE)) == [["007", "54.5"]]


def test_a_workbook_of_more_sectors_than_its_head_lists_is_read(tmp_path: Path) -> None:
    filler = record(0x7FFE, bytes(8000)) * 1000
    path = written(tmp_path / "t.xls", TABLE + filler)
    assert path.stat().st_size > 8_000_000
    assert read(path) == [["007", "54.5"]]


@pytest.mark.parametrize(
    "more",
    [
        # One link over every cell of the sheet, as xlrd would list them: 16 million each.
        record(0x01B8, struct.pack("<4H", 0, 65535, 0, 255) + bytes(60)) * 50,
        record(0x0800, struct.pack("<5H", 0x0800, 0, 65535, 0, 255) + bytes(20)) * 50,
        record(0x00EC, bytes(40)) + record(0x005D, bytes(40)) + record(0x01B6, bytes(18)),
        record(0x001C, bytes(30)) + record(0x01B0, bytes(14)) + record(0x01B1, bytes(10)),
        record(0x015F, struct.pack("<H", 9)) + record(0x001B, struct.pack("<H", 65535)),
    ],
    ids=["links", "tips", "drawings", "conditions", "ranges"],
)
def test_records_that_no_table_needs_never_reach_the_reader(tmp_path: Path, more: bytes) -> None:
    path = written(tmp_path / "t.xls", TABLE + more)
    content = sifted(path.read_bytes(), "t.xls", TableLimits())
    codes, place = set(), 0
    while place + 4 <= len(content):
        code, length = struct.unpack_from("<HH", content, place)
        codes.add(code)
        place += 4 + length
    assert codes == {0x0809, 0x0085, 0x000A, 0x0204, 0x0203, 0x7FFF}
    assert read(path) == [["007", "54.5"]]


@pytest.mark.parametrize(
    "cells",
    [
        number(1, 1) * 101,  # one cell again and again
        record(0x00BD, struct.pack("<HH", 1, 0) + bytes(6 * 100) + struct.pack("<H", 99)),
        record(0x00BE, struct.pack("<HH", 1, 0) + bytes(2 * 100) + struct.pack("<H", 99)),
        record(0x00E5, struct.pack("<H", 100) + bytes(800)),
        record(0x7FFE) * 101,
    ],
    ids=["a cell", "numbers", "blanks", "merged", "unknown"],
)
def test_cells_are_counted_before_any_is_read(
    tmp_path: Path, cells: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlrd, "open_workbook", None)
    for sheets in ([cells], [cells[: len(cells)], TABLE]):
        with pytest.raises(StudyProblemsError, match="at most 100 cells"):
            read(written(tmp_path / "t.xls", *sheets), old_cells=100)


def test_strings_that_all_cells_share_are_counted(tmp_path: Path) -> None:
    strings = record(0x00FC, struct.pack("<II", 1, 101) + b"\x01\x00\x00a")
    with pytest.raises(StudyProblemsError, match="at most 100 cells"):
        read(written(tmp_path / "t.xls", TABLE, globals_=strings), old_cells=100)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(StudyProblemsError, match=r"at most 1,000 file bytes.*old_file_bytes"):
        read(written(tmp_path / "t.xls", TABLE), old_file_bytes=1000)


@pytest.mark.parametrize(
    "offsets",
    [[10], [0, 0], [90, 90], [1 << 31], [4096]],
    ids=["inside", "twice", "same", "far", "end"],
)
def test_sheets_begin_where_they_say_and_each_apart(tmp_path: Path, offsets: list[int]) -> None:
    path = written(tmp_path / "t.xls", TABLE, TABLE, offsets=offsets)
    with pytest.raises(StudyProblemsError, match="damaged xls workbook"):
        read(path)


def test_more_sheets_than_the_bound_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyProblemsError, match="at most 2 sheets"):
        read(written(tmp_path / "t.xls", TABLE, TABLE, TABLE), sheets=2)


@pytest.mark.parametrize("cut", [0, 8, 100, 600, 3000])
def test_a_file_that_is_cut_short_is_refused_in_words(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "t.xls", TABLE)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StudyProblemsError):
        read(path)


def test_a_cell_of_a_format_that_the_file_lacks_is_damage(tmp_path: Path) -> None:
    odd = record(0x0203, struct.pack("<HHHd", 1, 1, 900, 7.0))
    with pytest.raises(StudyProblemsError, match="damaged xls workbook"):
        read(written(tmp_path / "t.xls", TABLE + odd))
