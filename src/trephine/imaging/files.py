"""Grey arrays from NRRD and MHA (through ITK) and from PNG and TIFF."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from trephine.errors import ImageError
from trephine.imaging.affine import flatten
from trephine.imaging.grey_array import GreyArray
from trephine.imaging.itk import ITK, geometry_of_itk
from trephine.imaging.placement import itk_placement
from trephine.types import FloatArray, Geometry

MAX_BYTES = 1 << 32
# DEFLATE cannot expand its input more than this.
_LARGEST_INFLATION = 1032
_GREY_MODES = {"L", "I;16", "I;16B", "I;16L", "I", "F", "1"}


def read_itk_array(path: Path) -> GreyArray:
    """Read NRRD or MHA.

    Raises
    ------
    ImageError
        If header and bytes disagree, the file is damaged, or it holds more than one channel.
    """
    reader = ITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _check_size(reader, path)
        image = reader.Execute()
    except RuntimeError as error:
        raise ImageError(
            f"{path.name}: expected a whole NRRD or MHA file, found one that ITK cannot read;"
            " it is damaged, truncated, or its detached data file is missing"
        ) from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise ImageError(
            f"{path.name}: expected one grey channel, found"
            f" {image.GetNumberOfComponentsPerPixel()}; export grey values"
        )
    metadata = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    raw = ITK.GetArrayFromImage(image)
    values = _finite(raw.astype(np.float64), path.name)
    geometry = geometry_of_itk(image)
    if values.ndim == 4 and values.shape[0] == 1:
        raise ImageError(f"{path.name}: expected two or three axes, found four")
    orientation = "as stored"
    if values.ndim == 2:
        values, geometry = values[None], _lift(geometry)
    if values.ndim == 3 and values.shape[0] == 1:
        values, geometry, orientation = flatten(values, geometry)
    placement = itk_placement(path)
    return GreyArray(values, geometry, orientation, raw.dtype.itemsize * 8, placement, metadata)


def read_raster_array(path: Path) -> GreyArray:
    """Read PNG or TIFF.

    Raises
    ------
    ImageError
        If it is coloured, transparent, multi-page, too large or damaged.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own guard against decompression bombs is a warning.
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)
            with Pillow.open(path, formats=("PNG", "TIFF")) as picture:
                _check_png_depth(path)
                pages = getattr(picture, "n_frames", 1)
                if pages != 1:
                    raise ImageError(
                        f"{path.name}: expected one page, found {pages};"
                        " save the page to be analysed by itself"
                    )
                picture.load()
                values, bits = _one_channel(picture, path.name)
    except (Pillow.DecompressionBombWarning, Pillow.DecompressionBombError):
        raise ImageError(
            f"{path.name}: expected an image of a radiograph's size, the header declares more"
            f" than {Pillow.MAX_IMAGE_PIXELS} pixels"
        ) from None
    except ImageError:
        raise
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, MemoryError) as error:
        raise ImageError(
            f"{path.name}: expected a whole PNG or TIFF file, found a damaged or truncated one"
            f" ({type(error).__name__})"
        ) from error
    return GreyArray(_finite(values, path.name), None, "as stored", bits)


def _check_size(reader: Any, path: Path) -> None:
    width = {
        "8-bit": 1, "16-bit": 2, "32-bit": 4, "64-bit": 8,
    }  # fmt: skip
    kind = ITK.GetPixelIDValueAsString(reader.GetPixelID())
    itemsize = next((size for label, size in width.items() if label in kind), 1)
    declared = reader.GetNumberOfComponents() * itemsize
    for size in reader.GetSize():
        declared *= int(size)
    available = path.stat().st_size * _LARGEST_INFLATION
    detached = path.suffix.lower() in (".nhdr", ".mhd")
    if declared > MAX_BYTES or (declared > available and not detached):
        raise ImageError(
            f"{path.name}: expected at most {min(MAX_BYTES, available)} bytes of values, the"
            f" header declares {declared}; it is damaged"
        )


def _lift(geometry: Geometry) -> Geometry:
    """Return a plane as a one-slice volume."""
    direction = np.eye(3)
    direction[:2, :2] = np.reshape(geometry.direction, (2, 2))
    return Geometry(
        (1.0, *geometry.spacing_mm),
        (*geometry.origin_mm, 0.0),
        tuple(float(value) for value in direction.ravel()),
    )


def _check_png_depth(path: Path) -> None:
    """Refuse 16-bit colour PNG, which Pillow would cut to 8 bits in silence."""
    with path.open("rb") as file:
        head = file.read(26)
    if head[:4] == b"\x89PNG" and head[24] == 16 and head[25] != 0:
        raise ImageError(
            f"{path.name}: expected 16-bit greyscale, found 16-bit colour or transparency;"
            " save it as 16-bit greyscale"
        )


def _one_channel(picture: Any, name: str) -> tuple[FloatArray, int]:
    mode = picture.mode
    if mode in _GREY_MODES and "transparency" not in picture.info:
        raw = np.asarray(picture)
        return raw.astype(np.float64), 1 if mode == "1" else raw.dtype.itemsize * 8
    if mode in ("P", "PA", "LA", "RGB", "RGBA", *_GREY_MODES):
        channels: npt.NDArray[np.uint8] = np.asarray(picture.convert("RGBA"))
        if np.any(channels[..., 3] != 255):
            raise ImageError(
                f"{name}: expected an opaque image, found transparent pixels; flatten it first"
            )
        if np.all(channels[..., :3] == channels[..., :1]):
            return channels[..., 0].astype(np.float64), 8
    raise ImageError(
        f"{name}: expected grey values, found colour ({mode}); export the original radiograph"
    )


def _finite(values: FloatArray, name: str) -> FloatArray:
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise ImageError(
            f"{name}: expected finite values, found {bad} of {values.size} NaN or infinite"
        )
    return values
