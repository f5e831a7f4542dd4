"""Paths of a study's images and masks: patterns filled in from the cells of its table."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from trephine.cohort.reading import cause_of
from trephine.cohort.reading_keys import with_key
from trephine.errors import InputError, Problem
from trephine.imaging import is_image_path
from trephine.paths import held_inside, irregular
from trephine.plan.data_section import DataSection
from trephine.study.images.pairs import is_stray
from trephine.study.images.strays import near_rows
from trephine.types import BoolArray

FIELD = re.compile(r"\{([^{}]+)\}")
_WILD = re.compile(r"[*?]")
# Stands for the path of a case whose cell is empty: no file is called so.
_EMPTY = "(empty cell)"
# And for that of a case whose pattern fits several folders, which has been told.
_SEVERAL = "(several)"


def filled(
    pattern: str, what: str, frame: pd.DataFrame, data: DataSection
) -> tuple[tuple[Path, ...], list[Problem]]:
    """Fill a pattern from the table's cells; what leads out of its folders is a problem.

    Such a path is never looked at: its case gets the pattern's own, unfilled; so does the case of
    a cell that is a spreadsheet's error, for which see `marked`. ``*`` and ``?``
    stand for a part of one name, and one file alone may fit; several are a problem.

    Parameters
    ----------
    pattern
        Absolute, with ``{column}`` fields.
    what
        For messages, for example "an image".
    frame, data
        Text cells, and the plan's section.
    """
    cells = {field: list(frame[field]) for field in sorted(set(FIELD.findall(pattern)))}
    root, *outside = data.folders_for(pattern)
    paths: list[Path] = []
    leaving: list[int] = []
    several: dict[int, list[Path]] = {}
    for place, number in enumerate(frame.index):
        of_row = {field: column[place] for field, column in cells.items()}
        if not all(of_row.values()):
            paths.append(Path(pattern) / _EMPTY)
            continue
        if any(cause_of(cell) is not None for cell in of_row.values()):
            paths.append(Path(pattern))
            continue
        candidates = _candidates(pattern, of_row)
        chosen = candidates[0]
        if len(candidates) != 1:
            several[int(number)] = candidates
            files = (path for path in candidates if not path.is_dir())
            chosen = next(files, chosen / _SEVERAL)
        try:
            paths.append(held_inside(chosen.absolute(), root, outside=outside))
        except InputError:
            leaving.append(int(number))
            paths.append(Path(pattern))
    problems = []
    if leaving:
        expected = f"{what} inside the folder that the study file names, or the study's own"
        found = "a path that leads out of it (by its cell, or by a link)"
        advice = "Correct the cell, or list the folder it leads to in [data] outside"
        column = ", ".join(cells)
        problems.append(Problem.of_cells(data.table.name, leaving, column, expected, found, advice))
    return tuple(paths), [*problems, *_several(several, pattern, what, data)]


def marked(
    patterns: Mapping[str, str], needed: BoolArray, frame: pd.DataFrame, data: DataSection
) -> list[Problem]:
    """Return the needed cells of paths that are errors, uncalculated or merged, by column.

    Columns that name cases, patients, sides or centres are left to those who read these.

    Parameters
    ----------
    patterns
        By what they lead to.
    needed
        Rows that must have their files, shape (n,).
    frame, data
        As for `filled`.
    """
    columns = data.columns
    roles = {columns.case, columns.patient, columns.side, columns.centre}
    whats: dict[str, str] = {}
    for what, pattern in patterns.items():
        for field in FIELD.findall(pattern):
            whats.setdefault(field, what)
    problems = []
    for field, what in whats.items():
        rows: dict[str, list[int]] = {}
        advice: dict[str, str] = {}
        for number, cell, is_needed in zip(frame.index, frame[field], needed, strict=True):
            cause = cause_of(cell)
            if field not in roles and is_needed and cause is not None:
                rows.setdefault(cause.found, []).append(int(number))
                advice[cause.found] = with_key(cause.advice, field)
        problems += [
            Problem.of_cells(
                data.table.name, some, field, f"the path of {what}", found, advice[found]
            )
            for found, some in rows.items()
        ]
    return problems


def _candidates(pattern: str, cells: Mapping[str, str]) -> list[Path]:
    """Return the one path that a pattern names, or all that fit its wildcards, if any does."""
    text = FIELD.sub(lambda field: cells[field[1]], pattern)
    if not _WILD.search(FIELD.sub("", pattern)):
        return [Path(text)]
    parts = re.split(r"\{([^{}]+)\}", pattern)
    wild = "".join(
        glob.escape(cells[part]) if odd % 2 else part.replace("[", "[[]")
        for odd, part in enumerate(parts)
    )
    found = [path for name in sorted(glob.glob(wild)) if not is_stray(path := Path(name))]
    return found or [Path(text)]


def _several(
    fitting: Mapping[int, Sequence[Path]], pattern: str, what: str, data: DataSection
) -> list[Problem]:
    if not fitting:
        return []
    low, high = min(map(len, fitting.values())), max(map(len, fitting.values()))
    folders = {path.is_dir() for paths in fitting.values() for path in paths}
    kind = "files and folders" if len(folders) == 2 else "folders" if True in folders else "files"
    found = f"{low} {kind}" if low == high else f"{low} to {high} {kind}"
    return [
        Problem.of_cells(
            data.table.name,
            list(fitting),
            "",
            f"one file for {what} at {data.shown(pattern)}",
            found,
            "Spell the name out further, name the folder itself if the files are the slices of one"
            " series, or list the files in a table ([data] manifest)",
        )
    ]


def absent(
    paths: Sequence[Path],
    needed: BoolArray,
    pattern: str,
    what: str,
    frame: pd.DataFrame,
    data: DataSection,
    advice: str = "",
) -> list[Problem]:
    """Name the needed rows without a file; the pattern is shown, not the filled path.

    Parameters
    ----------
    paths
        As `filled` returns them.
    needed
        Rows that must have theirs, shape (n,).
    pattern, what, frame, data
        As for `filled`.
    advice
        What to do about them.
    """
    missing = {path: _missing(path) for path in set(paths)}
    if FIELD.search(pattern):
        missing[Path(pattern)] = None  # led out of its folder, which has been told
    rows = [
        int(number)
        for number, path, is_needed in zip(frame.index, paths, needed, strict=True)
        if is_needed and missing[path]
    ]
    if not rows:
        return []
    found = dict(zip(map(int, frame.index), (missing[path] for path in paths), strict=True))
    near = near_rows(pattern, paths, frame)
    expected = f"{what} at {data.shown(pattern)}"
    problems = []
    for to_do, chosen in (
        (advice, [row for row in rows if row not in near]),
        (
            "A file is there whose name differs only by capitals, leading zeros or blanks: rename"
            " it, or correct the cell",
            [row for row in rows if row in near],
        ),
    ):
        for reason in dict.fromkeys(found[row] for row in chosen):
            same = [row for row in chosen if found[row] == reason]
            name = data.table.name
            problems.append(Problem.of_cells(name, same, "", expected, reason or "", to_do))
    return problems


def is_absent(path: Path) -> bool:
    """Say whether no image or mask can be at a path, or none is there."""
    return _missing(path) is not None


def _missing(path: Path) -> str | None:
    """Say what stands where an image or a mask should, None where one may be."""
    if path.name == _EMPTY:
        return "an empty cell"
    if path.name == _SEVERAL:
        return None
    if is_image_path(path):
        return None
    try:
        kind = irregular(path)
    except OSError:
        return "no such file"
    if kind != "a folder":
        return kind or "no such file"
    inside = [item for item in path.iterdir() if not is_stray(item)]
    if not inside:
        return "an empty folder"
    return (
        f"a folder of {len(inside)} {'folders' if len(inside) > 1 else 'folder'}; the path has to"
        " go on to a file, or to the folder that holds the slices of one series"
    )
