"""Reading a DICOM radiograph or slice: right polarity, right values, spacing with its source."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import DeflatedExplicitVRLittleEndian

from trephine.errors import ImageError, InputError
from trephine.imaging.decode import Stored, decode_stored, transfer_syntax
from trephine.imaging.decode_checks import PIXEL_KEYWORDS, object_name
from trephine.imaging.functional_groups import with_functional_groups
from trephine.imaging.grey import itk_type, to_grey
from trephine.imaging.header import header_of, lay_flat
from trephine.imaging.limits import check_file_bytes, inflate_deflated
from trephine.imaging.parse_bounds import CountedReads, check_sequences
from trephine.imaging.spacing import StatedSpacing, radiograph_spacing
from trephine.paths import open_regular
from trephine.types import Geometry, Image

_GREY = ("MONOCHROME1", "MONOCHROME2")
_LATERALITY = {"R": "R", "L": "L", "B": "both", "U": "unpaired"}
_TERMS = {
    "Modality": {
        "CR", "CT", "DX", "IO", "MG", "MR", "NM", "OT", "PT", "PX", "RF", "RG", "SC", "US", "XA",
    },
    "ViewPosition": {
        "AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO", "CC", "MLO", "ML", "LM", "LMO", "XCCL",
    },
    "LossyImageCompression": {"00", "01"},
    "ImageLaterality": set(_LATERALITY),
    "FrameLaterality": set(_LATERALITY),
    "Laterality": set(_LATERALITY),
}  # fmt: skip


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Silence pydicom: its warnings quote header values, which may identify a patient."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def read_dicom_dataset(
    path: Path, *, stop_before_pixels: bool = False, name: str | None = None
) -> Dataset:
    """Parse a DICOM file, with or without preamble and file meta information.

    Parameters
    ----------
    path
        The file.
    stop_before_pixels
        Leave the pixels unread.
    name
        What errors call the file; its own name by default.

    Raises
    ------
    ImageError
        If the bytes are not a DICOM data set.
    """
    called = path.name if name is None else name
    try:
        with quiet_pydicom():
            dataset = _parse(path, called, stop_before_pixels)
            # Elements are converted on first touch: do it here, where it can be caught.
            for element in dataset:
                _ = element.value
    except ImageError:
        raise
    except InputError as error:
        raise ImageError(str(error).replace(path.name, called)) from None
    except Exception as error:  # pydicom raises many kinds on damaged bytes
        raise ImageError(
            f"{called}: expected a DICOM file, found one whose header is damaged; fetch it again"
            " from the archive"
        ) from error
    if len(dataset) < 2:
        raise ImageError(
            f"{called}: expected a DICOM image, found a file with next to no header;"
            " it is not DICOM, or its header is damaged"
        )
    return dataset


def read_dicom_tags(path: Path, keywords: Sequence[str]) -> Dataset:
    """Read a few attributes of a DICOM file and nothing else: fast, for files by the thousand.

    Raises
    ------
    ImageError
        If the bytes are not a DICOM data set.
    """
    try:
        with quiet_pydicom():
            dataset = _parse(path, path.name, True, list(keywords))
            for element in dataset:
                _ = element.value
    except ImageError:
        raise
    except Exception as error:  # pydicom raises many kinds on damaged bytes
        raise ImageError(
            f"{path.name}: expected a DICOM file, found one whose header is damaged"
        ) from error
    return dataset


def _parse(
    path: Path, called: str, stop_before_pixels: bool, keywords: list[str] | None = None
) -> FileDataset:
    """Parse a regular file within the limits; a deflated one is inflated here, not by pydicom."""
    check_file_bytes(path, called)
    with open_regular(path) as file:
        meta, start = _file_meta(file)
        file.seek(0)
        if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            found = pydicom.dcmread(
                CountedReads(file, called),
                force=True,
                stop_before_pixels=stop_before_pixels,
                specific_tags=keywords,
            )
            check_sequences(found, called)
            return found
        file.seek(start)
        inflated = inflate_deflated(file.read(), called)
    plain = pydicom.dcmread(
        CountedReads(BytesIO(inflated), called), force=True, stop_before_pixels=stop_before_pixels
    )
    check_sequences(plain, called)
    meta["TransferSyntaxUID"].value = DeflatedExplicitVRLittleEndian
    plain.file_meta = meta
    return plain


def _file_meta(file: BufferedReader) -> tuple[FileMetaDataset, int]:
    """Return the file meta information and where the data set behind it starts."""
    if file.read(132)[128:] != b"DICM":
        return FileMetaDataset(), 0
    try:
        group = read_dataset(file, False, True, stop_when=lambda tag, *_: tag >> 16 != 2)
        return FileMetaDataset(group), file.tell()
    except Exception:  # a damaged header, on which the parser itself has the word
        return FileMetaDataset(), 0


def read_dicom(path: Path, *, spacing_mm: StatedSpacing = None) -> Image:
    """Read one DICOM image: CR, DX, RG, MG, secondary capture, or a single CT or MR slice.

    Parameters
    ----------
    path
        The file.
    spacing_mm
        Spacing to use where the file has none: one number, or (row, column).

    Returns
    -------
    Image
        (rows, columns); modality LUT or rescale applied, MONOCHROME1 inverted.

    Raises
    ------
    ImageError
        If it is colour, multi-frame, a mask, damaged, or has no spacing and none is stated.
    """
    return plane_of(read_dicom_dataset(path), path.name, spacing_mm)


def plane_of(dataset: Dataset, name: str, spacing_mm: StatedSpacing) -> Image:
    """Return the one plane of a parsed data set; see `read_dicom`."""
    with quiet_pydicom():
        dataset = with_functional_groups(dataset)
        return lay_flat(image_of(dataset, name, spacing_mm), dataset)


def image_of(dataset: Dataset, name: str, spacing_mm: StatedSpacing) -> Image:
    """Return the image of a parsed data set, and take its pixels out of it; see `read_dicom`."""
    if str(dataset.get("Modality") or "") == "SEG":
        raise ImageError(f"{name}: expected an image, found a DICOM SEG mask; use read_mask")
    photometric = str(dataset.get("PhotometricInterpretation") or "").strip()
    stored = decode_stored(dataset, name)
    for keyword in PIXEL_KEYWORDS:
        dataset.pop(keyword, None)  # a large image is not held twice
    if photometric not in _GREY:
        stored = _grey_of_colour(stored, photometric, dataset, name)
    spacing = radiograph_spacing(dataset, spacing_mm, name)
    grey = to_grey(stored, dataset, name)
    laterality, laterality_source = laterality_of(dataset)
    syntax = transfer_syntax(dataset, name)
    provenance: dict[str, str | float | int | bool | None] = {
        "format": "DICOM",
        "object": object_name(dataset),
        "modality": defined_term(dataset, "Modality"),
        "transfer_syntax": syntax.name,
        "lossy": defined_term(dataset, "LossyImageCompression") == "01",
        "photometric": str(dataset.PhotometricInterpretation),
        "bits_stored": int(dataset.get("BitsStored") or 0) or None,
        "pixel_type": itk_type(stored, dataset, grey.transform),
        "modality_transform": grey.transform,
        "polarity": grey.polarity,
        "padding_pixels": grey.padding_pixels,
        "spacing_source": spacing.source,
        "laterality": laterality,
        "laterality_source": laterality_source,
        "view_position": defined_term(dataset, "ViewPosition"),
        "patient_orientation": _orientation(dataset),
    }
    pixels = np.ascontiguousarray(grey.pixels)
    return Image(pixels, Geometry.plain(spacing.mm), provenance, header_of(dataset))


def laterality_of(dataset: Dataset) -> tuple[str | None, str | None]:
    """Return the side and the attribute it rests on; (None, None) where the file is silent.

    Image Laterality (0020,0062) is about this image and goes before Laterality (0020,0060), which
    is about the series.
    """
    for keyword in ("ImageLaterality", "FrameLaterality", "Laterality"):
        side = _LATERALITY.get(defined_term(dataset, keyword) or "")
        if side is not None:
            return side, keyword
    return None, None


def _grey_of_colour(stored: Stored, photometric: str, dataset: Dataset, name: str) -> Stored:
    """Return the one channel of a grey picture in colour's clothes."""
    if photometric == "PALETTE COLOR" and stored.ndim == 2:
        try:
            stored = apply_color_lut(stored, dataset)
        except Exception as error:  # pydicom raises many kinds on a malformed palette
            raise ImageError(
                f"{name}: expected a readable palette, found a malformed one"
            ) from error
    if stored.ndim == 3 and np.all(stored == stored[..., :1]):
        return stored[..., 0]
    raise ImageError(
        f"{name}: expected grey values, found {photometric} with colours; export the original"
        " radiograph, not a screenshot or a coloured overlay"
    )


def defined_term(dataset: Dataset, keyword: str) -> str | None:
    """Return a coded attribute where its value is one of the standard's terms, else None.

    Nothing else of a header is ever passed on: what a damaged or careless one holds there may be
    a name.
    """
    text = str(dataset.get(keyword) or "").strip().upper()
    return text if text in _TERMS[keyword] else None


def _orientation(dataset: Dataset) -> str | None:
    """Return where rows and columns run to, for example L and F joined by a backslash."""
    value = dataset.get("PatientOrientation")
    if value is None or isinstance(value, str) or len(value) != 2:
        return None
    codes = [str(item).strip() for item in value]
    return "\\".join(codes) if all(set(code) <= set("LRAPHF") and code for code in codes) else None
