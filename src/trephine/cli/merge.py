"""``trephine merge``: what the jobs of an array have measured, as one table or one store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console, errors


def merge(
    out: Annotated[
        Path,
        typer.Argument(help="Table to write (.csv or .parquet), or the folder of a store."),
    ],
    stores: Annotated[
        list[str],
        typer.Argument(help="Folders or addresses that `trephine extract --store` has filled."),
    ],
) -> None:
    """Join what several jobs have measured.

    In any order, and as often as you like: a region that several stores hold is recognised by the
    digests of its image, mask and settings, and counts once. The table is the one that a single
    run over the whole manifest writes.
    """
    from trephine.store.places import read_stores
    from trephine.study.batch.merge import merge_stores

    with read_stores(stores) as folders:
        done = merge_stores(out, folders)
    twice = f", {done.twice} of them in more than one" if done.twice else ""
    console.print(f"{done.cases} regions from {done.stores} stores{twice}: {out}", soft_wrap=True)
    if done.differing:
        errors.print(
            f"Note: {done.differing} regions have other values in another store, as machines may"
            " round differently; those of the store named first are kept.",
            soft_wrap=True,
        )
    for count, what in (
        (done.failed, "could not be measured"),
        (done.damaged, "are damaged in their store: run that job again"),
        (done.missing, "are in none of these stores: run the jobs that are missing, or name them"),
    ):
        if count:
            errors.print(f"{count} rows of the manifest {what}.", soft_wrap=True)
    if done.failed or done.damaged or done.missing:
        raise typer.Exit(1)
