"""A table that names what is to be measured: image, mask, and perhaps label, side and name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd
import pyarrow as pa

from trephine.cohort.cell_problems import marked_problems
from trephine.cohort.reading import TABLE_SUFFIXES, cause_of
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.table import is_missing, read_table
from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.paths import held_inside, is_confined
from trephine.scratch import scratch_folder
from trephine.store.addresses import fetch, is_address, name_of
from trephine.study.images.pairs import Pair, regular
from trephine.types import IntArray

_NEEDED = ("image", "mask")
_NAMES = ("name", "id")
# No mask holds a larger one; a number of thousands of digits is none that Python takes.
_LABEL = re.compile("[0-9]{1,18}")


def is_manifest(path: Path) -> bool:
    """Say whether a path is a table, by its name."""
    return path.name.lower().endswith(TABLE_SUFFIXES) and not path.is_dir()


class ManifestPairs(Sequence[Pair]):
    """The pairs of a table, each made when it is asked for: a registry's rows are many.

    Parameters
    ----------
    folder
        From which paths start.
    frame
        Images, masks and perhaps sides, by row of the table.
    names
        By row; what is missing is called by its row.
    labels
        By row, 0 for none.
    base
        Address from which paths start instead, of a table that lies at one.
    """

    def __init__(
        self,
        folder: Path,
        frame: pd.DataFrame,
        names: pd.Series | None,
        labels: IntArray,
        base: str = "",
    ) -> None:
        self._folder, self._base = folder, base
        self._rows = frame.index.to_numpy(dtype=np.int64)
        self._labels = labels
        self._images, self._masks = (pa.array(frame[c], pa.large_string()) for c in _NEEDED)
        self._names = None if names is None else pa.array(names, pa.large_string())
        sided = "side" in frame.columns
        self._sides = pa.array(frame["side"], pa.large_string()) if sided else None

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._rows.size

    @overload
    def __getitem__(self, place: int) -> Pair: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Pair]: ...
    def __getitem__(self, place: int | slice) -> Pair | Sequence[Pair]:
        """Return the pair at a place, or those of a slice."""
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        row = int(self._rows[place])
        place = place % len(self)
        name = "" if self._names is None else self._names[place].as_py()
        image, image_address = self._placed(self._images[place].as_py())
        mask, mask_address = self._placed(self._masks[place].as_py())
        return Pair(
            f"row {row}" if is_missing(name) else name,
            image,
            mask,
            int(self._labels[place]) or None,
            "" if self._sides is None else self._sides[place].as_py(),
            row,
            f"row {row}",
            (image_address, mask_address),
        )

    def _placed(self, cell: str) -> tuple[Path, str]:
        """Return a cell's path; of an address its name, and the address."""
        if is_address(cell):
            return Path(name_of(cell)), cell
        if self._base and not Path(cell).is_absolute():
            return Path(name_of(cell)), f"{self._base}/{cell}"
        return self._folder / cell, ""


def fetch_manifest(address: str, label: int | None) -> ManifestPairs:
    """Read the pairs of a table at an address; its paths start from there.

    Raises
    ------
    StudyProblemsError
        As `read_manifest`.
    InputError
        If it cannot be read from there.
    """
    with scratch_folder() as folder:
        table = fetch(address, folder, TableLimits.in_force().file_bytes, "table")
        return read_manifest(table, label, address.rpartition("/")[0])


def read_manifest(table: Path, label: int | None, base: str = "") -> ManifestPairs:
    """Read the pairs of a table; its paths start from it.

    Parameters
    ----------
    table
        CSV, xlsx or any other table that is read, or Parquet.
    label
        For rows that name none.
    base
        Address of its folder, where it is the copy of a table at one.

    Raises
    ------
    StudyProblemsError
        With every column that is missing and every cell that cannot be used.
    """
    frame = read_columns(table, _NEEDED)
    named = next((column for column in _NAMES if column in frame.columns), None)
    problems = _empty_cells(frame, _NEEDED, table.name)
    problems += spoilt_cells(frame, table.name)
    labels, more = _labels(frame, label, table.name)
    problems += more
    if problems:
        raise StudyProblemsError(problems)
    if is_confined():
        _refuse_outside(frame, table)
    names = None if named is None else frame[named]
    return ManifestPairs(table.parent, frame, names, labels, base)


def _refuse_outside(frame: pd.DataFrame, table: Path) -> None:
    """Hold the paths of a table to its folder, where studies of others are run.

    Raises
    ------
    StudyProblemsError
        With every row that leads out of it.
    """
    problems = []
    for column in _NEEDED:
        astray = []
        for row, text in zip(frame.index.tolist(), frame[column], strict=True):
            try:
                if is_address(text):
                    raise InputError("an address")
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


def _labels(frame: pd.DataFrame, label: int | None, name: str) -> tuple[IntArray, list[Problem]]:
    """Return each row's label, 0 for none; and the cells that hold no whole number above zero."""
    labels = np.full(len(frame), label or 0, dtype=np.int64)
    wrong: dict[str, list[int]] = {}
    cells = frame["label"].tolist() if "label" in frame.columns else []
    for place, cell in enumerate(cells):
        if is_missing(cell) or cause_of(cell) is not None:
            continue
        text = cell.removesuffix(".0")
        if _LABEL.fullmatch(text) and int(text) > 0:
            labels[place] = int(text)
        else:
            wrong.setdefault(cell, []).append(int(frame.index[place]))
    expected = "a label of the mask, a whole number above 0"
    problems = [
        Problem.of_cells(name, rows, "label", expected, repr(cell)) for cell, rows in wrong.items()
    ]
    if "label" in frame.columns:
        problems += marked_problems(frame["label"], name, expected)
    return labels, problems
