"""A draft of a study file from what lies in a folder, with comments where a person must decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.legends import Legend, find_legends
from trephine.cohort.reading import (
    TABLE_SUFFIXES,
    SourceTable,
    read_source,
    texts_of_sheets,
)
from trephine.cohort.reading.foreign import FOREIGN_SUFFIXES
from trephine.cohort.reading.marks import MERGED
from trephine.cohort.table import as_numbers
from trephine.cohort.wide import to_long
from trephine.errors import InputError, StudyProblemsError
from trephine.executors import Progress
from trephine.study.draft.columns import Roles, guess_roles
from trephine.study.draft.export import Export, sort_export
from trephine.study.draft.files import FoundFiles, find_patterns
from trephine.study.draft.folder_scan import Scan, scan_folder
from trephine.study.draft.image_text import found_lines
from trephine.study.draft.other_tables import beside_table, is_copy
from trephine.study.draft.text import study_text
from trephine.study.draft.values import MOSTLY, Look
from trephine.study.draft.wide import WideSheet, find_wide
from trephine.study.draft.words import is_named
from trephine.study.table_names import tables_in

# A cases' table of more columns holds features too, and a table beside it of so many numbers.
_WIDE = 60
_FEWEST_FEATURES = 10


@dataclass(frozen=True)
class Draft:
    """A study file to be corrected.

    Attributes
    ----------
    text
        Of the file.
    found
        What was found and guessed, and why, a line each.
    listed, listed_in
        Text of the table of paths that the file names, to be written beside it, and its name;
        empty for none.
    roles
        What the table's columns seem to be.
    """

    text: str
    found: tuple[str, ...]
    listed: str = ""
    listed_in: str = ""
    roles: Roles | None = None


@dataclass(frozen=True)
class _Candidate:
    """A table that may be the cases'."""

    source: SourceTable
    wide: WideSheet | None
    frame: pd.DataFrame
    files: FoundFiles
    roles: Roles
    legends: tuple[Legend, ...] = ()


def draft_study(
    folder: Path, listed: str = "images.csv", progress: Progress | None = None, table: str = ""
) -> Draft:
    """Draft a study file.

    Parameters
    ----------
    folder
        With a table of the cases and, where there are any, images, masks or a feature table.
    listed
        Name of the table of paths, should one be needed.
    progress
        Called with (done, total) by file that is looked at.
    table
        Name of the cases' table; the likeliest if empty.

    Raises
    ------
    InputError
        If there is no folder, or no table in it or not that one.
    StudyProblemsError
        If there are tables and none can be read, with the reasons.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder, found none")
    sources, unread = _read_tables(folder)
    if not sources:
        if unread:
            raise StudyProblemsError([p for error in unread.values() for p in error.problems])
        packed = any(path.suffix.lower() in (".zip", ".7z", ".rar") for path in folder.iterdir())
        raise InputError(
            f"{folder}: expected a table with one row per case ({', '.join(TABLE_SUFFIXES)}),"
            f" found {'an archive only: unpack it' if packed else 'none'}"
        )
    scan = scan_folder(folder, progress)
    export = sort_export(scan)
    tables = {path: _candidate(scan, export, path, source) for path, source in sources.items()}
    own = folder / table if table else min(tables, key=lambda path: _rank(path, tables[path]))
    if own not in tables:
        refused = unread.get(own)
        raise refused or InputError("table: expected one in the folder, found none of this name")
    chosen = tables[own]
    features = _feature_table(own, sources, chosen.roles)
    text = study_text(own.name, chosen.roles, chosen.wide, chosen.files, features, listed)
    skipped = [f"Not read, {error.problems[0]}" for error in unread.values()]
    skipped += beside_table(own, features, sources, chosen.roles.columns.get("case"))
    paths = chosen.files.listed
    written = "" if paths is None else paths.to_csv(index=False, lineterminator="\n")
    return Draft(
        text, (*_found(own, chosen, features), *skipped), written, listed if written else ""
    )


def _rank(path: Path, candidate: _Candidate) -> tuple[int, bool]:
    """Order tables by the roles that they lack, copies last."""
    return candidate.roles.missing, is_copy(path)


def draft_table(path: Path, shown: str) -> Draft:
    """Draft a study file for one table, called ``shown`` in the file.

    Raises
    ------
    StudyProblemsError
        If it cannot be read.
    """
    chosen = _candidate(Scan(path.parent), Export(), path, read_source(path))
    text = study_text(shown, chosen.roles, chosen.wide, chosen.files, "")
    return Draft(text, _found(path, chosen, ""), roles=chosen.roles)


def _read_tables(
    folder: Path,
) -> tuple[dict[Path, SourceTable], dict[Path, StudyProblemsError]]:
    tables, unread = {}, {}
    for name in tables_in(folder, FOREIGN_SUFFIXES):  # these are not read, with a reason
        try:
            tables[folder / name] = read_source(folder / name)
        except StudyProblemsError as error:
            unread[folder / name] = error
    return tables, unread


def _candidate(scan: Scan, export: Export, path: Path, source: SourceTable) -> _Candidate:
    frame, merged = _repeated(_narrow(source.frame))
    wide = find_wide(frame)
    side = None
    if wide is not None:
        long, problems = to_long(frame, "", wide.spellings, operated=wide.operated)
        if long is None or problems:
            wide = None
        else:
            side = "side" if "side" not in long.frame.columns else "side_made"
            frame = long.frame.assign(**{side: list(long.sides)})
    looks = [Look.at(frame, str(name)) for name in frame.columns]
    naming = [look.name for look in looks if look.names_rows or look.counts_rows]
    files = find_patterns(scan, export, frame, naming)
    patterns = files.patterns
    keys = [] if files.listed is None else list(files.listed.columns)
    matched = [n for n in naming if n in keys or any(f"{{{n}}}" in one for one in patterns)]
    legends = _legends(path, source, frame)
    codes = {column: legend.meanings for column, legend in legends.items()}
    roles = guess_roles(frame, matched, side, codes, merged, source.units)
    return _Candidate(source, wide, frame, files, roles, tuple(legends.values()))


def _repeated(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, frozenset[int]]]:
    """Return a table whose merged cells repeat their value, and the places of a column's."""
    merged = {
        str(column): frozenset(places)
        for column in frame.columns
        if (places := np.flatnonzero(frame[column].str.startswith(MERGED)).tolist())
    }
    columns = {name: frame[name].str.removeprefix(MERGED) for name in merged}
    return (frame.assign(**columns) if columns else frame), merged


