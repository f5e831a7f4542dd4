"""One door for images: the kind follows from the content, the result is always the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from trephine.errors import ImageError
from trephine.imaging.dicom import plane_of, read_dicom_dataset
from trephine.imaging.files import read_itk_array, read_raster_array
from trephine.imaging.folder import ALONE, FOUND, only_file
from trephine.imaging.grey_array import GreyArray
from trephine.imaging.multi_frame import holds_slices, volume_of_frames
from trephine.imaging.nifti import read_nifti_array
from trephine.imaging.series import read_series
from trephine.imaging.sniff import file_kind
from trephine.imaging.spacing import StatedSpacing, parse_stated
from trephine.types import Geometry, Image

# Part of the key of stored features: changes whenever a file may be read into other grey values.
READING_VERSION = "2"


def read_image(path: Path | str, *, spacing_mm: StatedSpacing = None) -> Image:
    """Read a radiograph, a slice or a volume.

    Parameters
    ----------
    path
        DICOM (enhanced CT, MR and PET of many frames too), NIfTI, NRRD, MHA, PNG or TIFF; or the
        folder of one CT or MR series, or of one image alone.
    spacing_mm
        Spacing to use where the file has none: one number, or one for each array axis.

    Returns
    -------
    Image
        Radiographs and single slices as (rows, columns), volumes as (slices, rows, columns).
        ``provenance`` tells format, polarity, modality transform, spacing source and laterality.

    Raises
    ------
    ImageError
        If the file is damaged, coloured, a mask or of several frames that are no volume, or has no
        spacing and none is stated.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from trephine import Geometry, Image, read_image
    >>> from trephine.imaging import write_nifti
    >>> write_nifti(Image(np.eye(40), Geometry.plain((0.2, 0.2))), Path("001.nii.gz"))
    >>> read_image("001.nii.gz").pixels.shape
    (40, 40)
    """
    path = Path(path)
    if path.is_dir():
        alone = only_file(path)
        if alone is None:
            return read_series(path)
        image = read_image(alone, spacing_mm=spacing_mm)
        return replace(image, provenance={**image.provenance, FOUND: ALONE})
    kind = file_kind(path)
    if kind == "dicom":
        dataset = read_dicom_dataset(path)
        if holds_slices(dataset):
            return volume_of_frames(dataset, path.name)
        return plane_of(dataset, path.name, spacing_mm)
    if kind == "nifti":
        return _image(read_nifti_array(path, "image"), kind, path.name, spacing_mm)
    read = read_itk_array if kind in ("nrrd", "mha") else read_raster_array
    array = read(path, "image")
    return _image(array, kind, path.name, spacing_mm)


def is_image_path(path: Path) -> bool:
    """Return whether an image may stand at a path: a regular file, or a folder with some in it.

    Nothing is opened. A link counts as what it leads to; devices, pipes and sockets never do.
    """
    try:
        if path.is_dir():
            return any(item.is_file() for item in path.iterdir())
        return path.is_file()
    except OSError:
        return False


def _image(array: GreyArray, kind: str, name: str, spacing_mm: StatedSpacing) -> Image:
    if array.bits == 1:
        raise ImageError(f"{name}: expected grey values, found 1 bit a pixel; use read_mask")
    if array.values.ndim not in (2, 3):
        raise ImageError(f"{name}: expected two or three axes, found {array.values.ndim}")
    geometry, source = array.geometry, f"{kind.upper()} header"
    if geometry is None or not array.states_spacing:
        stated = parse_stated(spacing_mm, array.values.ndim, name)
        plain = Geometry.plain(stated) if geometry is None else geometry
        geometry, source = replace(plain, spacing_mm=stated, placed=None), "stated in the plan"
    provenance: dict[str, str | float | int | bool | None] = {
        "format": kind.upper(),
        "bits_stored": array.bits,
        "pixel_type": array.values.dtype.name,
        "modality_transform": "none",
        "polarity": "as stored",
        "orientation": array.orientation,
        "placement": array.placement,
        "spacing_source": source,
        "laterality": None,
    }
    return Image(array.values.astype(np.float64), geometry, provenance)
