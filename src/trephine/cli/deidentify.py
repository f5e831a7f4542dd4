"""``trephine deidentify``: a folder of DICOM images without identifiers, repeatable with a key."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError


def deidentify(
    source: Annotated[
        Path, typer.Argument(help="Folder of DICOM images, or one; never written to.")
    ],
    target: Annotated[Path, typer.Argument(help="New folder for the de-identified images.")],
    key: Annotated[
        Path, typer.Option(help="File with the secret; made if it does not exist. Keep it apart.")
    ],
) -> None:
    """Remove what identifies patients (DICOM PS3.15 Annex E, Basic Profile).

    Sex, age in years, size, weight, laterality and spacing stay; dates move by the patient's own
    number of days, so that intervals stay. The same key gives the same pseudonyms in every run.
    """
    from trephine.imaging.deidentify import AUDIT_NAME, deidentify_folder, read_or_make_key

    if target.resolve() in key.resolve().parents:
        raise InputError("key: expected a file outside the output folder, which may be shared")
    fresh = not key.exists()
    secret = read_or_make_key(key)
    if fresh:
        console.print(f"A new key was made: {key}. Without it pseudonyms cannot be repeated.")
    with stages("starts again") as show:
        rows = deidentify_folder(
            source,
            target,
            secret,
            progress=lambda done, total: show("De-identifying", done, total),
        )
    statuses = Counter(row.status for row in rows)
    console.print(f"{statuses['written']} images written, {statuses['refused']} files refused.")
    for row in rows:
        if row.status == "refused":
            errors.print(f"  refused: {row.detail}", soft_wrap=True, markup=False)
    flagged = [row for row in rows if row.burned_in == "flagged"]
    if flagged:
        console.print(f"{len(flagged)} images to be looked at for burned-in text:")
        for row in flagged:
            console.print(f"  {row.file}: {row.burned_in_reason}", soft_wrap=True, markup=False)
    console.print(f"Audit: {target / AUDIT_NAME}", soft_wrap=True)
