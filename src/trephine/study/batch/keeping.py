"""Where an extraction keeps what it has done: a user's store, or one beside its table."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from trephine.errors import InputError
from trephine.store import FeatureStore
from trephine.store.cases import FILE, CaseLedger, ManifestRow
from trephine.study.batch.drive import Kept
from trephine.study.batch.left import forget_left, take_left
from trephine.study.batch.measuring import Work
from trephine.study.batch.share import Share
from trephine.study.batch.table import Written, write_table


def open_kept(
    folder: Path,
    work: Work,
    rows: int,
    *,
    own: bool,
    send: Callable[[Path], None] | None = None,
) -> Kept:
    """Open the store of an extraction.

    Parameters
    ----------
    folder
        Made where it does not exist.
    work
        What is measured.
    rows
        Of the whole manifest.
    own
        Whether the store is one that the user named, and not only there until a table is whole.
    send
        As for `FeatureStore`.

    Raises
    ------
    InputError
        If the user's store holds cases that were measured with other settings.
    """
    kept = Kept(FeatureStore(folder, send), CaseLedger(folder))
    digest = work.digest()
    if own and kept.cases.works() - {digest}:
        raise InputError(
            "--store: expected one that was filled by this version with the same settings"
            " (--settings, --spacing-mm, --mask-geometry), found others; use another folder"
        )
    kept.cases.forget_other_work(digest)
    kept.cases.expect(rows)
    take_left(kept.store)
    return kept


def write_share(out: Path, kept: Kept, share: Share) -> Written:
    """Write the table of one share of a store's cases."""

    def ordered() -> Iterator[ManifestRow]:
        return (case for case in kept.cases.ordered() if case.position % share.of == share.number)

    return write_table(
        out,
        ordered,
        kept.cases.lists(),
        lambda page: kept.store.read_each([case.key for case in page]),
    )


def forget_kept(folder: Path) -> None:
    """Remove the store that was kept until a table was whole, and nothing else that lies there."""
    shutil.rmtree(folder / "shards", ignore_errors=True)
    forget_left(folder)
    for pattern in ("ledger.sqlite*", f"{FILE}*"):
        for file in folder.glob(pattern):
            file.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
