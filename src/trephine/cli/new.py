"""``trephine new``: a draft of a study file from what lies in a folder."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.terminal import console, stages

if TYPE_CHECKING:
    from trephine.executors import Progress

_SHOWN_AFTER_S = 2.0


def new(
    folder: Annotated[
        Path, typer.Argument(help="Folder with a table (CSV or XLSX) and, if any, images, masks.")
    ] = Path(),
    name: Annotated[str, typer.Option(help="Name of the study file to write.")] = "study.toml",
) -> None:
    """Write a study file from the table, images and masks in a folder, for you to correct."""
    from trephine.study.editing.new_study import write_draft

    with stages("starts again") as show:
        progress = _after_a_while(partial(show, "Looking through files"))
        target, draft = write_draft(folder, name, progress=progress)
    if draft.listed:
        console.print(f"Paths are listed in {draft.listed_in}, a row for each.", markup=False)
    for line in draft.found:
        console.print(line, soft_wrap=True, markup=False)
    console.print(f"\nA draft: {target}. Read it, correct it, then:", soft_wrap=True, markup=False)
    console.print(f"  trephine check {target}", soft_wrap=True, markup=False)


def _after_a_while(show: Progress) -> Progress:
    """Return a progress that shows nothing of work that is done within two seconds."""
    start = time.monotonic()

    def shown(done: int, total: int) -> None:
        if time.monotonic() - start > _SHOWN_AFTER_S:
            show(done, total)

    return shown
