"""``trephine convert``: images or masks to NIfTI, polarity, spacing and orientation right."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.terminal import console, errors, stages
from trephine.errors import InputError

if TYPE_CHECKING:
    from trephine.choices import FileContent

_SUFFIXES = (".nii", ".nii.gz")


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            help="DICOM, NRRD, MHA, PNG or TIFF; the folder of a series; or a folder of many, or a"
            " table with the column image."
        ),
    ],
    target: Annotated[
        Path, typer.Argument(help="NIfTI file to write (.nii or .nii.gz); a folder for many.")
    ],
    spacing_mm: Annotated[
        float | None, typer.Option(help="Pixel spacing, for a file that has none.", min=0.005)
    ] = None,
    mask: Annotated[
        bool, typer.Option("--mask", help="The source holds labels, not grey values.")
    ] = False,
) -> None:
    """Convert images (or masks) to NIfTI, and report where spacing and polarity came from.

    A folder is converted file by file where the target is a folder, and as one series where it is
    a NIfTI file. A table may name the results in a column name or id.
    """
    from trephine.study.batch.manifest import is_manifest
    from trephine.study.images.pairs import regular

    content: FileContent = "mask" if mask else "image"
    regular(source, "source")
    if target.name.endswith(_SUFFIXES):
        if is_manifest(source):
            raise InputError(f"{target.name}: expected a folder, as a table names many images")
        _convert_one(source, target, content, spacing_mm)
    elif source.is_dir() or is_manifest(source):
        _convert_many(source, target, content, spacing_mm)
    else:
        raise InputError(f"{target.name}: expected a name that ends in .nii or .nii.gz")


def _convert_many(source: Path, out: Path, content: FileContent, spacing_mm: float | None) -> None:
    from trephine.study.converting import conversions, convert_all

    wanted, strays = conversions(source, out)
    with stages("starts again") as show:
        failed = convert_all(wanted, content, spacing_mm, partial(show, "Converting"))
    for one, problem in failed:
        errors.print(f"{one.where}: left out. {problem}", markup=False, soft_wrap=True)
    if strays:
        noun = "file" if strays == 1 else "files"
        errors.print(f"{strays} {noun} of the system left aside (such as .DS_Store).")
    console.print(f"{len(wanted) - len(failed)} of {len(wanted)} converted: {out}", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def _convert_one(
    source: Path, target: Path, content: FileContent, spacing_mm: float | None
) -> None:
    from trephine.imaging import write_nifti
    from trephine.study.converting import read_as
    from trephine.types import Image

    if target.exists() and target.resolve() == source.resolve():
        raise InputError(f"{target.name}: expected another file than the source")
    converted = read_as(source, content, spacing_mm)
    write_nifti(converted, target)
    values = converted.pixels if isinstance(converted, Image) else converted.labels
    console.print(f"{target.name}: {' x '.join(map(str, values.shape))}")
    console.print(f"  spacing_mm: {' x '.join(f'{mm:g}' for mm in converted.geometry.spacing_mm)}")
    for key, value in converted.provenance.items():
        if value is not None:
            console.print(f"  {key}: {value}", markup=False, soft_wrap=True)
