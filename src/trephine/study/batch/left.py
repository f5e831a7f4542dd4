"""Answers that workers of a cluster leave in the store's folder, where they see it.

A task then returns a status and no features: these do not travel through the scheduler, and
outlive the command. Where a worker sees another folder under that path, or none, its answers come
back whole.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trephine.errors import StoreError, WorkerError
from trephine.store import FeatureStore
from trephine.store.shards import BrokenShardError, Shard, read_shard, write_shard
from trephine.study.batch import measuring
from trephine.study.batch.measuring import KeyedPair, PairMeasurement, Work
from trephine.types import FloatArray
from trephine.writing import write_text

_FOLDER = "left"
# A network folder may show a file later than its name is known.
_PATIENCE_S = 30.0
# Answers that are taken into the store together.
_AT_ONCE = 16


@dataclass(frozen=True)
class Room:
    """Where answers are left.

    Attributes
    ----------
    folder
        The same path for the command and its workers, if they share it.
    token
        Content of a file in it, by which a worker knows that it is the same folder.
    """

    folder: Path
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, store: FeatureStore) -> Room:
        """Make the room of a store.

        Raises
        ------
        StoreError
            If a link stands in its place.
        """
        room = cls(_own_folder(store))
        room.folder.mkdir(exist_ok=True)
        for earlier in room.folder.glob("*.room"):
            earlier.unlink(missing_ok=True)
        write_text(room._sign, room.token)
        return room

    @cached_property
    def is_seen(self) -> bool:
        """Whether this process sees the same folder."""
        try:
            return self._sign.read_text(encoding="utf-8") == self.token
        except (OSError, ValueError):
            return False

    @property
    def _sign(self) -> Path:
        return self.folder / f"{self.token}.room"

    def brought(self, answer: PairMeasurement) -> PairMeasurement:
        """Return an answer with the features that a worker left.

        Raises
        ------
        WorkerError
            If they are not there, or are another's.
        """
        if not answer.left:
            return answer
        until = time.monotonic() + _PATIENCE_S
        while True:
            with suppress(BrokenShardError, KeyError):
                shard = read_shard(self.folder / answer.left, None, None)
                values = shard.values[answer.key]
                return replace(
                    answer, names=shard.names, values=values, reasons=_reasons(shard, answer.key)
                )
            if time.monotonic() > until:
                raise WorkerError(
                    "cluster: expected the features that a worker left in the store's folder, found"
                    " none or damaged ones; what was finished is kept: run the same command again"
                )
            time.sleep(0.1)

    def clear(self, answers: Sequence[PairMeasurement]) -> None:
        """Remove what workers left of answers that are kept."""
        for answer in answers:
            if answer.left:
                (self.folder / answer.left).unlink(missing_ok=True)


def measure_and_leave(work: Work, room: Room, item: KeyedPair) -> PairMeasurement:
    """Measure an item on a worker of a cluster, and leave its features in a room that it sees."""
    answer = measuring.measure_item(work, item)
    if answer.problem or not room.is_seen:
        return answer
    reasons = {answer.key: answer.reasons} if answer.reasons else {}
    try:
        name, _ = write_shard(room.folder, answer.names, {answer.key: answer.values}, reasons)
    except OSError:  # the command will say that its disk is full, or its folder gone
        return answer
    return replace(answer, names=(), values=np.empty(0), reasons={}, left=name)


def take_left(store: FeatureStore) -> int:
    """Take into a store what workers left for a command that ended before; return how many."""
    folder, taken = _own_folder(store), 0
    paths = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    for first in range(0, len(paths), _AT_ONCE):
        some = paths[first : first + _AT_ONCE]
        alike: dict[tuple[str, ...], dict[str, FloatArray]] = defaultdict(dict)
        notes: dict[str, Mapping[str, Any]] = {}
        for shard in _whole(store, some):
            for key in set(shard.values) - store.known(list(shard.values)):
                alike[shard.names][key] = shard.values[key]
                notes |= {key: shard.notes[key]} if key in shard.notes else {}
        store.write_all(list(alike.items()), notes)
        taken += sum(map(len, alike.values()))
        for path in some:
            path.unlink(missing_ok=True)
    return taken


def forget_left(folder: Path) -> None:
    """Remove the room of a store, and nothing else that lies there."""
    room = folder / _FOLDER
    if room.is_symlink():
        return
    for pattern in ("*.room", "*.parquet"):
        for file in room.glob(pattern):
            file.unlink(missing_ok=True)
    if room.is_dir() and not any(room.iterdir()):
        room.rmdir()


def _whole(store: FeatureStore, paths: Sequence[Path]) -> Iterator[Shard]:
    """Read what was left, past what a worker did not finish; in a process apart, as all shards."""
    for path in paths:
        with suppress(BrokenShardError):
            yield read_shard(path, None, store.reader)


def _own_folder(store: FeatureStore) -> Path:
    folder = store.folder.absolute() / _FOLDER
    if folder.is_symlink():
        raise StoreError(
            f"{folder}: expected a folder of the store's own, found a link, through which files"
            " elsewhere would be removed; put the folder itself there"
        )
    return folder


def _reasons(shard: Shard, key: str) -> dict[str, str]:
    return {name: str(reason) for name, reason in shard.notes.get(key, {}).items()}
