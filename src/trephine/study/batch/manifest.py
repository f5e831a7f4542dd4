"""A table that names what is to be measured: image, mask, and perhaps label, side and name."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from trephine.cohort.cell_problems import marked_problems
from trephine.cohort.reading import TABLE_SUFFIXES, cause_of
from trephine.cohort.table import is_missing, read_table
from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.paths import held_inside, is_confined
from trephine.study.images.pairs import Pair, regular

_NAMES = ("name", "id")
# No mask holds a larger one; a number of thousands of digits is none that Python takes.
_LABEL = re.compile("[0-9]{1,18}")


def is_manifest(path: Path) -> bool:
    """Say whether a path is a table, by its name."""
    return path.name.lower().endswith(TABLE_SUFFIXES) and not path.is_dir()


def read_manifest(table: Path, label: int | None) -> tuple[Pair, ...]:
    """Read the pairs of a table; its paths start from it.

    Parameters
    ----------
    table
        CSV, xlsx or any other table that is read, or Parquet.
    label
        For rows that name none.

    Raises
    ------
    StudyProblemsError
        With every column that is missing and every cell that cannot be used.
    """
    frame = read_columns(table, ("image", "mask"))
    named = next((column for column in _NAMES if column in frame.columns), None)
    problems = _empty_cells(frame, ("image", "mask"), table.name)
    problems += spoilt_cells(frame, table.name)
    labels, more = _labels(frame, label, table.name)
    problems += more
    if problems:
        raise StudyProblemsError(problems)
    nothing = pd.Series("", index=frame.index)
    sides = frame["side"] if "side" in frame.columns else nothing
    names = nothing if named is None else frame[named]
    # Many regions lie on one image: its path is held once.
    texts = {*frame["image"], *frame["mask"]}
    paths = {text: table.parent / text for text in texts}
    if is_confined():
        _refuse_outside(frame, table)
    return tuple(
        Pair(
            f"row {row}" if is_missing(name) else name,
            paths[image],
            paths[mask],
            labels[row],
            side,
            row,
            f"row {row}",
        )
        for row, name, image, mask, side in zip(
            frame.index.tolist(), names, frame["image"], frame["mask"], sides, strict=True
        )
    )


def _refuse_outside(frame: pd.DataFrame, table: Path) -> None:
    """Hold the paths of a table to its folder, where studies of others are run.

    Raises
    ------
    StudyProblemsError
        With every row that leads out of it.
    """
    problems = []
    for column in ("image", "mask"):
        astray = []
        for row, text in zip(frame.index.tolist(), frame[column], strict=True):
            try:
                held_inside(text, table.parent)
            except InputError:
                astray.append(row)
        if astray:
            expected, found = "a path inside the table's folder", "one that leads out of it"
            problems.append(Problem.of_cells(table.name, astray, column, expected, found))
    if problems:
        raise StudyProblemsError(problems)


def read_columns(table: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Read a manifest as text, columns named in lower case, rows as a spreadsheet counts them.

    Raises
    ------
    StudyProblemsError
        If it cannot be read or lacks a column.
    """
    regular(table, "table")
    frame = read_table(table)
    frame.columns = frame.columns.str.strip().str.lower()
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns))
        expected = f"the columns {' and '.join(needed)}"
        raise StudyProblemsError([Problem(f"{table.name}, row 1", expected, found)])
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        found = f"several called {', '.join(twice)}"
        raise StudyProblemsError([Problem(f"{table.name}, row 1", "column names once", found)])
    return frame


def _empty_cells(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> list[Problem]:
    problems = []
    for column in columns:
        empty = frame.index[frame[column].map(is_missing)]
        if len(empty):
            expected = f"the path of {'an' if column == 'image' else 'a'} {column}"
            problems.append(Problem.of_cells(name, empty.tolist(), column, expected, "none"))
    return problems


def spoilt_cells(frame: pd.DataFrame, name: str) -> list[Problem]:
    """Return the cells that are errors, uncalculated or merged, of the columns that are used."""
    used = [c for c in ("image", "mask", "side", *_NAMES) if c in frame.columns]
    expected = {"image": "the path of an image", "mask": "the path of a mask", "side": "a side"}
    return [
        problem
        for column in used
        for problem in marked_problems(frame[column], name, expected.get(column, "a name"))
    ]


def _labels(
    frame: pd.DataFrame, label: int | None, name: str
) -> tuple[dict[int, int | None], list[Problem]]:
    """Return the label of each row, and the cells that hold no whole number above zero."""
    labels: dict[int, int | None] = dict.fromkeys(frame.index, label)
    wrong: dict[str, list[int]] = {}
    cells = frame["label"].tolist() if "label" in frame.columns else []
    for row, cell in zip(frame.index.tolist(), cells, strict=False):
        if is_missing(cell) or cause_of(cell) is not None:
            continue
        text = cell.removesuffix(".0")
        if _LABEL.fullmatch(text) and int(text) > 0:
            labels[row] = int(text)
        else:
            wrong.setdefault(cell, []).append(row)
    expected = "a label of the mask, a whole number above 0"
    problems = [
        Problem.of_cells(name, rows, "label", expected, repr(cell)) for cell, rows in wrong.items()
    ]
    if "label" in frame.columns:
        problems += marked_problems(frame["label"], name, expected)
    return labels, problems
