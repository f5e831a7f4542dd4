"""What ``trephine extract`` is to measure: an image, a folder, or a table here or elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.terminal import errors
from trephine.errors import InputError

if TYPE_CHECKING:
    from trephine.study.images.pairs import Pairs

ImageSource = Annotated[
    str,
    typer.Argument(
        help="An image, a folder of images (files, or folders of one series each), or a table"
        " (CSV, xlsx, Parquet), which may lie at an address such as s3://bucket/regions.csv."
    ),
]
MaskSource = Annotated[
    Path | None,
    typer.Argument(help="Its mask, or the folder of masks. Not for a table, which names them."),
]


def pairs_at(source: str, mask: Path | None, label: int | None) -> Pairs:
    """Find what is to be measured, and say what was left aside.

    Raises
    ------
    InputError
        If there is nothing, or a mask beside a table.
    """
    found = _pairs(source, mask, label)
    if found.strays:
        noun = "file" if found.strays == 1 else "files"
        errors.print(f"{found.strays} {noun} of the system left aside (such as .DS_Store).")
    if found.unused:
        which = "mask has no image and is" if found.unused == 1 else "masks have no image and are"
        errors.print(f"{found.unused} {which} not used.")
    return found


def _pairs(source: str, mask: Path | None, label: int | None) -> Pairs:
    from trephine.store.addresses import is_address, name_of
    from trephine.study.batch.manifest import fetch_manifest, is_manifest, read_manifest
    from trephine.study.images.pairs import Pairs, pairs_of

    elsewhere = is_address(source)
    image = Path(name_of(source) if elsewhere else source)
    if elsewhere and not is_manifest(image):
        raise InputError(
            "image: expected a table at an address, found another file; name the images in a table"
            " with the columns image and mask"
        )
    if not elsewhere and not is_manifest(image):
        return pairs_of(image, mask, label)
    if mask is not None:
        raise InputError("mask: expected none beside a table, which names the masks itself")
    return Pairs(fetch_manifest(source, label) if elsewhere else read_manifest(image, label))
