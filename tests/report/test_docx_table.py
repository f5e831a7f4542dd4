"""Tables of the Word document: what belongs together stays on one page."""

from __future__ import annotations

import pytest

from trephine.report.docx_columns import bound, lay_out
from trephine.report.docx_table import WHOLE_ROWS, add_grid, add_table_style


def _grid(rows):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    add_table_style(document)
    header = ("Variable", "n")
    (columns,) = lay_out(header, [row for row, _ in rows])
    add_grid(document, header, rows, columns)
    return document, document.tables[0]


def _keeps(table) -> list[bool]:
    return [
        bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in table.rows[1:]
    ]


def test_the_levels_of_a_variable_are_not_parted() -> None:
    variable = [(("Stage", ""), "body"), *[((level, "9"), "level") for level in "ABC"]]
    rows = variable * (WHOLE_ROWS // 3)
    _, table = _grid(rows)
    middle = _keeps(table)[8:-4]
    assert middle == [True, True, True, False] * (len(middle) // 4)


def test_of_a_great_many_levels_the_ends_stay_together() -> None:
    rows = [(("A", ""), "body")] * 6 + [(("Clinic", ""), "body")]
    rows += [((f"c{k}", "9"), "level") for k in range(40)] + [(("B", ""), "body")] * 6
    _, table = _grid(rows)
    keeps = _keeps(table)[6:47]
    assert keeps[:2] == [True, True]
    assert keeps[-2:] == [True, False]
    assert not any(keeps[2:-2])


def test_every_row_is_of_one_height_whatever_script_it_holds() -> None:
    document, table = _grid([(("分期", "3"), "body"), (("Stage", "3"), "body")])
    spacing = document.styles["Table text"].paragraph_format.line_spacing
    assert spacing.pt == pytest.approx(9.2, abs=0.4)  # points, not a multiple of the font's own
    assert '<w:top w:w="17"' in table._tbl.tblPr.xml  # else a rule cuts the first line below it


def test_a_confidence_interval_s_name_is_not_broken() -> None:
    assert "95%\u00a0CI" in bound("Univariable HR (95% CI)")
