"""Rows that are taken from arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def row_index(rows: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return indices or a boolean mask as an array that takes rows; of nobody, no row.

    An empty list would otherwise be an array of floats, with which nothing can be taken.
    """
    index = np.asarray(rows)
    return index if index.size else index.astype(np.int64)
