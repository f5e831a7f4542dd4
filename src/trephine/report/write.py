"""Write the report in its formats, from facts and pictures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from trephine.errors import InputError, MissingExtraError
from trephine.facts import Facts
from trephine.report.contents import words_below
from trephine.report.docx import write_docx
from trephine.report.figures.catalogue import make_plates
from trephine.report.figures.plate import Plate
from trephine.report.formats import ALL_FORMATS, ReportFormat
from trephine.report.html import render_html
from trephine.report.methods import write_methods
from trephine.report.references import bibliography
from trephine.report.render import Rendered, Wanted, render_plates
from trephine.report.style import FigureFormat
from trephine.report.tables import make_tables
from trephine.report.tables.writers import write_csv, write_xlsx
from trephine.report.trace import Trace
from trephine.writing import write_text

_FIGURE_FORMATS: tuple[FigureFormat, ...] = ("svg", "pdf", "png")


def available_formats() -> tuple[ReportFormat, ...]:
    """Return the formats that can be written here: all, less docx without its extra."""
    return tuple(name for name in ALL_FORMATS if name != "docx" or find_spec("docx"))


def write_formats(
    facts: Facts,
    pictures_folder: Path,
    out_folder: Path,
    formats: Sequence[ReportFormat],
    workers: int | None = None,
) -> tuple[Path, ...]:
    """Write each format; see ``trephine.report.write_report``."""
    unknown = [name for name in formats if name not in ALL_FORMATS]
    if unknown:
        raise InputError(
            f"report: expected formats among {', '.join(ALL_FORMATS)}, found {', '.join(unknown)}"
        )
    if "docx" in formats and not find_spec("docx"):  # before minutes of drawing
        raise MissingExtraError("report.docx", "docx")
    out_folder.mkdir(parents=True, exist_ok=True)
    tables = make_tables(facts)
    plates = make_plates(facts, pictures_folder)
    figures = out_folder / "figures"
    files = tuple(name for name in _FIGURE_FORMATS if name in formats)
    wanted = Wanted("html" in formats, "docx" in formats, figures, files)
    drawn: Mapping[str, Rendered] = {}
    if wanted.page or wanted.document or wanted.formats:
        drawn = render_plates(facts, pictures_folder, plates, wanted, workers)
    paths: list[Path] = []
    if wanted.page:
        page = out_folder / "report.html"
        write_text(page, render_html(facts, tables, plates, drawn))
        paths.append(page)
    if wanted.document:
        paths.append(write_docx(facts, tables, plates, drawn, out_folder / "report.docx"))
    if wanted.page or wanted.document:
        cited = write_methods(Trace.start(facts), words_below(tables, plates)).references
        paths.append(out_folder / "references.bib")
        write_text(paths[-1], bibliography(cited))
    # Page and document cut a long signature to its largest weights and send the reader to these.
    whole = make_tables(facts, shorten=False)
    if "csv" in formats:
        paths += write_csv(whole, out_folder / "tables")
    if "xlsx" in formats:
        paths.append(write_xlsx(whole, out_folder / "tables" / "tables.xlsx"))
    return (*paths, *(path for plate in plates for path in _files_of(drawn, plate)))


def _files_of(drawn: Mapping[str, Rendered], plate: Plate) -> tuple[Path, ...]:
    """Return the files of one figure."""
    return drawn[plate.slug].paths if plate.slug in drawn else ()
