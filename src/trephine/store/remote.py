"""A store at an address that fsspec knows, such as ``s3://bucket/parts/7``, and its working copy.

An object store has no names that change at a stroke, no locks and no place for SQLite. What it has
is enough, because shards never change and are named after the sha256 of their bytes: one that is
there whole is there for good, half of one is recognised, and two that are the same are one. The
ledger lies in the working copy alone, is written by one process, and is made again from the shards.
Of the ledger of cases a copy is sent from time to time, and at the end.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trephine.errors import InputError, MissingExtraError, StoreError
from trephine.store.addresses import library_missing, opened, scheme_of
from trephine.store.cases import FILE
from trephine.store.database import checksum, log
from trephine.store.limits import ShardLimits
from trephine.writing import whole_file

_SHARD = re.compile(r"[0-9a-f]{64}\.parquet")
_WRITER = "writer"
# A kill loses what the ledger of cases has learnt since; no feature is lost with it.
_CASES_SENT_AFTER_S = 60.0
# Files that lie beside the shards, and their size: some 300 bytes per region.
_BESIDE = (FILE, "log.jsonl")
_LARGEST_BESIDE = 1 << 32


class RemoteStore:
    """A store at an address, with a working copy in a folder that is kept in step with it.

    Parameters
    ----------
    address
        Of the store's folder, as fsspec reads it.
    folder
        The working copy: an empty folder of this process.

    Raises
    ------
    InputError
        If no library for such addresses is installed, or addresses are not for this process.
    StoreError
        If the address cannot be reached.
    """

    def __init__(self, address: str, folder: Path) -> None:
        self._address, self._scheme = address, scheme_of(address)
        self._folder = folder
        self._mine = uuid.uuid4().hex
        self._sent = time.monotonic()
        with self._in_words():
            self._system, self._root = opened(address, "--store")

    def fetch(self) -> int:
        """Bring shards, ledger of cases and log here; return how many shards were damaged.

        Those are not brought: their regions are measured again.
        """
        shards = self._folder / "shards"
        shards.mkdir(parents=True, exist_ok=True)
        damaged = 0
        with self._in_words():
            for name, size in self._listed():
                if size > ShardLimits.in_force().file_bytes:
                    damaged += 1
                    continue
                content = self._system.cat_file(self._at("shards", name))
                if checksum(content) == name.removesuffix(".parquet"):
                    _write(shards / name, content)
                else:
                    damaged += 1
            for name in _BESIDE:
                self._fetch_beside(name)
        if damaged:
            log.warning("%d shards at the address are damaged and are measured again.", damaged)
        return damaged

    def _fetch_beside(self, name: str) -> None:
        if not self._system.exists(self._at(name)):
            return
        if int(self._system.size(self._at(name)) or 0) > _LARGEST_BESIDE:
            raise StoreError(
                f"--store {self._scheme}://.../{name}: expected a file of {_LARGEST_BESIDE} bytes"
                " at most, found a larger one; remove it there: its regions are listed again"
            )
        _write(self._folder / name, self._system.cat_file(self._at(name)))

    def begin(self) -> None:
        """Say at the address that this process writes there from now on."""
        with self._in_words():
            self._system.makedirs(self._at("shards"), exist_ok=True)
            self._system.pipe_file(self._at(_WRITER), self._mine.encode())

    def send_shard(self, path: Path) -> None:
        """Send a shard, before any ledger names it."""
        with self._in_words():
            self._system.pipe_file(self._at("shards", path.name), path.read_bytes())
        if time.monotonic() - self._sent > _CASES_SENT_AFTER_S:
            self.send_cases()

    def send_cases(self) -> None:
        """Send the ledger of cases, and the log.

        Raises
        ------
        StoreError
            If another process has begun to write to the address: each job needs one of its own.
        """
        with self._in_words():
            if self._system.cat_file(self._at(_WRITER)) != self._mine.encode():
                raise StoreError(
                    "--store: expected an address that one command writes to, found that another"
                    " has begun to; its features are kept, give each job an address of its own"
                )
            for name in _BESIDE:
                if (self._folder / name).is_file():
                    self._system.pipe_file(self._at(name), (self._folder / name).read_bytes())
        self._sent = time.monotonic()

    def set_aside(self) -> int:
        """Rename damaged shards at the address, as `trephine doctor` does; return how many."""
        limits, renamed = ShardLimits.in_force(), 0
        with self._in_words():
            for name, size in self._listed():
                here = self._at("shards", name)
                whole = size <= limits.file_bytes and checksum(
                    self._system.cat_file(here)
                ) == name.removesuffix(".parquet")
                if not whole:
                    self._system.mv(here, f"{here}.corrupt")
                    renamed += 1
        return renamed

    def _listed(self) -> list[tuple[str, int]]:
        """Return names and sizes of the shards at the address."""
        self._system.invalidate_cache()
        try:
            found = self._system.ls(self._at("shards"), detail=True)
        except FileNotFoundError:
            return []
        named = [(str(one["name"]).rsplit("/", 1)[-1], int(one["size"] or 0)) for one in found]
        return sorted(one for one in named if _SHARD.fullmatch(one[0]))

    def _at(self, *parts: str) -> str:
        return "/".join((self._root, *parts))

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Name the kind of address, and never the address: it may hold a password."""
        try:
            yield
        except (InputError, StoreError, MissingExtraError):
            raise
        except ImportError as error:
            raise library_missing(self._address, "--store", error) from None
        except Exception as error:  # each system has errors of its own
            raise StoreError(
                f"--store {self._scheme}://...: expected an address that can be read and written,"
                f" found {type(error).__name__}; what was sent is kept: put right what is wrong"
                " (network, rights, name) and run the same command again"
            ) from error


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as draft:
        draft.write_bytes(content)
