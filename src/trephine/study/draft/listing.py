"""From paths and Patient IDs to the table's cells: a pattern where one does, else a list."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from trephine.cohort.sides import side_of
from trephine.cohort.table import is_missing
from trephine.study.draft.export import Export
from trephine.study.draft.names import RULES, cells_by, match_names
from trephine.study.images.file_sides import apart, side_in_name

# What parts names in a path.
_PARTS = r"([/_. -])"
# A column whose names must be changed to fit has to name this share of its cells so.
_MOST = 0.5


@dataclass(frozen=True)
class Cells:
    """The cells that may stand in paths, by column; and the column of sides, if there is one."""

    by_column: Sequence[tuple[str, frozenset[str]]]
    side: tuple[str, frozenset[str]] | None

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: Sequence[str]) -> Cells:
        """Return the cells of a text table."""
        named = [(column, frozenset(frame[column]) - {""}) for column in columns]
        for column in frame.columns:
            known = {cell for cell in frame[column] if not is_missing(cell)}
            if len(known) == 2 and {side_of(cell) for cell in known} == {"R", "L"}:
                return cls(named, (str(column), frozenset(known)))
        return cls(named, None)

    def named(self, path: str) -> tuple[str, str]:
        """Return the column and the cell that a path holds; the longest part wins."""
        for joined in joined_parts(path):
            for column, known in self.by_column:
                if joined in known:
                    return column, joined
        return "", ""

    def pattern(self, path: str) -> str:
        """Put a column's field in place of the parts of a path that are one of its cells.

        The longest part wins, so that 001-L is a hip and not the patient 001.
        """
        column, cell = self.named(path)
        if not column:
            return ""
        pattern = _with_field(path, cell, column)
        if self.side is not None and self.side[0] != column:
            for word in self.side[1]:
                pattern = _with_field(pattern, word, self.side[0])
        return pattern


def joined_parts(path: str) -> list[str]:
    """Return every run of parts that stays inside one folder or file name, longest first."""
    parts = re.split(_PARTS, path)
    runs = {
        "".join(parts[start:stop])
        for start in range(0, len(parts), 2)
        for stop in range(start + 1, len(parts) + 1, 2)
    }
    return sorted((run for run in runs if run and "/" not in run), key=len, reverse=True)


def _with_field(path: str, cell: str, column: str) -> str:
    bounded = rf"(?<![^/_. -]){re.escape(cell)}(?![^/_. -])"
    return re.sub(bounded, lambda _: f"{{{column}}}", path)


@dataclass(frozen=True)
class Named:
    """Files with the cell of ``column`` that each belongs to; a pattern where one does.

    ``by_side``: some cells have an image for each side.
    """

    column: str = ""
    cells: Mapping[Path, str] = field(default_factory=dict)
    pattern: str = ""
    said: tuple[str, ...] = ()
    by_side: bool = False

    @property
    def count(self) -> int:
        """How many files belong to a cell."""
        return len(self.cells)


def name_export(export: Export, folder: Path, frame: pd.DataFrame, cells: Cells) -> Named:
    """Say whose the images of an export are, by their paths or their Patient IDs."""
    paths = {path: path.relative_to(folder).as_posix() for path in export.images}
    if not paths:
        return Named()
    named = {path: cells.named(text) for path, text in paths.items()}
    columns = Counter(column for column, _ in named.values() if column)
    best = columns.most_common(1)[0][0] if columns else ""
    by_path = {path: cell for path, (column, cell) in named.items() if column == best and best}
    match = match_names(export.images.values(), frame, [column for column, _ in cells.by_column])
    by_id = {}
    if match is not None:
        by_id = {p: match.cells[i] for p, i in export.images.items() if i in match.cells}
    if len(by_path) >= len(by_id):
        column, found, said = best, by_path, []
    else:
        assert match is not None
        column, found, said = match.column, by_id, [f"Patient IDs are the cells of {match.column}"]
        if match.rule:
            said[0] += f" {match.rule}"
    unnamed = len(paths) - len(found)
    if unnamed:
        belong = "image belongs" if unnamed == 1 else "images belong"
        said.append(f"{unnamed} {belong} to no row of the table, by Patient ID and by path")
    patterns = {cells.pattern(paths[path]) for path in by_path}
    aside = {cells.pattern(path.relative_to(folder).as_posix()) for path in export.aside}
    if found and len(by_path) == len(found) and len(patterns) == 1 and not patterns & aside:
        return Named(column, found, patterns.pop(), tuple(said))
    several = [cell for cell, count in Counter(found.values()).items() if count > 1]
    by_side = several if cells.side is not None else []
    by_side = [cell for cell in by_side if _one_of_each_side(cell, found, export, paths)]
    if by_side:
        several = [cell for cell in several if cell not in by_side]
        said.append(
            f"{len(by_side)} of {column} have an image for each side, recognised by DICOM"
            " Laterality or by R and L in the files' names"
        )
    if several:
        said.append(
            f"{len(several)} of {column} have several images, all in the list: keep the row of the"
            " one to be analysed, and remove the others"
        )
    return Named(column, found, "", tuple(said), bool(by_side))


def _one_of_each_side(
    cell: str, found: Mapping[Path, str], export: Export, paths: Mapping[Path, str]
) -> bool:
    own = [path for path, of in found.items() if of == cell]
    return apart([export.sides.get(path) or side_in_name(paths[path]) for path in own])


@dataclass(frozen=True)
class LooseGroup:
    """Files of one template whose names are a column's cells by a rule."""

    column: str
    cells: Mapping[Path, str]
    said: str


