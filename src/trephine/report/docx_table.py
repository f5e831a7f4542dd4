"""A table in Word as journals set it: three rules, small type, a header on every page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trephine.choices import RowKind
from trephine.report.docx_columns import PAD_MM, TYPE_PT, PageColumns

STYLE = "Table text"
# A table of at most so many rows stands on one page; a longer one keeps its first rows together.
WHOLE_ROWS = 26
_FIRST_ROWS = 4
# Levels of a variable that stay together; of more, the first and the last do.
_WHOLE_LEVELS = 8
# All rows of a table are of one height, whichever script they hold; Chinese type asks for more.
_LINE = 1.22
# Between a rule and the type below it, which fills its line where it is Chinese.
_ABOVE_MM = 0.3
_INDENT_MM = 2.4


def add_grid(
    document: Any,
    header: Sequence[str],
    rows: Sequence[tuple[Sequence[str], RowKind]],
    columns: PageColumns,
    *,
    with_notes: bool = False,
) -> None:
    """Add a table to a document.

    Parameters
    ----------
    document
        From python-docx, with the style of `add_table_style`.
    header
        One text a column of the whole table, as `docx_columns.bound` returns it.
    rows
        Texts with how the row is set; a group has its one text in the first cell.
    columns
        The part of the table to add.
    with_notes
        Whether notes follow, from which the last row is not separated.
    """
    grid = document.add_table(rows=1 + len(rows), cols=len(columns.numbers))
    _fix_widths(grid, columns.widths_mm)
    style = document.styles[STYLE].style_id
    cells = list(grid.rows[0].cells)
    for cell, number in zip(cells, columns.numbers, strict=True):
        _write(cell, header[number], style, bold=True, keep=True)
        _rule(cell, "top", "bottom")
    _row_property(grid.rows[0], "tblHeader")
    _row_property(grid.rows[0], "cantSplit")
    last = len(rows) - 1
    for number, (texts, kind) in enumerate(rows):
        row = grid.rows[number + 1]
        _row_property(row, "cantSplit")
        keep = (number < last or with_notes) and (
            len(rows) <= WHOLE_ROWS
            or number < _FIRST_ROWS
            or number >= last - 1
            or kind == "group"
            or _among_levels(rows, number)
        )
        _fill_row(row, [texts[k] if k < len(texts) else "" for k in columns.numbers], kind, style,
                  columns, keep=keep)  # fmt: skip
    for cell in grid.rows[-1].cells:
        _rule(cell, "bottom")


def _among_levels(rows: Sequence[tuple[Sequence[str], RowKind]], number: int) -> bool:
    """Say whether a level follows that belongs to what the row, or one above it, names."""
    kinds = [kind for _, kind in rows]
    if number + 1 == len(kinds) or kinds[number + 1] != "level":
        return False
    start = stop = number + 1
    while kinds[start - 1] == "level":
        start -= 1
    while stop < len(kinds) and kinds[stop] == "level":
        stop += 1
    few = stop - start <= _WHOLE_LEVELS
    return few or number <= start or number + 2 == stop


def _fill_row(
    row: Any, texts: Sequence[str], kind: RowKind, style: str, columns: PageColumns, *, keep: bool
) -> None:
    cells = list(row.cells)
    if kind == "group":
        merged = cells[0].merge(cells[-1]) if len(cells) > 1 else cells[0]
        _write(merged, texts[0], style, bold=True, keep=keep)
        _shade(merged, "EEF0F3")
        return
    for number, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        indent = _INDENT_MM if kind == "level" and number == 0 else 0.0
        _write(cell, text, style, bold=False, keep=keep, indent_mm=indent)


def add_table_style(document: Any) -> None:
    """Add the style of the text in tables, to be changed for all of them at once."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    style = document.styles.add_style(STYLE, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    style.font.size = Pt(TYPE_PT)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.line_spacing = Pt(TYPE_PT * _LINE)


def _write(
    cell: Any, text: str, style: str, *, bold: bool, keep: bool, indent_mm: float = 0.0
) -> None:
    from docx.shared import Mm

    paragraph = cell.paragraphs[0]
    paragraph._p.style = style
    if keep:
        paragraph.paragraph_format.keep_with_next = True
    if indent_mm:
        paragraph.paragraph_format.left_indent = Mm(indent_mm)
    run = paragraph.add_run(text)
    if bold:
        run.bold = True


def _fix_widths(grid: Any, widths_mm: Sequence[float]) -> None:
    """Say every width in the grid and in each cell: programs differ in which they believe."""
    from docx.shared import Mm

    grid.autofit = False
    properties = grid._tbl.tblPr
    whole = properties.find(_name("tblW"))
    whole.set(_name("w"), _twips(sum(widths_mm)))
    whole.set(_name("type"), "dxa")
    _pad_cells(properties)
    for column, width in zip(grid.columns, widths_mm, strict=True):
        column.width = Mm(width)
    for row in grid.rows:
        for cell, width in zip(row._tr.tc_lst, widths_mm, strict=True):
            cell.width = Mm(width)


def _twips(width_mm: float) -> str:
    return str(round(width_mm / 25.4 * 1440))


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{tag}"))


def _element(tag: str, **attributes: str) -> Any:
    from docx.oxml import OxmlElement

    element = OxmlElement(f"w:{tag}")
    for key, value in attributes.items():
        element.set(_name(key), value)
    return element


def _rule(cell: Any, *edges: str) -> None:
    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(_name("tcBorders"))
    if borders is None:
        borders = _element("tcBorders")
        properties.append(borders)
    for edge in edges:
        borders.append(_element(edge, val="single", sz="6", color="404040"))


def _pad_cells(properties: Any) -> None:
    margins = _element("tblCellMar")
    for side, width_mm in (("top", _ABOVE_MM), ("left", PAD_MM), ("right", PAD_MM)):
        margins.append(_element(side, w=_twips(width_mm), type="dxa"))
    # The schema has an order: margins come before the look.
    look = properties.find(_name("tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)


def _shade(cell: Any, fill: str) -> None:
    cell._tc.get_or_add_tcPr().append(_element("shd", val="clear", color="auto", fill=fill))


def _row_property(row: Any, tag: str) -> None:
    row._tr.get_or_add_trPr().append(_element(tag, val="true"))
