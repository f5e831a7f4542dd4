"""Stores by path or by address: of an address a working copy, for as long as it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from trephine.errors import InputError
from trephine.scratch import scratch_folder
from trephine.store.addresses import is_address
from trephine.store.features import FeatureStore
from trephine.store.remote import RemoteStore

# Takes each new shard of a store that is the working copy of one remote.
Send = Callable[[Path], None]


@contextmanager
def written_store(place: str | None) -> Iterator[tuple[Path | None, Send | None]]:
    """Give the folder of a store that is written to, and what sends its shards remote.

    Parameters
    ----------
    place
        A path, an address, or nowhere.
    """
    if place is None or not is_address(place):
        yield (None if place is None else Path(place)), None
        return
    with scratch_folder() as scratch:
        remote = RemoteStore(place, scratch / "store")
        remote.fetch()
        remote.begin()
        _restore(scratch / "store")
        try:
            yield scratch / "store", remote.send_shard
        except InputError:  # what was asked of it could not be done: what was done is kept
            remote.send_cases()
            raise
        remote.send_cases()


@contextmanager
def read_stores(places: Sequence[str]) -> Iterator[list[Path]]:
    """Give the folders of stores that are read, in their order."""
    with ExitStack() as stack:
        yield [stack.enter_context(_read(place)) for place in places]


@contextmanager
def _read(place: str) -> Iterator[Path]:
    if not is_address(place):
        yield Path(place)
        return
    with scratch_folder() as scratch:
        RemoteStore(place, scratch / "store").fetch()
        _restore(scratch / "store")
        yield scratch / "store"


@contextmanager
def examined_store(place: str) -> Iterator[tuple[Path, int]]:
    """Give the folder of a store to look over, and how many shards were set aside remote."""
    if not is_address(place):
        yield Path(place), 0
        return
    with scratch_folder() as scratch:
        remote = RemoteStore(place, scratch / "store")
        damaged = remote.set_aside()
        remote.fetch()
        _restore(scratch / "store")
        yield scratch / "store", damaged


def _restore(folder: Path) -> None:
    """Make the ledger of a working copy from its shards."""
    FeatureStore(folder).restore(sorted((folder / "shards").glob("*.parquet")))