def loosely_named(
    paths: Iterable[Path], folder: Path, frame: pd.DataFrame, columns: Sequence[str]
) -> dict[str, LooseGroup]:
    """Return groups of files, by template, whose names fit a column by one rule for all."""
    texts = {path: path.relative_to(folder).as_posix() for path in paths}
    best: dict[str, LooseGroup] = {}
    for rule in (rule for rule in RULES if rule):
        for column in columns:
            known = cells_by(rule, frame, column)
            if not known or not texts:
                continue
            groups = _templates(texts, known, rule, column)
            largest = max(map(len, groups.values()), default=0)
            if largest < _MOST * len(known):
                continue
            said = f"Names of files are the cells of {column} {rule}"
            found = {t: LooseGroup(column, cells, said) for t, cells in groups.items()}
            if _total(found) > _total(best):
                best = found
    return best


def _total(groups: Mapping[str, LooseGroup]) -> int:
    return sum(len(group.cells) for group in groups.values())


def _templates(
    texts: Mapping[Path, str], known: Mapping[str, str], rule: str, column: str
) -> dict[str, dict[Path, str]]:
    """Return files by template; a template that leads two files to one cell is none."""
    groups: dict[str, dict[Path, str]] = defaultdict(dict)
    for path, text in texts.items():
        for part in joined_parts(text):
            if (key := RULES[rule](part)) in known:
                groups[_with_field(text, part, column)][path] = known[key]
                break
    return {t: cells for t, cells in groups.items() if len(set(cells.values())) == len(cells)}


class Listing:
    """A table of paths in the making, a row for each cell that names files.

    Parameters
    ----------
    frame
        The study's table, text cells.
    folder
        From which the paths start.
    """

    def __init__(self, frame: pd.DataFrame, folder: Path) -> None:
        self._frame, self._folder = frame, folder
        self._columns: dict[str, tuple[str, dict[str, list[str]]]] = {}

    @property
    def keys(self) -> list[str]:
        """Columns of the study's table that say whose the files are."""
        return list(dict.fromkeys(key for key, _ in self._columns.values()))

    def add(self, name: str, key: str, cells: Mapping[Path, str]) -> str:
        """Add a column of paths, and return the pattern that it fills."""
        while name in self._frame.columns:
            name += "_path"
        by_cell: dict[str, list[str]] = defaultdict(list)
        for path, cell in cells.items():
            by_cell[cell].append(path.relative_to(self._folder).as_posix())
        self._columns[name] = (key, by_cell)
        return f"{{{name}}}"

    def table(self) -> pd.DataFrame | None:
        """Return the table; None if nothing was added."""
        if not self._columns:
            return None
        rows = []
        unique = self._frame[self.keys].drop_duplicates()
        for cells in unique.itertuples(index=False, name=None):
            whose = dict(zip(self.keys, map(str, cells), strict=True))
            paths = {
                name: by_cell.get(whose[key], []) for name, (key, by_cell) in self._columns.items()
            }
            # Several files of one kind are several rows, of which a person keeps one.
            for place in range(max(map(len, paths.values()))):
                of_row = {
                    n: found[min(place, len(found) - 1)] for n, found in paths.items() if found
                }
                rows.append({**whose, **of_row})
        return pd.DataFrame(rows, columns=[*self.keys, *self._columns]).fillna("")
