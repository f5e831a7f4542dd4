"""The other end of `shards_apart`: a shard's bytes in, its texts and numbers out.

A question is a line with the number of bytes that follow, and the bounds. An answer is a line with
the lengths of what follows: names, keys and notes as text, and numbers as little-endian doubles; or
an empty object for a shard that is refused.
"""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Unpacked:
    """A shard as bytes: names and keys a line each, notes as JSON, rows of doubles."""

    names: bytes
    keys: bytes
    notes: bytes
    values: bytes


def serve(data_bytes: int) -> None:
    """Answer questions until there are no more."""
    # A library that prints must not write into the answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.environ["OMP_NUM_THREADS"] = "1"  # a thread takes memory, which is limited
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # gives back what was freed
    import pyarrow.parquet  # noqa: F401 - before files are closed to it

    from trephine.apart.confinement import confine

    confine(sys.path, data_bytes)
    while line := sys.stdin.buffer.readline():
        asked = json.loads(line)
        found = unpack(sys.stdin.buffer.read(asked["size"]), asked["values"], asked["text_bytes"])
        parts = {} if found is None else vars(found)
        answers.write(json.dumps({name: len(part) for name, part in parts.items()}).encode())
        answers.write(b"\n")
        for part in parts.values():
            answers.write(part)
        answers.flush()


def unpack(content: bytes, values: int, text_bytes: int) -> Unpacked | None:
    """Return what a shard holds; None for what is no shard, or holds more than it may.

    Parameters
    ----------
    content
        Of the file.
    values, text_bytes
        Bounds, as `ShardLimits` has them. The footer must keep them before anything is unpacked;
        pages can hold more than it says, for which this process is held to its memory.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(
            io.BytesIO(content),
            thrift_string_size_limit=text_bytes,
            thrift_container_size_limit=1 << 16,
        )
        told = file.metadata
        columns = [
            told.row_group(group).column(column)
            for group in range(told.num_row_groups)
            for column in range(told.num_columns)
        ]
        most = max(8 * values, text_bytes)
        if (
            sum(column.num_values for column in columns) > 2 * values
            or sum(column.total_uncompressed_size for column in columns) > 2 * most
        ):
            return None
        table = file.read(columns=["key", "values"], use_threads=False)
        return _unpacked(table, values, text_bytes)
    except (pa.ArrowException, KeyError, TypeError, ValueError, OSError, OverflowError):
        return None


def _unpacked(table: Any, values: int, text_bytes: int) -> Unpacked | None:
    import pyarrow as pa

    metadata = table.schema.metadata or {}
    names, notes = metadata[b"names"], metadata.get(b"notes", b"{}")
    if len(table) > min(values, text_bytes):
        return None
    keys = "\n".join(table.column("key").to_pylist()).encode()
    lists = table.column("values").cast(pa.list_(pa.float64())).combine_chunks()
    width = names.count(b"\n") + 1
    numbers = lists.flatten()
    # Rows one beside the other, each as long as there are names, and none that is missing.
    starts = np.asarray(lists.offsets)
    if lists.null_count or np.any(np.diff(starts) != width) or len(numbers) > values:
        return None
    if len(names) + len(keys) + len(notes) > text_bytes:
        return None
    plain = numbers.fill_null(np.nan).to_numpy(zero_copy_only=False)
    return Unpacked(names, keys, notes, np.ascontiguousarray(plain, dtype="<f8").tobytes())
