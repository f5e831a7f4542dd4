"""``trephine convert``: an image or a mask to NIfTI, polarity, spacing and orientation right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console
from trephine.errors import InputError


def convert(
    source: Annotated[
        Path, typer.Argument(help="DICOM, NRRD, MHA, PNG or TIFF; or the folder of a series.")
    ],
    target: Annotated[Path, typer.Argument(help="NIfTI file to write (.nii or .nii.gz).")],
    spacing_mm: Annotated[
        float | None, typer.Option(help="Pixel spacing, for a file that has none.", min=0.005)
    ] = None,
    mask: Annotated[bool, typer.Option("--mask", help="The source holds labels.")] = False,
) -> None:
    """Convert an image (or a mask) to NIfTI, and say how its spacing and polarity came about."""
    from trephine.imaging import read_image, read_mask, write_nifti

    if not target.name.endswith((".nii", ".nii.gz")):
        raise InputError(f"{target.name}: expected a name that ends in .nii or .nii.gz")
    if target.exists() and target.resolve() == source.resolve():
        raise InputError(f"{target.name}: expected another file than the source")
    converted = read_mask(source) if mask else read_image(source, spacing_mm=spacing_mm)
    write_nifti(converted, target)
    values = converted.labels if mask else converted.pixels  # type: ignore[union-attr]
    console.print(f"{target.name}: {' x '.join(map(str, values.shape))}")
    console.print(f"  spacing_mm: {' x '.join(f'{mm:g}' for mm in converted.geometry.spacing_mm)}")
    for key, value in converted.provenance.items():
        if value is not None:
            console.print(f"  {key}: {value}", markup=False, soft_wrap=True)
