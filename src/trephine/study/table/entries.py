"""When the cases of a table came under observation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trephine.cohort.cell_problems import number_problems
from trephine.cohort.reading_keys import CellKeys
from trephine.cohort.table import as_numbers
from trephine.errors import Problem
from trephine.plan.columns_section import Columns
from trephine.types import FloatArray


def read_entries(
    frame: pd.DataFrame,
    columns: Columns,
    time: FloatArray,
    name: str,
    problems: list[Problem],
) -> FloatArray:
    """Return when each case came under observation, 0 where at the start or before it."""
    if columns.entry is None:
        return np.empty(0)
    cells = frame[columns.entry]
    entry, wrong = as_numbers(cells)
    problems += number_problems(
        cells, wrong, name, "a time as a number", CellKeys(f'[data.read."{columns.entry}"]')
    )
    for row in np.flatnonzero(entry >= time).tolist():
        expected = f"an entry before the case's time, {time[row]:g}"
        advice = "A case counts from when it came under observation; leave out those never followed"
        where = (name, [int(frame.index[row])], columns.entry)
        problems.append(Problem.of_cells(*where, expected, f"{entry[row]:g}", advice))
    return np.where(np.isfinite(entry), np.maximum(entry, 0.0), 0.0)
