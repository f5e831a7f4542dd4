"""A table as data: rows of traced text that HTML, CSV, XLSX and DOCX all print alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trephine.choices import RowKind
from trephine.report.trace import Ref, Text

"""Of its own, a level under the variable above, or a heading over the rows below."""

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
    """

    slug: str
    number: str
    title: Text
    header: tuple[Text, ...]
    rows: tuple[Row, ...]
    notes: tuple[Text, ...] = ()
    label: str = ""
    phone: Narrow = "scroll"


def words(*parts: str | Ref) -> Text:
    """Return a text of these parts."""
    return parts


EMPTY: Text = ("",)