def _legends(path: Path, source: SourceTable, frame: pd.DataFrame) -> dict[str, Legend]:
    """Return the legends of a table's codes: in its headers, beside it, or on other sheets."""
    others = [sheet for sheet in source.sheets if sheet != source.sheet]
    try:
        texts = texts_of_sheets(path, others)
    except StudyProblemsError:
        texts = ()  # such a sheet is not needed
    return find_legends(frame, (*source.beside, *texts))


def _narrow(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what is worth looking at: of a wide table, the columns that are no feature."""
    if frame.shape[1] <= _WIDE:
        return frame
    return frame.loc[:, [c for c in frame.columns if _roleful(c) or as_numbers(frame[c])[1]]]


def _roleful(column: str) -> bool:
    return bool(re.search(r"(^|_)id$|patient|side|event|status|time|month|days", column.lower()))


def _feature_table(table: Path, tables: dict[Path, SourceTable], roles: Roles) -> str:
    """Return the table of features: the cases' own if it is wide, or one beside it."""
    case = roles.columns.get("case")
    if tables[table].frame.shape[1] > _WIDE:
        return table.name
    for path, source in tables.items():
        frame = source.frame
        if path == table or case not in frame.columns:
            continue
        numbers = [column for column in frame.columns if _mostly_numbers(frame[column])]
        if len(numbers) >= _FEWEST_FEATURES:
            return path.name
    return ""


def _mostly_numbers(column: pd.Series) -> bool:
    """Say whether a column holds numbers but for some cells, which check lists."""
    return len(as_numbers(column)[1]) <= (1 - MOSTLY) * len(column)


def _turned(chosen: _Candidate) -> list[str]:
    """Ask of a table whose first column holds what the names of columns should."""
    frame = chosen.source.frame
    words = [str(cell) for cell in frame.iloc[:, 0]]
    kinds = ("time", "event", "age", "sex", "side", "patient")
    known = {kind for kind in kinds if any(is_named(word, kind) for word in words)}
    if chosen.roles.missing < 2 or len(known) < 3 or len(frame.columns) <= len(frame):
        return []
    name = str(frame.columns[0])
    return [
        f"do the cases stand in columns? The cells of {name!r} read like names of columns: turn"
        " the sheet (copy it, and paste it transposed)"
    ]


def _found(table: Path, chosen: _Candidate, features: str) -> tuple[str, ...]:
    roles, files = chosen.roles, chosen.files
    lines = [f"Table {table.name}", *(f"  {sentence}" for sentence in chosen.source.assumed)]
    if chosen.wide is not None:
        names = ", ".join(chosen.wide.pairs)
        lines.append(f"  one row per patient, with columns for R and L: {names}")
        if chosen.wide.operated is not None:
            lines.append(f"  operated: {chosen.wide.operated}, which marks the sides")
    lines += [f"  {legend.sentence()}" for legend in chosen.legends]
    lines += [f"  {role}: {name} ({roles.why[role]})" for role, name in roles.columns.items()]
    many = "" if len(roles.clinical) == 1 else "s"
    lines.append(f"  {len(roles.clinical)} clinical variable{many}: {', '.join(roles.clinical)}")
    lines += [f"  not used: {name} ({reason})" for name, reason in roles.left_out.items()]
    if features:
        lines.append(f"Features: {features}")
    lines += [*found_lines(files), *files.said]
    lines += [f"To decide: {question}" for question in (*_turned(chosen), *roles.unsure)]
    lines += [
        f"To decide: in {name!r}, {declared.asked}"
        for name, declared in roles.clinical.items()
        if declared.asked
    ]
    return tuple(lines)
