"""Grey arrays from NRRD and MetaImage (through ITK) and from PNG and TIFF."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from trephine.errors import ImageError
from trephine.imaging.affine import flatten
from trephine.imaging.grey_array import GreyArray, Purpose, check_finite
from trephine.imaging.itk import ITK, geometry_of_itk
from trephine.imaging.itk_file import read_itk
from trephine.imaging.limits import check_file_bytes, check_inflation, check_pixels
from trephine.imaging.parse_bounds import check_raster_parts
from trephine.imaging.placement import itk_placement
from trephine.types import Geometry

# TIFF tags, and what they say: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLE_FORMAT = 258, 262, 274, 339
_WHITE_IS_ZERO, _ROWS_FROM_TOP, _SIGNED = 0, 1, 2

_GREY_MODES = {"L", "I;16", "I;16B", "I;16L", "I", "F", "1"}


def read_itk_array(path: Path, purpose: Purpose = "labels") -> GreyArray:
    """Read NRRD or MetaImage.

    Raises
    ------
    ImageError
        If header and bytes disagree, the file is damaged or too large, names files elsewhere, or
        holds more than one channel.
    """
    image, header = read_itk(path, purpose)
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise ImageError(
            f"{path.name}: expected one grey channel, found"
            f" {image.GetNumberOfComponentsPerPixel()}; export grey values"
        )
    metadata = _metadata(image)
    values: npt.NDArray[Any] = ITK.GetArrayFromImage(image)
    bits = values.dtype.itemsize * 8
    check_finite(values, path.name)
    geometry = geometry_of_itk(image)
    if values.ndim == 4 and values.shape[0] == 1:
        raise ImageError(f"{path.name}: expected two or three axes, found four")
    orientation = "as stored"
    if values.ndim == 2:
        values, geometry = values[None], _lift(geometry)
    if values.ndim == 3 and values.shape[0] == 1:
        values, geometry, orientation = flatten(values, geometry)
    placement = itk_placement(path)
    return GreyArray(
        values, geometry, orientation, bits, placement, metadata, header.states_spacing
    )


def _metadata(image: Any) -> dict[str, str]:
    """Return a header's own fields, but those whose name is no text: nothing is read from them."""
    keys = (key for key in image.GetMetaDataKeys() if key.isprintable())
    return {key: image.GetMetaData(key) for key in keys}


def read_raster_array(path: Path, purpose: Purpose = "labels") -> GreyArray:
    """Read PNG or TIFF.

    Raises
    ------
    ImageError
        If it is coloured, transparent, multi-page, too large or damaged.
    """
    sent = check_file_bytes(path)
    with path.open("rb") as file:
        check_raster_parts(file, path.name)
    try:
        # Pillow's own guard against bombs would come before ours, and cannot be raised.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _without_pillow_limit(), Pillow.open(path, formats=("PNG", "TIFF")) as picture:
                _check_png_depth(path)
                _check_picture(picture, sent, path.name, purpose)
                picture.load()
                values, bits = _one_channel(picture, path.name)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"{path.name}: expected an image that fits into memory") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{path.name}: expected a PNG or TIFF file of grey values, found a damaged one or of a"
            " kind that is not read (such as TIFF of 64 bits); save it as 16-bit greyscale"
        ) from error
    except Exception as error:  # Pillow fails in any way at a damaged tag; none may slip through
        raise ImageError(
            f"{path.name}: expected a whole PNG or TIFF file, found a damaged or truncated one;"
            " save it again"
        ) from error
    check_finite(values, path.name)
    return GreyArray(values, None, "as stored", bits)


@contextmanager
def _without_pillow_limit() -> Iterator[None]:
    before = Pillow.MAX_IMAGE_PIXELS
    Pillow.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Pillow.MAX_IMAGE_PIXELS = before


def _check_picture(picture: Any, sent: int, name: str, purpose: Purpose) -> None:
    pages = getattr(picture, "n_frames", 1)
    if pages != 1:
        raise ImageError(
            f"{name}: expected one page, found {pages}; save the page to be analysed on its own"
        )
    tags = _tags(picture)
    turned = tags.get(_ORIENTATION, _ROWS_FROM_TOP)
    if turned != _ROWS_FROM_TOP:
        raise ImageError(
            f"{name}: expected rows from top to bottom (TIFF orientation 1), found orientation"
            f" {turned}, which some programs obey and others do not: a mask may lie either way;"
            " turn it, and save it again"
        )
    pixels = check_pixels(picture.size, name)
    if purpose == "image":
        width = 2 if picture.mode.startswith("I") else 4 if picture.mode in ("F", "RGBA") else 1
        check_inflation(pixels, pixels * width, sent, name)


def _tags(picture: Any) -> dict[int, Any]:
    """Return a TIFF's tags of one number, none of a PNG."""
    tags = getattr(picture, "tag_v2", {})
    found = {tag: tags.get(tag) for tag in (_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLE_FORMAT)}
    first = {tag: v[0] if isinstance(v, tuple) and v else v for tag, v in found.items()}
    return {tag: value for tag, value in first.items() if value is not None}


def _as_shown(raw: npt.NDArray[Any], tags: dict[int, Any], name: str) -> npt.NDArray[Any]:
    """Return a TIFF's values as it states them: Pillow turns white round in 8 bits alone.

    Raises
    ------
    ImageError
        If white is zero, and what black is cannot be known.
    """
    if raw.dtype == np.uint8 and tags.get(_SAMPLE_FORMAT) == _SIGNED:
        raw = raw.view(np.int8)
    if tags.get(_PHOTOMETRIC) != _WHITE_IS_ZERO or raw.dtype == np.uint8:
        return raw
    bits = int(tags.get(_BITS, 0))
    if raw.dtype.kind == "f" or tags.get(_SAMPLE_FORMAT) == _SIGNED or not 8 < bits <= 16:
        raise ImageError(
            f"{name}: expected black as the lowest value, found a TIFF in which white is zero"
            " (PhotometricInterpretation 0); save it with black as zero"
        )
    turned: npt.NDArray[np.uint16] = (2**bits - 1 - raw.astype(np.int32)).astype(np.uint16)
    return turned


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


def _one_channel(picture: Any, name: str) -> tuple[npt.NDArray[Any], int]:
    mode = picture.mode
    if mode in _GREY_MODES and "transparency" not in picture.info:
        raw = np.asarray(picture)
        if mode == "1":
            return raw.astype(np.uint8), 1
        raw = _as_shown(raw, _tags(picture), name)
        return raw, raw.dtype.itemsize * 8
    if mode in ("P", "PA", "LA", "RGB", "RGBA", *_GREY_MODES):
        channels: npt.NDArray[np.uint8] = np.asarray(picture.convert("RGBA"))
        if np.any(channels[..., 3] != 255):
            raise ImageError(
                f"{name}: expected an opaque image, found transparent pixels; flatten it first"
            )
        if np.all(channels[..., :3] == channels[..., :1]):
            return np.ascontiguousarray(channels[..., 0]), 8
    raise ImageError(
        f"{name}: expected grey values, found colour ({mode}); export the original radiograph, or"
        " of a mask the labels"
    )
