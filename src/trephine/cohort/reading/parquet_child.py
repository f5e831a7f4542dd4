"""The other end of `parquet_apart`: one path in, a table as text out, then the end.

The first line is an object: what is to be said of the table and its columns' names, or why it is
refused. Lines of rows follow, and an empty list at the end.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

# Of memory to write to: the libraries and a batch of rows, and cells for each byte of the file,
# which hold a small one in few bits.
_DATA_BYTES = 512 << 20
_FOR_EACH_BYTE = 64
_MOST_BYTES = 6 << 30
_ROWS_AT_ONCE = 2048


def answer() -> None:
    """Answer the question on standard input, on standard output."""
    # A library that prints must not write into the answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    question = json.loads(sys.stdin.buffer.readline())
    os.environ["OMP_NUM_THREADS"] = "1"  # a thread takes memory, which is limited
    for line in _lines(Path(question["table"]), question["name"], question["limits"]):
        answers.write(json.dumps(line).encode() + b"\n")
    answers.flush()


def _lines(table: Path, name: str, limits: dict[str, int]) -> Iterator[Any]:
    from trephine.apart.confinement import confine
    from trephine.cohort.reading.limits import TableLimits
    from trephine.cohort.reading.parquet_file import read_parquet
    from trephine.errors import StudyProblemsError

    most = min(_DATA_BYTES + _FOR_EACH_BYTE * table.stat().st_size, _MOST_BYTES)
    confine([*sys.path, str(table)], most)
    try:
        grid, extent = read_parquet(table, name, TableLimits(**limits))
    except StudyProblemsError as refused:
        yield {"problems": [asdict(problem) for problem in refused.problems]}
        return
    yield {"said": grid.said, "names": extent.names}
    rows = list(grid.rows.values())
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]
    yield []
