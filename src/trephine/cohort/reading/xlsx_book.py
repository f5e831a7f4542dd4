"""What the sheets of an xlsx or xlsm workbook share: names, texts, styles."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.numbers_shown import builtin_format
from trephine.cohort.reading.package import Package

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


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


def _inside(folder: str, target: str) -> str:
    path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
    return posixpath.normpath(path)


class Quiet:
    """A handler of nothing."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take text between tags."""


class Runs(Quiet):
    """Texts in runs: digits that are raised behind another digit, as footnotes are, stay raised."""

    def __init__(self) -> None:
        self._is_raised = False
        self._parts: list[str] = []

    def run(self, name: str, attributes: Mapping[str, str]) -> None:
        """Look at the start of an element."""
        if name == "r":
            self._is_raised = False
        elif name == "vertAlign":
            self._is_raised = attributes.get("val") in ("superscript", "subscript")

    def add(self, text: str) -> None:
        """Take a run's text: 23 with a raised 1 is no 231."""
        behind_digit = bool(self._parts) and self._parts[-1][-1:].isdigit()
        self._parts.append(text.translate(_RAISED) if self._is_raised and behind_digit else text)

    def begin(self) -> None:
        """Begin a cell or a shared text."""
        self._parts, self._is_raised = [], False


class _Relations(Quiet):
    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = (kind, attributes.get("Target", ""))


class _Sheets(Quiet):
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


class _Strings(Runs):
    """Shared strings; the reading aids of East Asian text (rPh) are no part of a text."""

    def __init__(self, book: Workbook, limits: TableLimits, name: str) -> None:
        super().__init__()
        self._book, self._limits, self._name = book, limits, name
        self._in_text = self._in_aid = False
        self._letters = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.run(name, attributes)
        if name == "si":
            self.begin()
            self._letters = 0
        elif name == "rPh":
            self._in_aid = True
        elif name == "t":
            self._in_text = not self._in_aid
        elif name == "strike" and is_on(attributes):
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
            self.add(text)


class _Styles(Quiet):
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._codes: dict[int, str] = {}
        self._struck_fonts: set[int] = set()
        self._n_fonts = 0
        self._in_cells = self._in_fonts = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt":
            self._codes[whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name == "fonts":
            self._in_fonts = True
        elif name == "font" and self._in_fonts:
            self._n_fonts += 1
        elif name == "strike" and self._in_fonts and is_on(attributes):
            self._struck_fonts.add(self._n_fonts - 1)
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            if whole(attributes.get("fontId")) in self._struck_fonts:
                self._book.struck_styles.add(len(self._book.formats))
            number = whole(attributes.get("numFmtId"))
            self._book.formats.append(self._codes.get(number) or builtin_format(number))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False
        elif name == "fonts":
            self._in_fonts = False


def is_on(attributes: Mapping[str, str]) -> bool:
    """Say whether an element that switches something on does so."""
    return attributes.get("val", "1") not in ("0", "false")


def whole(text: str | None) -> int:
    """Return a whole number of the file; 0 for anything else."""
    return (
        int(text)
        if text is not None and text.isascii() and text.isdecimal() and len(text) < 12
        else 0
    )
