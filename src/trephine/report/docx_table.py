"""A table in Word as journals set it: three rules, small type, a header on every page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from trephine.report.style import PAGE_MM, text_width_mm

RowStyle = Literal["body", "level", "group"]
STYLE = "Table text"
TYPE_PT = 7.5
PAD_MM = 0.9


def add_grid(
    document: Any, header: Sequence[str], rows: Sequence[tuple[Sequence[str], RowStyle]]
) -> None:
    """Add a table to a document.

    Parameters
    ----------
    document
        From python-docx, with the style of `add_table_style`.
    header
        One text a column.
    rows
        Texts with how the row is set; a group has its one text in the first cell.
    """
    widths = _widths_mm(header, [cells for cells, style in rows if style != "group"])
    grid = document.add_table(rows=1, cols=len(header))
    grid.autofit = False
    _pad_cells(grid)
    style_of_text = document.styles[STYLE]
    for cell, text in zip(grid.rows[0].cells, header, strict=True):
        _write(cell, text, style_of_text, bold=True)
        _rule(cell, "top", "bottom")
    _repeat_on_every_page(grid.rows[0])
    for texts, style in rows:
        row = grid.add_row()
        _keep_whole(row)
        if style == "group":
            merged = row.cells[0].merge(row.cells[-1])
            _write(merged, texts[0], style_of_text, bold=True)
            _shade(merged, "EEF0F3")
            continue
        for number, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            indent = "    " if style == "level" and number == 0 else ""
            shown = _broken(text, widths[number]) if number else text
            _write(cell, indent + shown, style_of_text, bold=False)
    for cell in grid.rows[-1].cells:
        _rule(cell, "bottom")
    _set_widths(grid, widths)


def _widths_mm(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """Give each column its longest word, and share what is left by what its texts would like."""
    needed, wanted = [], []
    for number, title in enumerate(header):
        texts = [title, *(cells[number] for cells in rows)]
        words = [word for text in texts for word in text.split(" ")]
        needed.append(max(text_width_mm(word, TYPE_PT) for word in words) + 2 * PAD_MM)
        wanted.append(max(text_width_mm(text, TYPE_PT) for text in texts[1:] or texts) + 2 * PAD_MM)
    spare = PAGE_MM - sum(needed)
    wishes = [max(wish - need, 0.0) for wish, need in zip(wanted, needed, strict=True)]
    if spare <= 0 or not sum(wishes):
        return [PAGE_MM * need / sum(needed) for need in needed]
    share = min(1.0, spare / sum(wishes))
    widths = [need + share * wish for need, wish in zip(needed, wishes, strict=True)]
    widths[0] += PAGE_MM - sum(widths)
    return widths


def _broken(text: str, width_mm: float) -> str:
    """Break a value before its interval where both do not fit a line: Word breaks at a dash."""
    fits = text_width_mm(text, TYPE_PT) + 2 * PAD_MM <= width_mm
    return text if fits else text.replace(" (", "\n(", 1)


def add_table_style(document: Any) -> None:
    """Add the style of the text in tables, to be changed for all of them at once."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    style = document.styles.add_style(STYLE, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    style.font.size = Pt(TYPE_PT)
    style.paragraph_format.space_after = Pt(0)


def _write(cell: Any, text: str, style: Any, *, bold: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph._p.style = style.style_id
    run = paragraph.add_run(text)
    if bold:
        run.bold = True


def _set_widths(grid: Any, widths_mm: Sequence[float]) -> None:
    from docx.shared import Mm

    for column, width in zip(grid.columns, widths_mm, strict=True):
        column.width = Mm(width)
    for row in grid.rows:
        for cell, width in zip(row.cells, widths_mm, strict=True):
            if cell._tc.grid_span == 1:
                cell.width = Mm(width)


def _element(name: str, **attributes: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element


def _rule(cell: Any, *edges: str) -> None:
    borders = _element("w:tcBorders")
    for edge in edges:
        borders.append(_element(f"w:{edge}", val="single", sz="6", color="404040"))
    cell._tc.get_or_add_tcPr().append(borders)


def _pad_cells(grid: Any) -> None:
    twips = str(round(PAD_MM / 25.4 * 1440))
    margins = _element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w=twips, type="dxa"))
    grid._tbl.tblPr.append(margins)


def _shade(cell: Any, fill: str) -> None:
    cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill=fill))


def _repeat_on_every_page(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("w:tblHeader", val="true"))


def _keep_whole(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("w:cantSplit", val="true"))
