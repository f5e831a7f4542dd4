"""Parquet tables as text, within the bounds that the footer must keep before anything is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trephine.cohort.reading.grid import Grid
from trephine.cohort.reading.header import Extent
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.package import refusal
from trephine.errors import StudyProblemsError

_ROWS = 4096
_MOST_FOOTER = 64 << 20
_ROW_NUMBERS = re.compile(r"__index_level_\d+__")
_MIDNIGHT = re.compile(r"[T ]00:00:00$")
_NO_FRACTION = re.compile(r"\.0+$")


def read_parquet(path: Path, name: str, limits: TableLimits) -> tuple[Grid, Extent]:
    """Read a Parquet table: the names stand in row 1, as they do in a CSV file.

    Parameters
    ----------
    path, name, limits
        The file, what it is called, and bounds on it. Rows, columns and inflated bytes are those
        that its footer states; rows are read some thousand at a time, texts in their dictionaries.

    Raises
    ------
    StudyProblemsError
        If it is damaged, encrypted, or beyond the bounds.
    """
    try:
        with _opened(path, limits) as file:
            told = file.schema_arrow
        texts = [field.name for field in told if _is_text(field.type)]
        with _opened(path, limits, texts) as file:
            return _read(file, name, limits)
    except StudyProblemsError:
        raise
    except MemoryError:
        raise  # one of the library's own, too
    # The library meets damaged bytes with errors of several kinds.
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        found = "a Parquet file that is cut short, damaged or encrypted"
        raise refusal(name, found, "Write it again, as Parquet or CSV") from None


def _opened(path: Path, limits: TableLimits, texts: Sequence[str] = ()) -> Any:
    """Open a file; ``texts`` stay in their dictionaries, where a long one is held once."""
    return pq.ParquetFile(
        path,
        read_dictionary=list(texts),
        thrift_string_size_limit=_MOST_FOOTER,
        thrift_container_size_limit=limits.columns * 200,
    )


def _read(file: Any, name: str, limits: TableLimits) -> tuple[Grid, Extent]:
    told = file.metadata
    groups = [told.row_group(number) for number in range(told.num_row_groups)]
    limits.check_all(
        name,
        {
            "rows": told.num_rows,
            "columns": told.num_columns,
            "cells": told.num_rows * told.num_columns,
            "inflated_bytes": sum(max(group.total_byte_size, 0) for group in groups),
        },
    )
    schema = file.schema_arrow
    fields = [field for field in schema if _is_plain(field.type)]
    grid = Grid(name, limits)
    _say_what_is_left(grid, [field for field in schema if not _is_plain(field.type)])
    names = [field.name.strip() for field in fields]
    grid.put_row(1, names)
    row = 1
    wanted = [field.name for field in fields] if len(fields) < len(schema) else None
    for batch in file.iter_batches(_ROWS, columns=wanted, use_threads=False):
        pairs = zip(batch.schema, batch.columns, strict=True)
        texts = [_texts(column, grid) for field, column in pairs if _is_plain(field.type)]
        for cells in zip(*texts, strict=True):
            row += 1
            grid.put_row(row, list(cells))
    kept = tuple("" if _ROW_NUMBERS.fullmatch(name) else name for name in names)
    return grid, Extent(1, kept, tuple(range(2, row + 1)), ())


def _is_plain(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    nested = pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return not (nested or pa.types.is_fixed_size_binary(kind) or pa.types.is_duration(kind))


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _say_what_is_left(grid: Grid, fields: list[Any]) -> None:
    if fields:
        shown = ", ".join(repr(field.name) for field in fields[:5])
        more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
        noun, verb = ("Column", "holds") if len(fields) == 1 else ("Columns", "hold")
        grid.said.append(
            f"{noun} {shown}{more} {verb} lists or bytes, not one value per row: left out."
        )


def _texts(column: Any, grid: Grid) -> list[str]:
    """Return a column's cells as a spreadsheet shows them: 12 and not 12.0, dates as ISO text."""
    if pa.types.is_dictionary(column.type):
        _check_letters(column.dictionary, grid)
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_boolean(kind):
        words = {True: "TRUE", False: "FALSE", None: ""}
        return [words[cell] for cell in column.to_pylist()]
    if _is_text(kind):
        _check_letters(column, grid)
        return [cell or "" for cell in column.to_pylist()]
    texts = ["" if cell is None else cell for cell in column.cast(pa.string()).to_pylist()]
    if pa.types.is_floating(kind):
        return ["" if text == "nan" else text.removesuffix(".0") for text in texts]
    if pa.types.is_timestamp(kind):
        return [_MIDNIGHT.sub("", _NO_FRACTION.sub("", text)) for text in texts]
    return texts


def _check_letters(texts: Any, grid: Grid) -> None:
    if _is_text(texts.type):
        longest = pc.max(pc.utf8_length(texts)).as_py() or 0
        grid.limits.check("cell_letters", grid.name, longest)
        if pc.any(pc.match_substring(texts, "\0")).as_py():
            found = "a Parquet file with bytes in its texts that are no text (NUL)"
            raise refusal(grid.name, found, "Write it again without them, as Parquet or CSV")
