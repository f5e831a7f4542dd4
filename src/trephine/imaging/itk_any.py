"""Any image file as SimpleITK's own image, within the limits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from trephine.errors import ImageError
from trephine.imaging.dicom import read_dicom
from trephine.imaging.itk import ITK
from trephine.imaging.itk_file import read_itk
from trephine.imaging.limits import check_file_bytes, check_pixels
from trephine.imaging.nifti import check_nifti
from trephine.imaging.parse_bounds import check_raster_parts, check_tiff_pages
from trephine.imaging.sniff import file_kind
from trephine.imaging.unreadable import image_errors
from trephine.paths import open_regular

_READERS = {
    "nifti": "NiftiImageIO", "png": "PNGImageIO", "tiff": "TIFFImageIO", "dicom": "GDCMImageIO",
}  # fmt: skip


def itk_given(source: Any, what: str) -> Any:
    """Return a SimpleITK image as it is, or the one at a path.

    Parameters
    ----------
    source
        Either.
    what
        "image" or "mask", for messages.

    Raises
    ------
    ImageError
        If it is neither, or as `read_any_itk`.
    """
    if isinstance(source, ITK.Image):
        return source
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            f"{what}: expected a SimpleITK image or the path of an image file, found"
            f" {type(source).__name__}"
        )
    try:
        return read_any_itk(Path(source))
    except ImageError as error:
        raise ImageError(f"{what}: {error}") from None


def read_any_itk(path: Path) -> Any:
    """Read DICOM, NIfTI, NRRD, MetaImage, PNG or TIFF as SimpleITK does.

    Every file is first held to what Trephine's own readers hold it to: a header can ask SimpleITK
    for another file, or for gigabytes.

    Raises
    ------
    ImageError
        If it is of another kind, larger than the limits, damaged, or names a file elsewhere.
    """
    kind = file_kind(path)
    if kind in ("nrrd", "mha"):
        return read_itk(path)[0]
    check_file_bytes(path)
    if kind == "nifti":
        check_nifti(path)
    elif kind == "dicom":
        read_dicom(path, spacing_mm=1.0)
    else:
        with image_errors(path.name), open_regular(path) as file:
            check_raster_parts(file, path.name)
            check_tiff_pages(file, path.name)
    reader = ITK.ImageFileReader()
    reader.SetImageIO(_READERS[kind])  # by name: read as what it was checked as
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        check_pixels((*reader.GetSize(), reader.GetNumberOfComponents()), path.name)
        return reader.Execute()
    except RuntimeError:
        raise ImageError(
            f"{path.name}: expected a file that SimpleITK reads, found one that it cannot; read it"
            " by other means and give the SimpleITK image"
        ) from None
