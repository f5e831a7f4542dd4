"""The table of a long extraction, written from what is kept, a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trephine.errors import StoreError
from trephine.spreadsheet import csv_text
from trephine.store.cases import ManifestRow
from trephine.types import FloatArray
from trephine.writing import whole_file

# Floats read back equal.
FLOAT_FORMAT = "%.17g"

_ROWS = 256
# Numbers that are held at a time, where stores name very many features.
_VALUES = 1 << 22

Features = Mapping[str, tuple[tuple[str, ...], FloatArray]]


@dataclass(frozen=True)
class Written:
    """What was written: regions and features."""

    regions: int
    features: int


def write_table(
    out: Path,
    cases: Callable[[], Iterable[ManifestRow]],
    lists: Mapping[str, tuple[str, ...]],
    read: Callable[[Sequence[ManifestRow]], Features],
) -> Written:
    """Write one row for every case that was measured.

    Parameters
    ----------
    out
        CSV, or Parquet where its name ends so.
    cases
        Gives them in the order of the rows; called twice.
    lists
        Names of features by digest.
    read
        Returns names and values of the features of some cases, by key.

    Raises
    ------
    StoreError
        If a case has other features than its store says, or its store does not say which.
    """
    columns: dict[str, None] = {}
    with_sides = False
    seen: set[str] = set()
    for case in _measured(cases()):
        with_sides |= bool(case.side)
        if case.names not in seen:
            seen.add(case.names)
            columns |= dict.fromkeys(lists.get(case.names) or _refuse())
    names, regions = list(columns), 0
    with whole_file(out) as draft, _Rows(draft, parquet=is_parquet(out)) as rows:
        rows.add(_frame([], {}, names, with_sides))
        rest = iter(_measured(cases()))
        while page := list(islice(rest, min(_ROWS, max(1, _VALUES // max(len(names), 1))))):
            found = read(page)
            if any(found[case.key][0] != lists[case.names] for case in page):
                _refuse()
            rows.add(_frame(page, found, names, with_sides))
            regions += len(page)
    return Written(regions, len(names))


def _refuse() -> NoReturn:
    raise StoreError(
        "cases.sqlite: expected the features of each region under the list of names that it was"
        " measured with, found another list; fetch the store again, or measure its regions again"
        " in a new folder"
    )


def is_parquet(path: Path) -> bool:
    """Say whether a table is written as Parquet, by its name."""
    return path.suffix.lower() == ".parquet"


def _measured(cases: Iterable[ManifestRow]) -> Iterator[ManifestRow]:
    return (case for case in cases if case.state == "measured")


def _frame(
    cases: Sequence[ManifestRow], found: Features, names: Sequence[str], with_sides: bool
) -> pd.DataFrame:
    place = {name: column for column, name in enumerate(names)}
    values = np.full((len(cases), len(names)), np.nan)
    for row, case in enumerate(cases):
        own, row_values = found[case.key]
        values[row, [place[name] for name in own]] = row_values
    index = pd.Index([case.name for case in cases], name="name", dtype=object)
    frame = pd.DataFrame(values, index=index, columns=list(names))
    if with_sides:
        frame.insert(0, "side", pd.Series([case.side for case in cases], index, dtype=object))
    return frame


class _Rows:
    """A file to which rows are added, CSV or Parquet."""

    def __init__(self, path: Path, *, parquet: bool) -> None:
        self._path, self._parquet = path, parquet
        self._begun = False
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _Rows:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, frame: pd.DataFrame) -> None:
        """Add rows; the first call decides the columns."""
        if self._parquet:
            self._add_parquet(frame)
            return
        text = csv_text(frame, row_names=True, float_format=FLOAT_FORMAT)
        if self._begun:
            text = text.partition("\n")[2]  # no feature's name holds an end of line
        with self._path.open("ab") as file:
            file.write(text.encode())
        self._begun = True

    def _add_parquet(self, frame: pd.DataFrame) -> None:
        table = pa.Table.from_pandas(_typed(frame), preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema)
        if len(frame):
            self._writer.write_table(table)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    plain = frame.reset_index()
    texts = [name for name in ("name", "side") if name in plain.columns]
    return plain.astype(dict.fromkeys(texts, "string"))
