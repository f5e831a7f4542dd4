"""Sheets of xlsx and xlsm workbooks, cell by cell, with what a value alone does not show."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from trephine.cohort.reading.grid import Grid, cell_number
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.marks import UNCALCULATED
from trephine.cohort.reading.numbers_shown import builtin_format, shown
from trephine.cohort.reading.package import Package

_BOOLEANS = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}


_STRING_COSTS = 3  # cells


@dataclass
class Workbook:
    """What the sheets of a workbook share.

    Attributes
    ----------
    sheets
        Name and part of each sheet in order; hidden ones are in ``hidden`` too.
    from_1904
        Whether dates are counted from 1904.
    strings
        Shared strings.
    formats
        Number format of each cell style.
    struck_styles, struck_strings
        Numbers of the cell styles, and of the shared strings, that are struck through.
    """

    sheets: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    from_1904: bool = False
    strings: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    struck_styles: set[int] = field(default_factory=set)
    struck_strings: set[int] = field(default_factory=set)
    n_cells: int = 0  # of all sheets read so far, shared texts with their weight


def open_workbook(package: Package, limits: TableLimits) -> Workbook:
    """Read what the sheets share."""
    main = _Relations()
    package.parse("_rels/.rels", main)
    part = next(
        (t for kind, t in main.found.values() if kind == "officeDocument"), "xl/workbook.xml"
    )
    part = part.lstrip("/")
    folder, file = posixpath.split(part)
    relations = _Relations()
    package.parse(f"{folder}/_rels/{file}.rels", relations)
    book = Workbook()
    listing = _Sheets(book)
    package.parse(part, listing)
    limits.check("sheets", package.name, len(listing.links))
    for name, link in listing.links.items():
        kind, target = relations.found.get(link, ("", ""))
        if kind == "worksheet":
            book.sheets[name] = _inside(folder, target)
    for kind, target in relations.found.values():
        if kind == "sharedStrings":
            package.parse(_inside(folder, target), _Strings(book, limits, package.name))
        elif kind == "styles":
            package.parse(_inside(folder, target), _Styles(book))
    return book


def read_sheet(package: Package, book: Workbook, sheet: str, limits: TableLimits) -> Grid:
    """Read one sheet of an open workbook."""
    handler = _Cells(book, limits, package.name)
    package.parse(book.sheets[sheet], handler)
    return handler.grid


def _inside(folder: str, target: str) -> str:
    path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
    return posixpath.normpath(path)


class _Quiet:
    """A handler of nothing."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        pass

    def end(self, name: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass


class _Relations(_Quiet):
    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = (kind, attributes.get("Target", ""))


class _Sheets(_Quiet):
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self.links: dict[str, str] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "workbookPr":
            self._book.from_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif name == "sheet":
            sheet = attributes.get("name", "")
            link = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            self.links[sheet] = link
            if attributes.get("state", "visible") != "visible":
                self._book.hidden.add(sheet)


class _Strings(_Quiet):
    """Shared strings; the reading aids of East Asian text (rPh) are no part of a text."""

    def __init__(self, book: Workbook, limits: TableLimits, name: str) -> None:
        self._book, self._limits, self._name = book, limits, name
        self._parts: list[str] = []
        self._in_text = self._in_aid = False
        self._letters = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "si":
            self._parts, self._letters = [], 0
        elif name == "rPh":
            self._in_aid = True
        elif name == "t":
            self._in_text = not self._in_aid
        elif name == "strike" and _is_on(attributes):
            self._book.struck_strings.add(len(self._book.strings))

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._in_aid = False
        elif name == "si":
            self._book.strings.append("".join(self._parts))
            self._book.n_cells += _STRING_COSTS
            self._limits.check("workbook_cells", self._name, self._book.n_cells)

    def text(self, text: str) -> None:
        if self._in_text:
            self._letters += len(text)
            self._limits.check("cell_letters", self._name, self._letters)
            self._parts.append(text)


class _Styles(_Quiet):
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._codes: dict[int, str] = {}
        self._struck_fonts: set[int] = set()
        self._n_fonts = 0
        self._in_cells = self._in_fonts = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt":
            self._codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name == "fonts":
            self._in_fonts = True
        elif name == "font" and self._in_fonts:
            self._n_fonts += 1
        elif name == "strike" and self._in_fonts and _is_on(attributes):
            self._struck_fonts.add(self._n_fonts - 1)
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            if _whole(attributes.get("fontId")) in self._struck_fonts:
                self._book.struck_styles.add(len(self._book.formats))
            number = _whole(attributes.get("numFmtId"))
            self._book.formats.append(self._codes.get(number) or builtin_format(number))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False
        elif name == "fonts":
            self._in_fonts = False


class _Cells(_Quiet):
    """The cells of a sheet; empty ones, however far they are styled, count but are not kept."""

    def __init__(self, book: Workbook, limits: TableLimits, name: str) -> None:
        self._book, self._limits, self._name = book, limits, name
        self.grid = Grid(name, limits)
        self._row = self._column = self._n_rows = 0
        self._kind = self._style = ""
        self._has_formula = self._has_strike = self._in_value = self._in_aid = False
        self._parts: list[str] = []
        self._letters = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t"):
            self._in_value = not self._in_aid
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._begin_row(attributes)
        elif name == "rPh":
            self._in_aid = True
        elif name == "dimension":
            self.grid.stated = cell_number(attributes.get("ref", "").rpartition(":")[2]) or (0, 0)
        elif name == "strike" and _is_on(attributes):
            self._has_strike = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = _whole(attributes.get("min")), _whole(attributes.get("max"))
            self.grid.hidden_columns |= set(range(first, min(last, self._limits.columns) + 1))
        elif name == "mergeCell":
            first_cell, _, last_cell = attributes.get("ref", "").partition(":")
            corner, end = cell_number(first_cell), cell_number(last_cell)
            if corner and end:
                self._limits.check("cells", self._name, len(self.grid.ranges))
                self.grid.ranges.append((*corner, *end))

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        self._row = _whole(attributes.get("r")) or self._row + 1
        self._column = 0
        self._n_rows += 1
        self.grid.check(self._n_rows, 0)
        if attributes.get("hidden") in ("1", "true"):
            self.grid.hidden_rows.add(self._row)

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        place = cell_number(attributes.get("r", ""))
        if place is not None:
            self._row, self._column = place
        else:
            self._column += 1
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._has_formula = self._has_strike = False
        self._parts, self._letters = [], 0
        self._book.n_cells += 1
        if self._book.n_cells % 1024 == 0:
            self._limits.check("workbook_cells", self._name, self._book.n_cells)

    def text(self, text: str) -> None:
        if self._in_value:
            self._letters += len(text)
            self._limits.check("cell_letters", self._name, self._letters)
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._in_value = False
        elif name == "rPh":
            self._in_aid = False
        elif name == "c":
            text = self._value("".join(self._parts))
            if text.strip():
                self.grid.set(self._row, self._column, text)
                if self._is_struck("".join(self._parts)):
                    self.grid.struck.add((self._row, self._column))

    def _is_struck(self, index: str) -> bool:
        in_part = self._kind == "s" and _whole(index) in self._book.struck_strings
        return in_part or self._has_strike or _whole(self._style) in self._book.struck_styles

    def _value(self, text: str) -> str:
        if not text:
            return UNCALCULATED if self._has_formula and self._kind != "str" else ""
        if self._kind == "s":
            index = _whole(text)
            return self._book.strings[index] if index < len(self._book.strings) else ""
        if self._kind == "b":
            return _BOOLEANS.get(text.strip(), text)
        if self._kind == "d":
            return text.replace("T", " ").removesuffix(" 00:00:00")
        if self._kind != "n":
            return text
        try:
            number = float(text)
        except ValueError:
            return text
        style = _whole(self._style)
        code = self._book.formats[style] if style < len(self._book.formats) else "General"
        return shown(number, code, self._book.from_1904)


def _is_on(attributes: Mapping[str, str]) -> bool:
    return attributes.get("val", "1") not in ("0", "false")


def _whole(text: str | None) -> int:
    return (
        int(text)
        if text is not None and text.isascii() and text.isdecimal() and len(text) < 12
        else 0
    )
