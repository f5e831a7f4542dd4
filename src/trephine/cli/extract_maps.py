"""``trephine extract --maps``: feature maps instead of a table of features."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError

if TYPE_CHECKING:
    from trephine.study.batch.mapping import MapsWanted
    from trephine.study.batch.measuring import Work
    from trephine.study.images.pairs import Pairs


def maps_wanted(
    folder: Path | None, radius: int | None, only: str | None, *, beside: bool
) -> MapsWanted:
    """Return what the options ask for.

    Raises
    ------
    InputError
        If there is no folder, or options of a table stand beside it.
    """
    from trephine.study.batch.mapping import MapsWanted

    if folder is None or beside:
        raise InputError(
            "--maps: expected a folder with --map-radius and --map-features, and none of --out,"
            " --store, --shard, --executor, --workers, --log and --timeout beside it"
        )
    return MapsWanted(folder, 1 if radius is None else radius, only or "original_*")


def extract_maps(found: Pairs, work: Work, wanted: MapsWanted) -> None:
    """Write the maps of every pair and say how many; a single pair that fails ends it.

    Raises
    ------
    InputError
        If the only pair cannot be measured.
    typer.Exit
        If some of many cannot.
    """
    from trephine.study.batch.mapping import write_maps

    with stages("starts again") as show:
        progress = partial(show, "Measuring every voxel's kernel")
        written, failed = write_maps(found.pairs, work, wanted, progress)
    if failed and len(found.pairs) == 1:
        raise InputError(failed[0][1])
    for number, (pair, why) in enumerate(failed, start=1):
        errors.print(f"{pair.where or f'pair {number}'}: {why}", soft_wrap=True, markup=False)
    regions = len(found.pairs) - len(failed)
    noun = "region" if regions == 1 else "regions"
    console.print(f"{written} maps of {regions} {noun}: {wanted.folder}", soft_wrap=True)
    if failed:
        raise typer.Exit(1)
