"""Tables and sheets beside the one that a draft reads: named, and asked about where they fit it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from trephine.cohort.reading import SourceTable, read_source
from trephine.errors import StudyProblemsError

_COPY = re.compile(
    r"cop(y|ia|ie)|kopi|副本|복사|копия|\(\d+\)|backup|\bbak\b|\bold\b", re.IGNORECASE
)
_MOST_SHEETS = 20


def is_copy(path: Path) -> bool:
    """Say whether a file is called as copies are: "clinical - Copy.xlsx", "clinical (1).xlsx"."""
    return _COPY.search(path.stem) is not None


def beside_table(
    own: Path, features: str, sources: Mapping[Path, SourceTable], case: str | None
) -> list[str]:
    """Return a line on each table and sheet that the study does not use.

    Parameters
    ----------
    own
        The table that it reads.
    features
        Name of the table of features, or an empty text.
    sources
        All tables of the folder that could be read.
    case
        Column that names the cases, if one does.
    """
    return [*_files(own, features, sources), *_sheets(own, sources[own], case)]


def _files(own: Path, features: str, sources: Mapping[Path, SourceTable]) -> Iterator[str]:
    names = list(sources[own].frame.columns)
    for path, source in sources.items():
        if path == own or path.name == features:
            continue
        rows = len(source.frame)
        if list(source.frame.columns) == names:
            yield (
                f"To decide: {path.name} has the same columns, and {rows} rows: is it the right"
                " one?"
            )
        else:
            yield f"Not used: table {path.name} ({rows} rows)"


def _sheets(own: Path, source: SourceTable, case: str | None) -> Iterator[str]:
    """Name the sheets that hold more cases, or more columns of the same cases."""
    others = [sheet for sheet in source.sheets if sheet != source.sheet]
    same: list[str] = []
    rows = 0
    for sheet in others[:_MOST_SHEETS]:
        try:
            found = read_source(own, sheet).frame
        except StudyProblemsError:
            continue  # a legend, or an empty sheet
        if list(found.columns) == list(source.frame.columns):
            same.append(repr(sheet))
            rows += len(found)
        elif case in found.columns:
            yield (
                f"To decide: sheet {sheet!r} has the column {case!r} too, and is not used: bring"
                f" its columns into sheet {source.sheet!r}"
            )
    if same:
        listed = ", ".join(same)
        noun, verb = ("sheet", "has") if len(same) == 1 else ("sheets", "have")
        yield (
            f"To decide: {noun} {listed} {verb} the same columns, and {rows} rows that are not"
            f" used: are they cases? Put them below those of {source.sheet!r}"
        )
