"""Tables of features that may not fit into memory: kept in a file, worked on by some columns.

Whether a table lies in memory or in a file changes no number.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import numpy as np

from trephine.types import BoolArray, FloatArray, IntArray

# Bytes from which a table lies in a file, and of those that are worked on at once.
LARGE = 256 << 20
AT_ONCE = 16 << 20


def roomy(shape: tuple[int, int], order: Literal["C", "F"] = "C") -> FloatArray:
    """Return an array to be filled; a large one lies in a file without a name.

    The system holds as much of such a file in memory as there is room for. It goes with the array.

    Parameters
    ----------
    shape, order
        As `numpy.empty`.

    Raises
    ------
    OSError
        If the disk of temporary files has no room for it.
    """
    size = 8 * shape[0] * shape[1]
    if size < LARGE:
        return np.empty(shape, order=order)
    try:
        with tempfile.TemporaryFile(prefix="trephine-table-") as file:
            # A file that is promised and then finds no room ends the process without a word.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                for start in range(0, size, 1 << 20):
                    file.write(bytes(min(1 << 20, size - start)))
                file.flush()
            return np.asarray(np.memmap(file, np.float64, "r+", shape=shape, order=order))
    except OSError as error:
        error.filename = error.filename or tempfile.gettempdir()
        raise


def blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield slices of columns that are worth working on at once, all of about one width.

    None is of one column unless there is no other: sums down a single column round otherwise.
    """
    width = max(2, AT_ONCE // max(8 * n_rows, 1))
    count = max(1, n_columns // width)
    ends = np.linspace(0, n_columns, count + 1).round().astype(int).tolist()
    for start, end in pairwise(ends):
        yield slice(start, end)


def take_rows(values: FloatArray, index: IntArray | BoolArray) -> FloatArray:
    """Return some rows of a table, as ``values[index]`` does."""
    rows = np.flatnonzero(index) if index.dtype == np.bool_ else index
    if 8 * rows.size * values.shape[1] < LARGE:
        taken: FloatArray = values[index]
        return taken
    out = roomy((rows.size, values.shape[1]))
    at_once = max(1, AT_ONCE // (8 * values.shape[1]))
    for start in range(0, rows.size, at_once):
        out[start : start + at_once] = values[rows[start : start + at_once]]
    return out


def take_columns(values: FloatArray, index: IntArray) -> FloatArray:
    """Return some columns of a table, each of them contiguous, as ``values[:, index]`` does."""
    out = roomy((values.shape[0], index.size), order="F")
    for part in blocks(*out.shape):
        out[:, part] = values[:, index[part]]
    return out


def all_finite(values: FloatArray) -> BoolArray:
    """Return which columns hold finite values alone, shape (p,)."""
    finite = np.empty(values.shape[1], dtype=np.bool_)
    for part in blocks(*values.shape):
        finite[part] = np.isfinite(values[:, part]).all(axis=0)
    return finite
