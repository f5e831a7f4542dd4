"""Shards: Parquet files that hold features of some cases, and can be checked byte for byte.

A shard is named after the sha256 of its bytes, so that it says by itself whether it is whole, and
holds the notes of its cases too, so that a lost ledger can be made again from the shards.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trephine.errors import InputError
from trephine.paths import open_regular
from trephine.store.database import checksum
from trephine.store.limits import ShardLimits
from trephine.store.shard_child import unpack
from trephine.store.shards_apart import ShardReader
from trephine.types import FloatArray
from trephine.writing import naming, whole_file

_NAMED_BY_CHECKSUM = re.compile(r"[0-9a-f]{64}\.parquet")
# Any shard lies in its folder, whatever a ledger that was exchanged says.
_PLAIN_NAME = re.compile(r"[\w-][\w.-]*\.parquet", re.ASCII)


class BrokenShardError(Exception):
    """A shard that is missing, or not what was written. Never leaves the store."""


@dataclass(frozen=True)
class Shard:
    """What one shard holds.

    Attributes
    ----------
    names
        Of the p features.
    values
        Features by key, each of shape (p,).
    notes
        What else is known, by key.
    sha256
        Of the file.
    """

    names: tuple[str, ...]
    values: Mapping[str, FloatArray]
    notes: Mapping[str, Mapping[str, Any]]
    sha256: str


def is_shard_name(name: object) -> bool:
    """Say whether a ledger's name of a shard is that of a file in the shards' folder."""
    return isinstance(name, str) and _PLAIN_NAME.fullmatch(name) is not None


def write_shard(
    folder: Path,
    names: Sequence[str],
    values: Mapping[str, FloatArray],
    notes: Mapping[str, Mapping[str, Any]],
) -> tuple[str, str]:
    """Write a shard and return its file name and sha256."""
    table = pa.table(
        {"key": list(values), "values": [array.tolist() for array in values.values()]},
        schema=pa.schema(
            [("key", pa.string()), ("values", pa.list_(pa.float64()))],
            metadata={"names": "\n".join(names), "notes": json.dumps(notes)},
        ),
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    content = buffer.getvalue()
    sha256 = checksum(content)
    path = folder / f"{sha256}.parquet"
    with whole_file(path) as draft, draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return path.name, sha256


def read_shard(path: Path, sha256: str | None, reader: ShardReader | None) -> Shard:
    """Read a shard.

    Parameters
    ----------
    path
        The file.
    sha256
        What the ledger says of it. Without one the name counts; where that is none either, as
        in an earlier version's store, a shard that reads whole is taken as it is.
    reader
        Unpacks it in a process of its own; None for a shard that this process wrote itself, as its
        own checksum shows.

    Raises
    ------
    BrokenShardError
        If it is missing, another than was written, no Parquet file of features, or holds more than
        a shard may.
    """
    limits = ShardLimits.in_force()
    content = _content(path, limits)
    own = checksum(content)
    promised = sha256 or (path.stem if _NAMED_BY_CHECKSUM.fullmatch(path.name) else None)
    if promised is not None and own != promised:
        raise BrokenShardError
    if reader is None:
        found = unpack(content, limits.values, limits.text_bytes)
    else:
        found = reader.unpack(content, limits)
    if found is None:
        raise BrokenShardError
    try:
        names = tuple(found.names.decode().split("\n"))
        keys = found.keys.decode().split("\n") if found.values else []
        rows = np.frombuffer(found.values, "<f8").reshape(-1, len(names)).astype(np.float64)
        notes = json.loads(found.notes)
        values = dict(zip(keys, rows, strict=True))
    except (ValueError, RecursionError):
        raise BrokenShardError from None
    return Shard(names, values, _plain_notes(notes), own)


def check_shard(path: Path, sha256: str | None, reader: ShardReader) -> str:
    """Return a shard's sha256; only one without a promised checksum is parsed.

    Raises
    ------
    BrokenShardError
        If it is missing or another than was written.
    """
    if sha256 is None:
        return read_shard(path, None, reader).sha256
    if checksum(_content(path, ShardLimits.in_force())) != sha256:
        raise BrokenShardError
    return sha256


def _plain_notes(notes: object) -> dict[str, dict[str, Any]]:
    if not (isinstance(notes, dict) and all(isinstance(note, dict) for note in notes.values())):
        raise BrokenShardError
    return notes


def _content(path: Path, limits: ShardLimits) -> bytes:
    try:
        with naming(path), open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.file_bytes:
                raise BrokenShardError
            return file.read(size)
    except (FileNotFoundError, NotADirectoryError, InputError):
        raise BrokenShardError from None
