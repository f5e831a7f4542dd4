"""Tables written to disk for a test, and what refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from trephine.cohort.reading import TableLimits, read_source
from trephine.errors import StudyProblemsError


def workbook(path: Path, rows: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    book.save(path)
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def refused(path: Path, **limits: int) -> str:
    with pytest.raises(StudyProblemsError) as found:
        read_source(path, limits=TableLimits(**limits))
    return str(found.value)
