"""Parquet tables, read in a process that may die of them.

A Parquet file of a kilobyte can hold texts of a gigabyte, and its footer need not say so: pages
state their own sizes, and some encodings build each value from the one before. Its library has no
bound on memory, so it runs in a process that has (`trephine.apart.confinement`).
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trephine.apart.child_pipe import ChildPipe
from trephine.cohort.reading.grid import Grid
from trephine.cohort.reading.header import Extent
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.package import refusal
from trephine.errors import Problem, StudyProblemsError

# Where modules lie comes as data, as the child's environment is empty.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from trephine.cohort.reading.parquet_child import answer; answer()"
)
# The largest table takes a minute; a start on a busy machine takes some more.
_SECONDS = 300.0
_LONGEST_LINE = 1 << 28


def read_parquet(path: Path, limits: TableLimits) -> tuple[Grid, Extent]:
    """Read a Parquet table: the names stand in row 1, as they do in a CSV file.

    Parameters
    ----------
    path, limits
        The file, and bounds on it.

    Raises
    ------
    StudyProblemsError
        If it is damaged, encrypted, beyond the bounds, or needs more memory than a file of its
        size may.
    """
    paths = [os.path.abspath(folder) for folder in sys.path if folder and os.path.exists(folder)]
    deadline = time.monotonic() + _SECONDS
    child = ChildPipe([sys.executable, "-I", "-B", "-c", _START, json.dumps(paths)])
    try:
        question = {"table": str(path.resolve()), "name": path.name, "limits": asdict(limits)}
        child.send(json.dumps(question).encode() + b"\n", deadline)
        about, rows = _answer(child, deadline)
    except (OSError, EOFError, ValueError):  # it was ended: by its limits, or by the deadline
        found = "a Parquet file that needs more memory or time than a table of its size"
        raise refusal(path.name, found, "Write it again, as Parquet or CSV") from None
    finally:
        child.end()
    if "problems" in about:
        problems = [{**part, "rows": tuple(part["rows"])} for part in about["problems"]]
        raise StudyProblemsError([Problem(**part) for part in problems])
    grid = Grid(path.name, limits, said=about["said"])
    for number, cells in enumerate(rows, start=1):
        grid.put_row(number, cells)
    return grid, Extent(1, tuple(about["names"]), tuple(range(2, len(rows) + 1)), ())


def _answer(child: ChildPipe, deadline: float) -> tuple[dict[str, Any], list[list[str]]]:
    """Return what the child says of the table, or of its problems, and the rows."""
    about: dict[str, Any] = json.loads(child.line(_LONGEST_LINE, deadline))
    rows: list[list[str]] = []
    while "problems" not in about and (part := json.loads(child.line(_LONGEST_LINE, deadline))):
        rows += part
    return about, rows
