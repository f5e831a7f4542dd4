"""R's data with late entries, as tests/reference/late_entry/call.R makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_REFERENCE = Path(__file__).parents[1] / "reference"
EXPECTED: dict[str, Any] = json.loads((_REFERENCE / "late_entry" / "expected.json").read_text())
EVERY = 6  # what is long is frozen in part


def veteran() -> pd.DataFrame:
    """Return 137 cases with columns entry, w (a weight) and those of R."""
    table = pd.read_csv(_REFERENCE / "survival" / "data" / "veteran.csv")
    number = np.arange(1, len(table) + 1)
    entry = np.minimum(number % 7 * 10, table["time"] - 1)
    return table.assign(entry=entry, w=1 + number % 3 / 2)


def retinopathy() -> pd.DataFrame:
    """Return 394 eyes of 197 patients (``id``) with a column entry."""
    table = pd.read_csv(_REFERENCE / "survival" / "data" / "retinopathy.csv")
    number = np.arange(1, len(table) + 1)
    return table.assign(entry=np.minimum(number % 5 * 3, table["futime"] / 2))


def numbers(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return R's numbers; its NA, Inf and NaN are words or null."""
    read = [np.nan if value in (None, "NaN", "NA", "Inf") else value for value in values]
    return np.array(read, dtype=np.float64)
