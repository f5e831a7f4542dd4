"""``trephine deidentify``: a folder of DICOM images without identifiers, repeatable with a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.choices import Dates, Times
from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError

if TYPE_CHECKING:
    from trephine.imaging.deidentify import DeidentificationRow, PseudonymKey
    from trephine.study.pseudonyms.table import PseudonymisedTable


TimesKept = Annotated[Times, typer.Option(help="What stays of times of day: nothing, or the hour.")]
DatesWritten = Annotated[
    Dates, typer.Option(help="Dates of the table: moved like those of the images, or left.")
]
Key = Annotated[
    Path, typer.Option(help="File with the secret; made if it does not exist. Keep it apart.")
]
WriteUnchecked = Annotated[
    bool,
    typer.Option(
        "--write-unchecked",
        help="Also write images that cannot be checked for text in the picture (masks, maps);"
        " you have looked at them.",
    ),
]
TableFile = Annotated[
    Path | None, typer.Option("--table", help="The study's table; a copy goes to the new folder.")
]
IdentifyingColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="Column of the table that identifies; may be repeated, the DICOM Patient ID first.",
    ),
]
Drop = Annotated[list[str] | None, typer.Option(help="Column to leave out; may be repeated.")]
Keep = Annotated[
    list[str] | None,
    typer.Option(help="Column that looks as if it identified and does not; may be repeated."),
]
Sheet = Annotated[str | None, typer.Option(help="Sheet of the workbook.")]
Pattern = Annotated[
    str,
    typer.Option(
        "--image", help="Where a row's image lies in the folder of images, for example {id}.dcm."
    ),
]
MasksFolder = Annotated[
    Path | None,
    typer.Option(help="Folder of masks; copies with new names go to the new folder."),
]
MaskWords = Annotated[
    list[str] | None,
    typer.Option(
        "--mask-word",
        help="Word in masks' names that names no patient, such as a rater's; may be repeated.",
    ),
]


def deidentify(
    source: Annotated[
        Path, typer.Argument(help="Folder of DICOM images, or one; never written to.")
    ],
    target: Annotated[Path, typer.Argument(help="New folder for the de-identified images.")],
    key: Key,
    times: TimesKept = "removed",
    write_unchecked: WriteUnchecked = False,
    table: TableFile = None,
    column: IdentifyingColumns = None,
    drop: Drop = None,
    keep: Keep = None,
    dates: DatesWritten = "shifted",
    sheet: Sheet = None,
    image: Pattern = "",
    masks: MasksFolder = None,
    mask_word: MaskWords = None,
) -> None:
    """Remove what identifies patients (DICOM PS3.15 Annex E, Basic Profile).

    Sex, age in years, size, weight, laterality and spacing stay; dates move by the patient's own
    number of days, so that intervals stay. Pixels are written anew, uncompressed and without loss.
    The same key gives the same pseudonyms in every run. With --table and --masks, the study's
    table and masks get the same pseudonyms, so that the study goes on with the new folder.
    """
    from trephine.study.pseudonyms.choices import TableChoices
    from trephine.study.pseudonyms.table import check_absent, read_study_table

    if table is None and (column or drop or keep or image or sheet or masks or mask_word):
        raise InputError("deidentify: expected --table with these options, found none")
    if table is not None and not column:
        raise InputError("deidentify: expected --column with --table: which column identifies?")
    secret = open_key(key, target)
    read = None
    if table is not None:
        check_absent(target)
        wanted = TableChoices(
            tuple(column or ()), tuple(drop or ()), tuple(keep or ()), dates, sheet, image
        )
        read = read_study_table(table, secret, wanted)
    rows = _write_images(source, target, secret, times, write_unchecked)
    if read is not None:
        _write_study(read, source, target, secret, rows)
        if masks is not None:
            _write_masks(read, masks, target, secret, mask_word or ())


def _write_images(
    source: Path, target: Path, key: PseudonymKey, times: Times, write_unchecked: bool
) -> list[DeidentificationRow]:
    """Write the images, and say what was done and where the audit lies."""
    from trephine.imaging.deidentify import AUDIT_NAME, Choices, deidentify_folder

    choices = Choices(times, "write" if write_unchecked else "refuse")
    with stages("starts again") as show:
        rows = deidentify_folder(
            source,
            target,
            key,
            choices,
            progress=lambda done, total: show("De-identifying", done, total),
        )
    show_rows(rows)
    console.print(f"Audit: {target / AUDIT_NAME}", soft_wrap=True, markup=False)
    return rows


def _write_study(
    table: PseudonymisedTable,
    source: Path,
    target: Path,
    key: PseudonymKey,
    rows: Sequence[DeidentificationRow],
) -> None:
    """Write the table beside the images, and say what was done."""
    from trephine.study.pseudonyms.table import (
        IMAGE_COLUMN,
        TABLE_NAME,
        new_images,
        write_study_table,
    )

    with_image = write_study_table(table, target, new_images(source, table.images, rows, key))
    moved = f"dates moved in {', '.join(table.shifted)}" if table.shifted else "no dates moved"
    told = f"{TABLE_NAME}: {len(table.frame)} rows, {len(table.names)} pseudonyms, {moved}."
    if table.capped:
        told += f" {table.capped} ages over 89 set to 90."
    if table.images:
        told += f" {with_image} rows have their image in column {IMAGE_COLUMN}."
    console.print(told, soft_wrap=True, markup=False)


def _write_masks(
    table: PseudonymisedTable, masks: Path, target: Path, key: PseudonymKey, kept: Sequence[str]
) -> None:
    """Write the masks under their pseudonyms, and say what was done."""
    from trephine.study.pseudonyms.masks import MASKS_NAME, write_masks

    counts = write_masks(masks, target, table.names, key, kept)
    console.print(f"{MASKS_NAME}: {counts.written} written, {counts.n_refused} refused.")
    for refusal in counts.sentences():
        errors.print(f"  refused: {refusal}", soft_wrap=True, markup=False)


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


def show_rows(rows: Sequence[DeidentificationRow]) -> None:
    """Print how many files were written and refused, and which a person has to look at."""
    statuses = Counter(row.status for row in rows)
    twice = f", {statuses['duplicate']} more of them found twice" if statuses["duplicate"] else ""
    console.print(
        f"{statuses['written']} images written{twice}, {statuses['refused']} files refused."
    )
    for detail, count in Counter(row.detail for row in rows if row.status == "refused").items():
        files = "" if count == 1 else f" {count} files"
        errors.print(f"  refused{files}: {detail}", soft_wrap=True, markup=False)
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
