"""What of a table file is refused before it is read further: bombs, depth, size."""

from __future__ import annotations

import contextlib
import gzip
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.table_files import refused, workbook
from trephine.cohort.reading import TableLimits, read_source
from trephine.cohort.reading.grid import Grid
from trephine.cohort.reading.numbers_shown import shown
from trephine.errors import InputError, StudyProblemsError

_SHEET = (
    '<?xml version="1.0"?>{doctype}<worksheet xmlns="m"><sheetData><row r="1"><c r="A1" '
    't="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>v</t></is></c></row>'
    '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>{value}</v></c></row>{more}'
    "</sheetData></worksheet>"
)


def bare_workbook(path: Path, doctype: str = "", value: str = "2", more: str = "") -> Path:
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    link = '<Relationships><Relationship Id="{}" Type="{}/{}" Target="{}"/></Relationships>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_rels/.rels", link.format("r1", kinds, "officeDocument", "xl/workbook.xml"))
        file.writestr("xl/workbook.xml", '<w xmlns:r="r"><sheet name="S" r:id="r1"/></w>')
        target = link.format("r1", kinds, "worksheet", "worksheets/s.xml")
        file.writestr("xl/_rels/workbook.xml.rels", target)
        sheet = _SHEET.format(doctype=doctype, value=value, more=more)
        file.writestr("xl/worksheets/s.xml", sheet)
    return path


def test_the_smallest_workbook_is_read(tmp_path: Path) -> None:
    path = bare_workbook(tmp_path / "t.xlsx", value="0.30000000000000004")
    assert read_source(path).frame.to_numpy().tolist() == [["1", "0.30000000000000004"]]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"doctype": '<!DOCTYPE a [<!ENTITY e "x">]>', "value": "&e;"}, "a document type"),
        (
            {"doctype": '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hosts">]>', "value": "&e;"},
            "a document type",
        ),
        ({"more": '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'}, "at most 2,000 rows"),
        ({"more": '<row r="3"><c r="ZZZZ3"><v>1</v></c></row><'}, "whose XML is broken"),
        ({"more": '<row r="3"><c r="XFD3"><v>1</v></c></row>'}, "at most 10,000 columns"),
        ({"more": "<row><c/></row>" * 2001}, "at most 2,000 rows"),
        ({"more": "<a>" * 80 + "</a>" * 80}, "nests deeper than 64"),
    ],
)
def test_a_workbook_that_would_fill_the_memory_is_refused(
    tmp_path: Path, parts: dict[str, str], told: str
) -> None:
    path = bare_workbook(tmp_path / "t.xlsx", **parts)
    assert told in refused(path, rows=2000, columns=10_000)


def test_sparse_rows_far_to_the_right_are_bounded_as_cells(tmp_path: Path) -> None:
    more = "".join(f'<row r="{k}"><c r="XFD{k}"><v>1</v></c></row>' for k in range(3, 70))
    path = bare_workbook(tmp_path / "t.xlsx", more=more)
    assert "at most 800,000 cells" in refused(path, cells=800_000)


@pytest.mark.parametrize(
    ("content", "limits", "told"),
    [
        (b"id" + b",a" * 30_000 + b"\n1\n", {}, "at most 20,000 columns"),
        (b"id,v\n" + b"1,2\n" * 300, {"rows": 200}, "at most 200 rows"),
        (b"id,v\n" + b"1,2\n" * 300, {"cells": 100}, "at most 100 cells"),
        (b"id,v\n" + b"1,2\n" * 300, {"file_bytes": 1000}, "at most 1,000 file bytes"),
        (gzip.compress(b"id,v\n" + b"1,2\n" * 30_000), {"file_bytes": 9000}, "9,000 file bytes"),
    ],
)
def test_text_beyond_the_bounds_is_refused(
    tmp_path: Path, content: bytes, limits: dict[str, int], told: str
) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert told in refused(tmp_path / "t.csv", **limits)


def test_an_operator_raises_bounds_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREPHINE_TABLE_LIMITS", "rows=300000, cells=9000000")
    assert TableLimits.from_environment() == TableLimits(rows=300_000, cells=9_000_000)
    for wrong in ("lines=3", "rows=many", "rows=0"):
        monkeypatch.setenv("TREPHINE_TABLE_LIMITS", wrong)
        with pytest.raises(InputError, match="expected numbers for cell_letters"):
            TableLimits.from_environment()


def test_folders_pipes_and_missing_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "a regular file" in refused(tmp_path / "pipe.csv")
    assert "found a folder" in refused(tmp_path)
    assert "no such file" in refused(tmp_path / "none.csv")


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"])
)
def test_any_bytes_are_read_or_refused_in_words(content: bytes, first: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(first + content)
        with contextlib.suppress(StudyProblemsError):
            read_source(path)


def test_sheets_that_share_one_part_are_counted_together(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [["id"]] + [[None]] * 3)
    rows = '<row r="{}">' + "<c/>" * 100 + "</row>"
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    sheet += "".join(rows.format(n) for n in range(1, 21)) + "</sheetData></worksheet>"
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    main = parts["xl/workbook.xml"].decode()
    link = main[main.index("<sheet ") : main.index("/>", main.index("<sheet ")) + 2]
    many = "".join(link.replace('name="Sheet"', f'name="S{n}"') for n in range(9))
    parts["xl/workbook.xml"] = main.replace(link, many).encode()
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    with pytest.raises(StudyProblemsError, match="at most 10,000 cells"):
        read_source(path, limits=TableLimits(workbook_cells=10_000))
    with pytest.raises(StudyProblemsError, match="inflated bytes"):
        read_source(path, limits=TableLimits(inflated_bytes=5 * len(sheet)))


def test_the_work_of_merged_ranges_is_bounded() -> None:
    grid = Grid("t.xlsx", TableLimits(cells=50_000))
    for row in range(1, 1001):
        grid.set(row, 1, "x")
    grid.ranges = [(2, 1, 1_000_000, 1)] * 1000
    with pytest.raises(StudyProblemsError, match="at most 50,000 cells"):
        grid.fill_ranges(1)


def test_a_tag_or_a_text_of_megabytes_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [["id"], ["x"]])
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    long = f'<row r="9"><c r="A9" t="inlineStr"><is><t>{"x" * 40_000}</t></is></c></row>'
    tag = " ".join(f'a{n}="{n}"' for n in range(120_000))
    for name, content, told in (
        ("xl/worksheets/sheet1.xml", sheet.replace("<sheetData>", f"<x {tag}/><sheetData>"), "tag"),
        ("xl/worksheets/sheet1.xml", sheet.replace("<sheetData>", f"<sheetData>{long}"), "letters"),
    ):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for other, kept in parts.items():
                new.writestr(other, content if other == name else kept)
        with pytest.raises(StudyProblemsError, match=told):
            read_source(path)


@pytest.mark.parametrize("code", ["[" * 200_000, "[x" * 100_000, "\\" * 100_001])
def test_a_number_format_longer_than_any_is_none(code: str) -> None:
    assert shown(43_000.0, code, from_1904=False) == "43000"
    assert shown(43_000.0, "yyyy-mm-dd", from_1904=False) == "2017-09-22"
