"""report.docx: the same tables and figures for a manuscript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trephine.choices import RowKind
from trephine.facts import Facts
from trephine.report.checklists import fill_checklists
from trephine.report.consistency import check_consistency
from trephine.report.contents import ReportSection, sections_of, words_below
from trephine.report.docx_columns import PageColumns, bound, lay_out
from trephine.report.docx_figures import MARGIN_MM, add_figures
from trephine.report.docx_fonts import set_fonts
from trephine.report.docx_table import add_grid, add_table_style
from trephine.report.figures.plate import Plate
from trephine.report.methods import write_methods
from trephine.report.references import Reference
from trephine.report.render import Rendered
from trephine.report.style import PAGE_MM
from trephine.report.tables import Table
from trephine.report.trace import Trace, plain
from trephine.writing import whole_file


def write_docx(
    facts: Facts,
    tables: Sequence[Table],
    plates: Sequence[Plate],
    drawn: Mapping[str, Rendered],
    path: Path,
) -> Path:
    """Write the report as a Word document.

    Parameters
    ----------
    facts
        What the document shows.
    tables, plates
        Made from the same facts.
    drawn
        Every plate drawn for a document, by slug.
    path
        Of the document.
    """
    import docx  # an extra; who calls has looked whether it is there
    from docx.shared import Pt

    document = docx.Document()
    _set_page(document.sections[0], across=False)
    set_fonts(document, facts.model_dump_json())
    document.styles["Normal"].font.size = Pt(10)
    add_table_style(document)
    core = document.core_properties
    core.title, core.author, core.comments = facts.study.title, "", ""
    core.created = core.modified = datetime(2000, 1, 1)  # the same facts give the same file
    document.add_heading(facts.study.title, level=0)
    _add_notices(document, facts)
    document.add_heading("Methods", level=1)
    methods = write_methods(Trace.start(facts), words_below(tables, plates))
    for paragraph in methods.paragraphs:
        document.add_heading(paragraph.heading, level=2)
        for text in paragraph.texts:
            document.add_paragraph(bound(plain(text)))
    for section in sections_of(tables, plates):
        _add_section(document, section, drawn)
    _turn(document, across=False)
    _add_references(document, methods.references)
    _add_checks(document, facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        document.save(str(draft))
    return path


def _add_section(document: Any, section: ReportSection, drawn: Mapping[str, Rendered]) -> None:
    """Add a section: upright pages, and those on their side; first what its first table needs."""
    prepared = [_Prepared.of(table) for table in section.tables]
    first = True
    starts_across = bool(prepared) and prepared[0].across
    for across in (starts_across, not starts_across):
        chosen = [one for one in prepared if one.across == across]
        plates = section.plates if not across else ()
        if not chosen and not plates:
            continue
        _turn(document, across=across)
        if first:
            document.add_heading(section.heading, level=1)
            first = False
        for one in chosen:
            _add_table(document, one)
        add_figures(document, plates, drawn)


@dataclass(frozen=True)
class _Prepared:
    """A table with its texts as Word gets them, and its columns laid out."""

    table: Table
    header: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], RowKind], ...]
    parts: tuple[PageColumns, ...]

    @property
    def across(self) -> bool:
        return any(part.across for part in self.parts)

    @classmethod
    def of(cls, table: Table) -> _Prepared:
        header = tuple(bound(plain(cell)) for cell in table.header)
        rows = tuple((tuple(bound(plain(c)) for c in row.cells), row.kind) for row in table.rows)
        cells = [texts for texts, kind in rows if kind != "group"]
        return cls(table, header, rows, lay_out(header, cells))


def _turn(document: Any, *, across: bool) -> None:
    """Go on upright or on a page that lies on its side; a new page only where that changes."""
    from docx.enum.section import WD_ORIENT, WD_SECTION

    now = document.sections[-1]
    if (now.orientation == WD_ORIENT.LANDSCAPE) != across:
        _set_page(document.add_section(WD_SECTION.NEW_PAGE), across=across)


def _set_page(section: Any, *, across: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
    width, height = (297, 210) if across else (210, 297)
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.left_margin = section.right_margin = Mm((210 - PAGE_MM) / 2)
    section.top_margin = section.bottom_margin = Mm(MARGIN_MM)


def _add_notices(document: Any, facts: Facts) -> None:
    document.add_paragraph("Research use only. Not a medical device.")
    for heading, text in (
        ("Simulated cohort. ", facts.study.simulated_note if facts.study.simulated else ""),
        ("Random weights. ", facts.study.random_weights_note),
    ):
        if text:
            paragraph = document.add_paragraph()
            paragraph.add_run(heading).bold = True
            paragraph.add_run(bound(text))


def _add_table(document: Any, prepared: _Prepared) -> None:
    from docx.shared import Pt

    table = prepared.table
    title = f"{table.number}. {plain(table.title)}" if table.number else plain(table.title)
    for number, columns in enumerate(prepared.parts):
        document.add_heading(title if not number else f"{title} (continued)", level=3)
        last = number == len(prepared.parts) - 1
        notes = table.notes if last else ()
        add_grid(document, prepared.header, prepared.rows, columns, with_notes=bool(notes))
        for place, note in enumerate(notes):
            paragraph = document.add_paragraph(bound(plain(note)))
            _small(paragraph)
            paragraph.paragraph_format.keep_together = True
            paragraph.paragraph_format.keep_with_next = place < len(notes) - 1
            if not place:
                paragraph.paragraph_format.space_before = Pt(3)
        if not notes:
            _small(document.add_paragraph())  # Word joins tables that follow one another


def _small(paragraph: Any) -> None:
    from docx.shared import Pt

    for run in paragraph.runs:
        run.font.size = Pt(8)
    paragraph.paragraph_format.space_after = Pt(2)


def _add_references(document: Any, references: Sequence[Reference]) -> None:
    document.add_heading("References", level=1)
    for number, reference in enumerate(references, start=1):
        _small(document.add_paragraph(f"{number}. {reference.text}"))


def _add_checks(document: Any, facts: Facts) -> None:
    document.add_heading("Consistency checks", level=1)
    findings = check_consistency(facts)
    if not findings:
        document.add_paragraph("No inconsistency was found.")
    for finding in findings:
        document.add_paragraph(bound(f"{finding.check}: {finding.text}"), style="List Bullet")
    for checklist in fill_checklists(facts):
        document.add_heading(checklist.name, level=1)
        source = document.add_paragraph(checklist.source)
        _small(source)
        source.paragraph_format.keep_with_next = True
        if checklist.summary:
            judged = document.add_paragraph(bound(checklist.summary))
            judged.paragraph_format.keep_with_next = True
        header = ("Item", "What", "Where")
        rows = [
            (item.number, bound(f"{item.section}: {item.text}"), bound(item.words))
            for item in checklist.items
        ]
        (columns,) = lay_out(header, rows)
        add_grid(document, header, [(row, "body") for row in rows], columns)
