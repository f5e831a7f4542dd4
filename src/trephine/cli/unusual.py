"""``trephine unusual``: which of many images and masks somebody should look at."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.options import Misplaced, SpacingMm
from trephine.cli.problems import problems_shown
from trephine.cli.terminal import console, stages
from trephine.errors import InputError

if TYPE_CHECKING:  # loaded when they are used
    from trephine.study.quality.looking import Drawn, Opening


def unusual(
    source: Annotated[
        Path,
        typer.Argument(
            help="A study file, a folder of images, or a table with the columns image and mask, as"
            " for `trephine extract`."
        ),
    ] = Path("study.toml"),
    mask: Annotated[
        Path | None, typer.Argument(help="The folder of masks. Not for a study file or a table.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the page and the table.")] = Path("unusual"),
    most: Annotated[int, typer.Option(help="How many regions the page shows.", min=1)] = 50,
    label: Annotated[int | None, typer.Option(help="Label of the region in the masks.")] = None,
    spacing_mm: SpacingMm = None,
    mask_geometry: Misplaced = "strict",
    workers: Annotated[int | None, typer.Option(help="Processes.", min=1)] = None,
) -> None:
    """List images and masks that stand out from the others, with pictures of the furthest.

    Compared are size, place, parts, grey values, pixel spacing, size of the image and, in a study,
    the overlap of the readings: so somebody can look at 50 regions instead of 100,000.
    """
    from trephine.study.quality.looking import Opening
    from trephine.study.quality.sheet import write_sheet

    with problems_shown(source), stages("starts again") as show:
        if source.suffix.lower() == ".toml":
            regions, opening = _of_study(source, mask, partial(show, "Opening masks"))
        else:
            regions, opening = _of_pairs(source, mask, label), Opening(spacing_mm, mask_geometry)
        looking = partial(show, "Looking at regions")
        count, failed = write_sheet(regions, opening, out, most, workers=workers, progress=looking)
    console.print(
        f"{len(regions)} regions, {count} unusual, {failed} that could not be opened:"
        f" {out / 'unusual.html'}",
        soft_wrap=True,
        markup=False,
    )


def _of_study(
    source: Path, mask: Path | None, progress: partial[None]
) -> tuple[list[Drawn], Opening]:
    from trephine.study.inputs import read_study
    from trephine.study.quality.looking import Opening
    from trephine.study.quality.sheet import drawn_in_study

    if mask is not None:
        raise InputError("mask: expected none beside a study file, which names the masks itself")
    inputs = read_study(source, progress)
    data = inputs.plan.data
    return drawn_in_study(inputs), Opening(data.spacing_mm, data.mask_geometry)


def _of_pairs(source: Path, mask: Path | None, label: int | None) -> list[Drawn]:
    from trephine.study.batch.manifest import is_manifest, read_manifest
    from trephine.study.images.pairs import pairs_of
    from trephine.study.quality.sheet import drawn_in_pairs

    if not is_manifest(source):
        return drawn_in_pairs(pairs_of(source, mask, label).pairs)
    if mask is not None:
        raise InputError("mask: expected none beside a table, which names the masks itself")
    return drawn_in_pairs(read_manifest(source, label))
