"""``trephine deidentify``: a folder of DICOM images without identifiers, repeatable with a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError

if TYPE_CHECKING:
    from trephine.imaging.deidentify import AuditRow, PseudonymKey


def deidentify(
    source: Annotated[
        Path, typer.Argument(help="Folder of DICOM images, or one; never written to.")
    ],
    target: Annotated[Path, typer.Argument(help="New folder for the de-identified images.")],
    key: Annotated[
        Path, typer.Option(help="File with the secret; made if it does not exist. Keep it apart.")
    ],
    times: Annotated[
        Literal["removed", "hour"],
        typer.Option(help="What stays of times of day: nothing, or the hour."),
    ] = "removed",
    write_unchecked: Annotated[
        bool,
        typer.Option(
            "--write-unchecked",
            help="Also write images that cannot be checked for text in the picture (masks, maps);"
            " you have looked at them.",
        ),
    ] = False,
) -> None:
    """Remove what identifies patients (DICOM PS3.15 Annex E, Basic Profile).

    Sex, age in years, size, weight, laterality and spacing stay; dates move by the patient's own
    number of days, so that intervals stay. Pixels are written anew, uncompressed and without loss.
    The same key gives the same pseudonyms in every run.
    """
    from trephine.imaging.deidentify import AUDIT_NAME, Choices, deidentify_folder

    secret = open_key(key, target)
    choices = Choices(times, "write" if write_unchecked else "refuse")
    with stages("starts again") as show:
        rows = deidentify_folder(
            source,
            target,
            secret,
            choices,
            progress=lambda done, total: show("De-identifying", done, total),
        )
    show_rows(rows)
    console.print(f"Audit: {target / AUDIT_NAME}", soft_wrap=True, markup=False)


def open_key(key: Path, target: Path) -> PseudonymKey:
    """Return the secret of a file outside the output folder; say so where one was made.

    Raises
    ------
    InputError
        If the key would lie in the folder that is shared, or is weak or open to others.
    """
    from trephine.imaging.deidentify import read_or_make_key

    if target.resolve() in key.resolve().parents:
        raise InputError("key: expected a file outside the output folder, which may be shared")
    fresh = not key.exists()
    secret = read_or_make_key(key)
    if fresh:
        console.print(
            f"A new key was made: {key}. Without it pseudonyms cannot be repeated.", markup=False
        )
    return secret


def show_rows(rows: Sequence[AuditRow]) -> None:
    """Print how many files were written and refused, and which a person has to look at."""
    statuses = Counter(row.status for row in rows)
    twice = f", {statuses['duplicate']} more of them found twice" if statuses["duplicate"] else ""
    console.print(
        f"{statuses['written']} images written{twice}, {statuses['refused']} files refused."
    )
    for row in rows:
        if row.status == "refused":
            errors.print(f"  refused: {row.detail}", soft_wrap=True, markup=False)
    for finding, told in (
        ("flagged", "images to be looked at for burned-in text:"),
        ("not checked", "images not checked for burned-in text, look at each:"),
    ):
        found = [row for row in rows if row.status == "written" and row.burned_in == finding]
        if found:
            console.print(f"{len(found)} {told}")
        for row in found:
            console.print(f"  {row.file}: {row.burned_in_reason}", soft_wrap=True, markup=False)
    if statuses["written"]:
        console.print("An image that is not listed here may still show text: look at a sample.")
