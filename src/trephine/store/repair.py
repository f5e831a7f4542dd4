"""Checking a store, and repairing what can be repaired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from trephine.errors import InputError
from trephine.store.cases import FILE as CASES
from trephine.store.cases import CaseLedger
from trephine.store.database import Database
from trephine.store.features import FeatureStore
from trephine.store.shards import BrokenShardError, check_shard
from trephine.store.tasks import is_sound, open_answers
from trephine.writing import is_running

LEDGER = "ledger.sqlite"
ANSWERS = "resampling.sqlite"


class Repaired(NamedTuple):
    """One thing that was looked at.

    ``state`` is "repaired" where something was damaged and has been set aside or restored.
    """

    state: Literal["ok", "repaired"]
    what: str
    detail: str


def examine(place: Path) -> Iterator[Repaired]:
    """Verify what a run keeps in a folder, set damaged parts aside and restore what can be.

    Parameters
    ----------
    place
        A results folder, a feature store, or the SQLite file of either.

    Raises
    ------
    InputError
        If there is nothing of the kind.
    StoreError
        If it cannot be written to.
    """
    if not place.exists():
        raise InputError(f"doctor: expected a results folder or a store, found nothing at {place}")
    folder = place.parent if place.is_file() else place
    stores = [
        store
        for store in (folder, *sorted(folder.iterdir()))
        # A link in a folder from somebody else leads to a store that is not part of it.
        if _is_store(store) and (store == folder or not store.is_symlink())
    ]
    answers = folder / ANSWERS
    if not stores and not answers.is_file():
        raise InputError(
            f"doctor: expected a results folder or a store, found neither shards nor {ANSWERS} in"
            f" {folder}"
        )
    for store in stores:
        yield from _examine_features(store)
    if answers.is_file():
        yield from _examine_answers(answers)


def _is_store(folder: Path) -> bool:
    return folder.is_dir() and ((folder / "shards").is_dir() or (folder / LEDGER).is_file())


def _examine_features(folder: Path) -> Iterator[Repaired]:
    store = FeatureStore(folder)
    name = f"{folder.name}/{LEDGER}"
    if store.database.set_aside is not None:
        kept = store.database.set_aside.name
        yield Repaired("repaired", name, f"damaged, kept as {kept}, made again from the shards")
    else:
        yield Repaired("ok", name, "whole")
    if (folder / CASES).is_file():
        yield _examine_cases(folder)
    yield from _bad_notes(store)
    listed = store.listed()
    whole = 0
    for shard, sha256 in listed.items():
        try:
            check_shard(store.shards / shard, sha256, store.reader)
            whole += 1
        except BrokenShardError:
            store.forget(shard)
            yield Repaired(
                "repaired", shard, "damaged or missing: its cases will be extracted again"
            )
    unlisted = [path for path in sorted(store.shards.glob("*.parquet")) if path.name not in listed]
    restored = store.restore(unlisted)
    if unlisted:
        detail = f"{len(unlisted)} not in the ledger: features of {restored} regions entered again"
        yield Repaired("repaired", "shards", detail)
    drafts = _dead_drafts(store.shards)
    if drafts:
        yield Repaired("repaired", "shards", f"{drafts} half-written files of ended runs removed")
    yield Repaired("ok", "shards", f"{whole} of {len(listed)} whole")


def _examine_cases(folder: Path) -> Repaired:
    aside = CaseLedger(folder).database.set_aside
    if aside is None:
        return Repaired("ok", CASES, "whole")
    detail = "the same command lists its regions again, and measures none of them twice"
    return Repaired("repaired", CASES, f"damaged, kept as {aside.name}: {detail}")


def _bad_notes(store: FeatureStore) -> Iterator[Repaired]:
    with store.database.connection() as ledger:
        rows = ledger.execute("SELECT key, note, sha256 FROM notes").fetchall()
        bad = [(key,) for key, note, own in rows if not is_sound(key, note, own)]
        ledger.executemany("DELETE FROM notes WHERE key = ?", bad)
    if bad:
        yield Repaired(
            "repaired", "notes", f"{len(bad)} of {len(rows)} damaged: made again when needed"
        )


def _examine_answers(path: Path) -> Iterator[Repaired]:
    database = open_answers(path)
    if database.set_aside is not None:
        kept = database.set_aside.name
        yield Repaired("repaired", path.name, f"damaged, kept as {kept}: resampling starts again")
        return
    bad, total = _drop_bad_answers(database)
    if bad:
        yield Repaired("repaired", path.name, f"{bad} of {total} answers damaged: computed again")
    else:
        yield Repaired("ok", path.name, f"{total} answers, all whole")


def _drop_bad_answers(database: Database) -> tuple[int, int]:
    with database.connection() as connection:
        rows = connection.execute("SELECT work, task, answer, sha256 FROM answers").fetchall()
        bad = [
            (work, task)
            for work, task, answer, own in rows
            if not is_sound(f"{work} {task}", answer, own)
        ]
        connection.executemany("DELETE FROM answers WHERE work = ? AND task = ?", bad)
    return len(bad), len(rows)


def _dead_drafts(folder: Path) -> int:
    """Remove the drafts of processes that run no more; return how many there were."""
    removed = 0
    for path in folder.glob(".*.part"):
        pid = path.name.split(".")[-2]
        if pid.isdecimal() and not is_running(int(pid)):
            path.unlink(missing_ok=True)
            removed += 1
    return removed
