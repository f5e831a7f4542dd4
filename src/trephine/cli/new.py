"""``trephine new``: a draft of a study file from what lies in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console
from trephine.errors import InputError
from trephine.writing import write_text


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
    draft = draft_study(folder)
    write_text(target, draft.text)
    for line in draft.found:
        console.print(line, soft_wrap=True, markup=False)
    console.print(f"\nA draft: {target}. Read it, correct it, then:", soft_wrap=True, markup=False)
    console.print(f"  trephine check {target}", soft_wrap=True, markup=False)
