"""Workbooks are zip files of XML: parts are inflated and parsed within bounds, without entities."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol
from xml.parsers import expat

from trephine.archives import open_zip
from trephine.cohort.reading.limits import TableLimits
from trephine.errors import Problem, StudyProblemsError

DAMAGED = "Open it in a spreadsheet program and save it again as xlsx, without a password"
_PIECE = 1 << 16
_LONGEST_TAG = 1 << 20


class Handler(Protocol):
    """What is called with the elements of a part, names without their prefix."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""

    def end(self, name: str) -> None:
        """End an element."""

    def text(self, text: str) -> None:
        """Take text between tags."""


class Stop(Exception):  # noqa: N818 - no error: the handler has seen what it wanted
    """Raised by a handler that needs no more of a part."""


def refusal(name: str, found: str, advice: str = DAMAGED) -> StudyProblemsError:
    """Return the error for a file that is no table that can be read."""
    return StudyProblemsError([Problem(name, "a table that can be read", found, advice)])


class Package:
    """An open workbook's parts.

    Parameters
    ----------
    path
        Of the file.
    limits
        Bounds on its parts.

    Raises
    ------
    StudyProblemsError
        If it is no whole zip file, or is encrypted.
    """

    def __init__(self, path: Path, limits: TableLimits) -> None:
        self.name = path.name
        self._limits = limits
        self._seen = 0  # bytes of all parts so far: a part may be named by many sheets
        self._file = path.open("rb")
        try:
            self._zip = open_zip(self._file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            self._file.close()
            raise refusal(self.name, "a workbook that is cut short or damaged") from error
        self.parts = {info.filename.lstrip("/"): info for info in self._zip.infolist()}

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    def parse(self, part: str, handler: Handler) -> None:
        """Hand the elements of a part to ``handler``; a part that is absent has none.

        Raises
        ------
        StudyProblemsError
            If the part is damaged, too large or nested too deeply, or declares entities.
        """
        info = self.parts.get(part)
        if info is None:
            return
        self._limits.check("inflated_bytes", self.name, info.file_size)
        parser = _parser(handler, self._limits.depth, self.name)
        try:
            with self._zip.open(info) as stream:
                self._feed(parser, stream)
        except Stop:
            return
        except expat.ExpatError as error:
            raise refusal(self.name, "a workbook whose XML is broken") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise refusal(self.name, "a workbook that is cut short or damaged") from error
        except RuntimeError as error:  # zipfile says so of a password
            raise refusal(self.name, "a workbook with a password") from error

    def _feed(self, parser: expat.XMLParserType, stream: IO[bytes]) -> None:
        read = 0
        while piece := stream.read(_PIECE):
            self._seen += len(piece)
            self._limits.check("inflated_bytes", self.name, self._seen)
            parser.Parse(piece, False)
            read += len(piece)
            if read - parser.CurrentByteIndex > _LONGEST_TAG:
                raise refusal(self.name, "a workbook with a tag of more than a megabyte")
        parser.Parse(b"", True)


def _parser(handler: Handler, depth: int, name: str) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    level = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal level
        level += 1
        if level > depth:
            raise refusal(name, f"a workbook whose XML nests deeper than {depth}")
        handler.start(tag.rpartition(":")[2], attributes)

    def end(tag: str) -> None:
        nonlocal level
        level -= 1
        handler.end(tag.rpartition(":")[2])

    def no_entities(*_: object) -> None:
        # A workbook never needs a document type; entities read files or blow up.
        raise refusal(name, "a workbook whose XML declares a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = no_entities
    parser.EntityDeclHandler = no_entities
    return parser
