"""report.docx: the same tables and figures for a manuscript."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from trephine.errors import MissingExtraError
from trephine.report.checklists import fill_checklists
from trephine.report.consistency import check_consistency
from trephine.report.docx_table import add_grid, add_table_style
from trephine.report.facts import Facts
from trephine.report.figures.plate import Plate
from trephine.report.methods import write_methods
from trephine.report.render import Rendered
from trephine.report.style import PAGE_MM
from trephine.report.tables import Table
from trephine.report.trace import Trace, plain
from trephine.report.wording import kind_label, protocol_label


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

    Raises
    ------
    MissingExtraError
        If python-docx is not installed.
    """
    try:
        import docx
        from docx.shared import Mm, Pt, RGBColor
    except ImportError as error:
        raise MissingExtraError("report.docx", "docx") from error
    document = docx.Document()
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm((210 - PAGE_MM) / 2)
        section.top_margin = section.bottom_margin = Mm(18)
    for style in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3", "List Bullet"):
        font = document.styles[style].font
        font.name, font.color.rgb = "Arial", RGBColor(0x1B, 0x1F, 0x24)
        _forget_theme(font)
    document.styles["Normal"].font.size = Pt(10)
    add_table_style(document)
    core = document.core_properties
    core.title, core.author, core.comments = facts.study.title, "", ""
    core.created = core.modified = datetime(2000, 1, 1)  # the same facts give the same file
    document.add_heading(facts.study.title, level=0)
    _add_notices(document, facts)
    document.add_heading("Methods", level=1)
    for paragraph in write_methods(Trace.start(facts)):
        document.add_heading(paragraph.heading, level=2)
        for text in paragraph.texts:
            document.add_paragraph(plain(text))
    document.add_heading("Tables", level=1)
    for table in tables:
        _add_table(document, table)
    document.add_heading("Figures", level=1)
    for plate in plates:
        _add_plate(document, plate, drawn[plate.slug])
    _add_checks(document, facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(path))
    return path


def _forget_theme(font: Any) -> None:
    """Drop the template's fonts, which go before the font's own name."""
    fonts = font.element.rPr.rFonts
    for name in [name for name in fonts.attrib if name.lower().endswith("theme")]:
        del fonts.attrib[name]


def _add_notices(document: Any, facts: Facts) -> None:
    document.add_paragraph("Research use only. Not a medical device.")
    for heading, text in (
        ("Simulated cohort. ", facts.study.simulated_note if facts.study.simulated else ""),
        ("Random weights. ", facts.study.random_weights_note),
    ):
        if text:
            paragraph = document.add_paragraph()
            paragraph.add_run(heading).bold = True
            paragraph.add_run(text)


def _add_table(document: Any, table: Table) -> None:
    title = f"{table.number}. {plain(table.title)}" if table.number else plain(table.title)
    document.add_heading(title, level=3)
    add_grid(
        document,
        [plain(cell) for cell in table.header],
        [([plain(cell) for cell in row.cells], row.kind) for row in table.rows],
    )
    for note in table.notes:
        _small(document.add_paragraph(plain(note)))


def _small(paragraph: Any) -> None:
    from docx.shared import Pt

    for run in paragraph.runs:
        run.font.size = Pt(8)
    paragraph.paragraph_format.space_after = Pt(2)


def _add_plate(document: Any, plate: Plate, drawn: Rendered) -> None:
    from docx.shared import Mm

    picture = io.BytesIO(drawn.document_png)
    document.add_picture(picture, width=Mm(min(drawn.width_mm, PAGE_MM)))
    parts = [f"{plate.number}. " if plate.number else "", plain(plate.title), ". "]
    if plate.protocol:
        kind = f", {kind_label(plate.kind)}" if plate.kind else ""
        parts.append(f"{protocol_label(plate.protocol)}{kind}. ")
    paragraph = document.add_paragraph()
    paragraph.add_run("".join(parts)).bold = True
    paragraph.add_run(plain(plate.caption))
    _small(paragraph)


def _add_checks(document: Any, facts: Facts) -> None:
    document.add_heading("Consistency checks", level=1)
    findings = check_consistency(facts)
    if not findings:
        document.add_paragraph("No slip was found.")
    for finding in findings:
        document.add_paragraph(f"{finding.check}: {finding.text}", style="List Bullet")
    for checklist in fill_checklists(facts):
        document.add_heading(f"{checklist.name} checklist", level=1)
        _small(document.add_paragraph(checklist.source))
        add_grid(
            document,
            ("Item", "What", "Where"),
            [
                ((item.number, f"{item.section}: {item.text}", item.place), "body")
                for item in checklist.items
            ],
        )
