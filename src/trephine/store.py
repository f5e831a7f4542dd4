"""What a run leaves on disk so that it can go on: features, and answers of finished tasks."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trephine.errors import InputError
from trephine.types import FloatArray


def feature_key(*parts: str | int | None) -> str:
    """Return the sha256 of what a case's features depend on: image, mask, settings, engine."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()


@dataclass(frozen=True)
class StoredFeatures:
    """Features of some cases, as they were extracted.

    Attributes
    ----------
    names
        Of the p features.
    values
        Shape (n, p).
    """

    names: tuple[str, ...]
    values: FloatArray


class FeatureStore:
    """Features by key.

    A shard is written under a temporary name and renamed, and only then entered in the ledger:
    whatever is interrupted, the ledger names whole shards only.

    Parameters
    ----------
    folder
        Made where it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shards = folder / "shards"
        self._shards.mkdir(parents=True, exist_ok=True)
        self._ledger = folder / "ledger.sqlite"
        with closing(self._connect()) as ledger, ledger:
            ledger.execute(
                "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, shard TEXT NOT NULL)"
            )
            ledger.execute(
                "CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, note TEXT NOT NULL)"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._ledger, timeout=60)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of ``keys`` whose features are stored."""
        with closing(self._connect()) as ledger:
            rows = ledger.execute("SELECT key, shard FROM features").fetchall()
        wanted = set(keys)
        whole = {shard for _, shard in rows if (self._shards / shard).exists()}
        return {key for key, shard in rows if key in wanted and shard in whole}

    def write_notes(self, notes: Mapping[str, Mapping[str, Any]]) -> None:
        """Store what else is known under each key (provenance, reasons), as JSON."""
        with closing(self._connect()) as ledger, ledger:
            ledger.executemany(
                "INSERT OR REPLACE INTO notes VALUES (?, ?)",
                [(key, json.dumps(dict(note))) for key, note in notes.items()],
            )

    def notes(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Return the note of each key, empty where there is none."""
        with closing(self._connect()) as ledger:
            found = dict(ledger.execute("SELECT key, note FROM notes").fetchall())
        return [json.loads(found[key]) if key in found else {} for key in keys]

    def write(self, names: Sequence[str], values: Mapping[str, FloatArray]) -> None:
        """Store one shard.

        Parameters
        ----------
        names
            Of the p features.
        values
            Features by key, each of shape (p,).
        """
        if not values:
            return
        table = pa.table(
            {"key": list(values), "values": [array.tolist() for array in values.values()]},
            schema=pa.schema(
                [("key", pa.string()), ("values", pa.list_(pa.float64()))],
                metadata={"names": "\n".join(names)},
            ),
        )
        shard = f"{uuid.uuid4().hex}.parquet"
        temporary = self._shards / f".{shard}"
        pq.write_table(table, temporary)
        os.replace(temporary, self._shards / shard)
        with closing(self._connect()) as ledger, ledger:
            ledger.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?)", [(key, shard) for key in values]
            )

    def read(self, keys: Sequence[str]) -> StoredFeatures:
        """Return the features of ``keys``, in their order.

        Raises
        ------
        InputError
            If a key is not stored, or the keys' features were not extracted alike.
        """
        with closing(self._connect()) as ledger:
            shard_of = dict(ledger.execute("SELECT key, shard FROM features").fetchall())
        absent = [key for key in keys if key not in shard_of]
        if absent:
            raise InputError(f"feature store: {len(absent)} of {len(keys)} keys are not stored")
        names: tuple[str, ...] | None = None
        found: dict[str, FloatArray] = {}
        for shard in {shard_of[key] for key in keys}:
            table = pq.read_table(self._shards / shard)
            here = tuple(table.schema.metadata[b"names"].decode().split("\n"))
            if names is not None and here != names:
                raise InputError("feature store: expected one list of feature names, found two")
            names = here
            for key, row in zip(
                table.column("key").to_pylist(), table.column("values").to_pylist(), strict=True
            ):
                found[key] = np.array([np.nan if v is None else v for v in row], dtype=np.float64)
        return StoredFeatures(names or (), np.array([found[key] for key in keys]))


class TaskLedger:
    """Answers of the tasks of one piece of work, so that an interrupted run does not redo them.

    Parameters
    ----------
    path
        SQLite file; made where it does not exist. Several pieces of work may share it.
    work
        Digest of everything that the answers depend on: other cases, settings or seeds are other
        work, whose answers are not seen.
    """

    def __init__(self, path: Path, work: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._work = work
        with closing(self._connect()) as ledger, ledger:
            ledger.execute(
                "CREATE TABLE IF NOT EXISTS answers (work TEXT NOT NULL, task TEXT NOT NULL,"
                " answer TEXT NOT NULL, PRIMARY KEY (work, task))"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=60)

    def answers(self) -> dict[str, Any]:
        """Return the answers that are stored, by task."""
        with closing(self._connect()) as ledger:
            rows = ledger.execute(
                "SELECT task, answer FROM answers WHERE work = ?", (self._work,)
            ).fetchall()
        return {task: json.loads(answer) for task, answer in rows}

    def write(self, task: str, answer: Any) -> None:
        """Store one answer: JSON values only, which read back equal to the last bit."""
        with closing(self._connect()) as ledger, ledger:
            ledger.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                (self._work, task, json.dumps(answer)),
            )
