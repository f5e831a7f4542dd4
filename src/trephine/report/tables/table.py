"""A table as data: rows of traced text that HTML, CSV, XLSX and DOCX all print alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from trephine.choices import RowKind
from trephine.report.sections import SectionName
from trephine.report.trace import Ref, Text, plain

Narrow = Literal["scroll", "stack"]
"""On a phone: as it is, moved sideways; or each row's cells below one another, by column name."""


@dataclass(frozen=True)
class Row:
    """A row: the first cell names it, the others are numbers and short words."""

    cells: tuple[Text, ...]
    kind: RowKind = "body"


@dataclass(frozen=True)
class Table:
    """A table, ready for any format.

    Attributes
    ----------
    slug
        File name without suffix, and id in the page.
    section
        Of the report that it belongs to.
    number
        For example "Table 2"; empty for one that a manuscript would not number.
    title
        What it shows.
    header
        One cell a column.
    rows
        In order.
    notes
        Footnotes, each a sentence.
    label
        A warning that stands over it, for example "apparent, not corrected"; may be empty.
    phone
        How the page shows it where it is narrower than the table.
    folded
        Under what words the page folds it away; empty where it is shown. Tables with the same
        words are folded together.
    """

    slug: str
    section: SectionName
    number: str
    title: Text
    header: tuple[Text, ...]
    rows: tuple[Row, ...]
    notes: tuple[Text, ...] = ()
    label: str = ""
    phone: Narrow = "scroll"
    folded: str = ""


def without_empty_columns(table: Table) -> Table:
    """Leave out columns that no row fills, such as the family of ready-made features."""
    cells = [row.cells for row in table.rows if row.kind != "group"]
    kept = [
        number
        for number in range(len(table.header))
        if number == 0 or any(plain(row[number]) for row in cells)
    ]
    rows = tuple(
        row if row.kind == "group" else replace(row, cells=tuple(row.cells[k] for k in kept))
        for row in table.rows
    )
    return replace(table, header=tuple(table.header[k] for k in kept), rows=rows)


def words(*parts: str | Ref) -> Text:
    """Return a text of these parts."""
    return parts


EMPTY: Text = ("",)
