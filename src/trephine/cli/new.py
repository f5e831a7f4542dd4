"""``trephine new``: a draft of a study file from what lies in a folder."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console, stages
from trephine.errors import InputError
from trephine.executors import Progress
from trephine.writing import write_text

_SHOWN_AFTER_S = 2.0


def new(
    folder: Annotated[
        Path, typer.Argument(help="Folder with a table (CSV or XLSX) and, if any, images, masks.")
    ] = Path(),
    name: Annotated[str, typer.Option(help="Name of the study file to write.")] = "study.toml",
) -> None:
    """Write a study file from the table, images and masks in a folder, for you to correct."""
    from trephine.study.draft import draft_study

    target = folder / name
    if target.exists():
        raise InputError(f"{target}: expected no such file yet, found one; choose another --name")
    listed = _free_name(folder)
    with stages("starts again") as show:
        draft = draft_study(folder, listed, _after_a_while(partial(show, "Looking through files")))
    write_text(target, draft.text)
    if draft.listed:
        write_text(folder / listed, draft.listed)
    if draft.listed:
        console.print(f"Paths are listed in {listed}, a row for each.", markup=False)
    for line in draft.found:
        console.print(line, soft_wrap=True, markup=False)
    console.print(f"\nA draft: {target}. Read it, correct it, then:", soft_wrap=True, markup=False)
    console.print(f"  trephine check {target}", soft_wrap=True, markup=False)


def _free_name(folder: Path) -> str:
    """Return a name for the table of paths that no file has."""
    names = ("images.csv", *(f"images-{number}.csv" for number in range(2, 100)))
    return next((name for name in names if not (folder / name).exists()), "images-100.csv")


def _after_a_while(show: Progress) -> Progress:
    """Return a progress that shows nothing of work that is done within two seconds."""
    start = time.monotonic()

    def shown(done: int, total: int) -> None:
        if time.monotonic() - start > _SHOWN_AFTER_S:
            show(done, total)

    return shown
