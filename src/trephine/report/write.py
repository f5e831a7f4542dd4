"""Write the report in its formats, from facts and pictures alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from trephine.errors import InputError
from trephine.report import ALL_FORMATS, ReportFormat
from trephine.report.docx import write_docx
from trephine.report.facts import Facts
from trephine.report.figures.catalogue import make_plates
from trephine.report.figures.plate import write_plates
from trephine.report.html import render_html
from trephine.report.style import FigureFormat
from trephine.report.tables import make_tables
from trephine.report.tables.writers import write_csv, write_xlsx

_FIGURE_FORMATS: tuple[FigureFormat, ...] = ("svg", "pdf", "png")


def available_formats() -> tuple[ReportFormat, ...]:
    """Return the formats that can be written here: all, less docx without its extra."""
    return tuple(name for name in ALL_FORMATS if name != "docx" or find_spec("docx"))


def write_formats(
    facts: Facts, pictures_folder: Path, out_folder: Path, formats: Sequence[ReportFormat]
) -> tuple[Path, ...]:
    """Write each format; see ``trephine.report.write_report``."""
    unknown = [name for name in formats if name not in ALL_FORMATS]
    if unknown:
        raise InputError(
            f"report: expected formats among {', '.join(ALL_FORMATS)}, found {', '.join(unknown)}"
        )
    out_folder.mkdir(parents=True, exist_ok=True)
    tables = make_tables(facts)
    plates = make_plates(facts, pictures_folder)
    paths: list[Path] = []
    if "html" in formats:
        page = out_folder / "report.html"
        draft = page.with_name("report.html.part")
        draft.write_text(render_html(facts, tables, plates), encoding="utf-8")
        os.replace(draft, page)
        paths.append(page)
    if "docx" in formats:
        paths.append(write_docx(facts, tables, plates, out_folder / "report.docx"))
    if "csv" in formats:
        paths += write_csv(make_tables(facts, shorten=False), out_folder / "tables")
    if "xlsx" in formats:
        whole = make_tables(facts, shorten=False)
        paths.append(write_xlsx(whole, out_folder / "tables" / "tables.xlsx"))
    wanted = [name for name in _FIGURE_FORMATS if name in formats]
    paths += write_plates(plates, out_folder / "figures", wanted)
    return tuple(paths)
