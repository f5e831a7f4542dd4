"""Features by key, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trephine.errors import InputError, StoreError
from trephine.store.database import Database, log, set_aside
from trephine.store.shards import (
    BrokenShardError,
    Shard,
    check_shard,
    is_shard_name,
    read_shard,
    write_shard,
)
from trephine.store.shards_apart import ShardReader
from trephine.store.tasks import is_sound, text_checksum
from trephine.types import FloatArray

Notes = Mapping[str, Mapping[str, Any]]

_TABLES = (
    "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, shard TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, note TEXT NOT NULL, sha256 TEXT)",
    "CREATE TABLE IF NOT EXISTS shards (shard TEXT PRIMARY KEY, sha256 TEXT NOT NULL)",
)


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

    Features and the notes on them are written as shards, under a temporary name that becomes the
    final one, and then entered in the ledger in one transaction: whatever is interrupted, the
    ledger names whole shards only, and no features without their notes.

    Every shard is held to its sha256 before its cases count as known and again when it is read. One
    that is damaged is set aside, and its cases are extracted again. A ledger that is damaged is
    made again from the shards. Shards of an earlier version have no checksum: one that reads whole
    is trusted once, and its checksum entered.

    Parameters
    ----------
    folder
        Made where it does not exist.
    send
        Given each new shard before the ledger names it, of a store that is the working copy of one
        elsewhere.

    Raises
    ------
    StoreError
        If the folder cannot be written to.
    """

    def __init__(self, folder: Path, send: Callable[[Path], None] | None = None) -> None:
        self.folder = folder
        self._send = send
        self.shards = folder / "shards"
        if self.shards.is_symlink():
            raise StoreError(
                f"{self.shards}: expected a folder of the store's own, found a link, through which"
                " files elsewhere would be renamed; put the folder itself there"
            )
        self.shards.mkdir(parents=True, exist_ok=True)
        self.database = Database(folder / "ledger.sqlite", _TABLES, (("notes", "sha256", "TEXT"),))
        self._verified: set[str] = set()
        # Shards that this object wrote itself, with their checksums: nobody else's word counts.
        self._own: dict[str, str] = {}
        self.reader = ShardReader()
        if self.database.set_aside is not None:
            restored = self.restore(sorted(self.shards.glob("*.parquet")))
            log.warning("%s: features of %d regions restored.", self.database.path.name, restored)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of ``keys`` whose features are stored and whole."""
        shard_of = self._shard_of(keys)
        whole = self._whole(set(shard_of.values()))
        return {key for key, shard in shard_of.items() if shard in whole}

    def write_notes(self, notes: Notes) -> None:
        """Store what else is known under each key (provenance, reasons), as JSON."""
        with self.database.connection() as ledger:
            _enter_notes(ledger, notes)

    def notes(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Return the note of each key, empty where there is none."""
        rows = self.database.rows("SELECT key, note, sha256 FROM notes WHERE key IN ({})", keys)
        found = {key: json.loads(note) for key, note, own in rows if is_sound(key, note, own)}
        notes = (found.get(key, {}) for key in keys)
        return [note if isinstance(note, dict) else {} for note in notes]

    def write(
        self, names: Sequence[str], values: Mapping[str, FloatArray], notes: Notes | None = None
    ) -> None:
        """Store one shard with its notes.

        Parameters
        ----------
        names
            Of the p features.
        values
            Features by key, each of shape (p,).
        notes
            By any key.
        """
        self.write_all([(names, values)], notes or {})

    def write_all(
        self, sets: Iterable[tuple[Sequence[str], Mapping[str, FloatArray]]], notes: Notes
    ) -> None:
        """Store a shard for each set of (names, features by key), and the notes, all at once."""
        written: list[tuple[str, str, Iterable[str]]] = []
        for names, values in sets:
            if values:
                # The first shard carries the notes of all: the ledger may have to be made again.
                own = notes if not written else {}
                shard, sha256 = write_shard(self.shards, names, values, own)
                if self._send is not None:
                    self._send(self.shards / shard)
                written.append((shard, sha256, values))
        with self.database.connection() as ledger:
            _enter_notes(ledger, notes)
            for shard, sha256, keys in written:
                _enter_shard(ledger, shard, sha256, keys)
        self._verified |= {shard for shard, _, _ in written}
        self._own |= {shard: sha256 for shard, sha256, _ in written}

    def read(self, keys: Sequence[str]) -> StoredFeatures:
        """Return the features of ``keys``, in their order.

        Raises
        ------
        InputError
            If a key is not stored, or the keys' features were not extracted alike.
        StoreError
            If a shard is damaged.
        """
        found = self.read_each(keys)
        names = {own for own, _ in found.values()}
        if len(names) > 1:
            raise InputError("feature store: expected one list of feature names, found two")
        values = np.array([found[key][1] for key in keys])
        return StoredFeatures(next(iter(names), ()), values)

    def read_each(self, keys: Sequence[str]) -> dict[str, tuple[tuple[str, ...], FloatArray]]:
        """Return names and values of each key's features, which need not be alike.

        Raises
        ------
        InputError
            If a key is not stored.
        StoreError
            If its shard is damaged.
        """
        shard_of = self._shard_of(keys)
        absent = [key for key in keys if key not in shard_of]
        if absent:
            raise InputError(f"feature store: {len(absent)} of {len(keys)} keys are not stored")
        promised = self._checksums(set(shard_of.values()))
        wanted: dict[str, list[str]] = defaultdict(list)
        for key, shard in shard_of.items():
            wanted[shard].append(key)
        found: dict[str, tuple[tuple[str, ...], FloatArray]] = {}
        for shard, own in wanted.items():
            try:
                content = self._read(shard, promised.get(shard))
                found |= {key: (content.names, content.values[key]) for key in own}
            except (BrokenShardError, KeyError):
                self.forget(shard)
                raise StoreError(
                    f"feature store: shard {shard} was damaged while it was in use; run the same"
                    " command again: its cases are extracted again"
                ) from None
        return found

    def forget(self, shard: str) -> None:
        """Set a damaged or missing shard aside: its cases are known no more."""
        path = self.shards / shard
        n = 0
        with self.database.connection() as ledger:
            n = ledger.execute("DELETE FROM features WHERE shard = ?", (shard,)).rowcount
            ledger.execute("DELETE FROM shards WHERE shard = ?", (shard,))
        self._verified.discard(shard)
        if is_shard_name(shard) and path.is_file():
            aside = set_aside(path)
            log.warning(
                "Shard %s was damaged; it is kept as %s. %d regions are extracted again.",
                shard,
                aside.name,
                n,
            )
        else:
            log.warning("Shard %s is missing. %d regions are extracted again.", shard, n)

    def restore(self, paths: Sequence[Path]) -> int:
        """Enter whole shards that the ledger does not know; return how many keys they hold."""
        entered = 0
        for path in paths:
            try:
                shard = read_shard(path, None, self.reader)
            except BrokenShardError:
                self.forget(path.name)
                continue
            entered += len(shard.values)
            self._enter(path.name, shard)
        return entered

    def listed(self) -> dict[str, str | None]:
        """Return every shard that the ledger names, with its checksum where it has one."""
        with self.database.connection() as ledger:
            rows = ledger.execute("SELECT DISTINCT shard FROM features").fetchall()
        names = {row[0] for row in rows if is_shard_name(row[0])}
        own = self._checksums(names)
        return {name: own.get(name) for name in sorted(names)}

    def _read(self, shard: str, promised: str | None) -> Shard:
        """Read a shard: in this process where it is what this object wrote, else in another."""
        path = self.shards / shard
        if shard in self._own:
            return read_shard(path, self._own[shard], None)
        return read_shard(path, promised, self.reader)

    def _enter(self, name: str, shard: Shard) -> None:
        with self.database.connection() as ledger:
            _enter_notes(ledger, shard.notes)
            _enter_shard(ledger, name, shard.sha256, shard.values)
        self._verified.add(name)

    def _shard_of(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the shard of each key that has one, of those that lie in the shards' folder."""
        rows = self.database.rows("SELECT key, shard FROM features WHERE key IN ({})", keys)
        return {key: shard for key, shard in rows if is_shard_name(shard)}

    def _checksums(self, shards: set[str]) -> dict[str, str]:
        statement = "SELECT shard, sha256 FROM shards WHERE shard IN ({})"
        return dict(self.database.rows(statement, sorted(shards)))

    def _whole(self, shards: set[str]) -> set[str]:
        """Return the shards that are what was written; others are set aside."""
        promised = self._checksums(shards)
        for shard in sorted(shards - self._verified):
            try:
                sha256 = check_shard(self.shards / shard, promised.get(shard), self.reader)
            except BrokenShardError:
                self.forget(shard)
                continue
            if shard not in promised:
                with self.database.connection() as ledger:
                    ledger.execute("INSERT OR REPLACE INTO shards VALUES (?, ?)", (shard, sha256))
            self._verified.add(shard)
        return {
            shard for shard in shards if shard in self._verified and (self.shards / shard).exists()
        }


def _enter_notes(ledger: sqlite3.Connection, notes: Notes) -> None:
    texts = {key: json.dumps(dict(note)) for key, note in notes.items()}
    ledger.executemany(
        "INSERT OR REPLACE INTO notes (key, note, sha256) VALUES (?, ?, ?)",
        [(key, text, text_checksum(key, text)) for key, text in texts.items()],
    )


def _enter_shard(ledger: sqlite3.Connection, shard: str, sha256: str, keys: Iterable[str]) -> None:
    ledger.execute("INSERT OR REPLACE INTO shards VALUES (?, ?)", (shard, sha256))
    ledger.executemany(
        "INSERT OR REPLACE INTO features VALUES (?, ?)", [(key, shard) for key in keys]
    )
