"""The stored values of one DICOM image: every transfer syntax, and no faith in the header.

Sizes that the header declares are compared with the bytes that are there before anything is
decoded, so that a damaged file costs a message and not the machine's memory.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.config import IGNORE
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from trephine.errors import ImageError
from trephine.imaging.decode_checks import check_codestream, check_header, check_native_length
from trephine.imaging.itk import ITK
from trephine.imaging.padding import padding_of
from trephine.imaging.spare_bits import declared_overlays, refuse_values_above

Stored = npt.NDArray[np.generic]

# GDCM aborts the process on some damaged streams: it decodes only what nothing else does.
_DECODERS = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
    RLELossless: "pydicom",
}


def decode_stored(dataset: Dataset, name: str) -> Stored:
    """Return the stored values of a single-frame image.

    Parameters
    ----------
    dataset
        The whole data set, as ``read_dicom_dataset`` returns it.
    name
        File name for messages.

    Returns
    -------
    ndarray
        (rows, columns), or (rows, columns, 3) for colour.

    Raises
    ------
    ImageError
        If there are no pixels, sizes contradict the bytes, or no decoder accepts them.
    """
    check_header(dataset, name)
    syntax = transfer_syntax(dataset, name)
    if syntax.is_encapsulated:
        check_codestream(dataset, syntax, name)
    else:
        check_native_length(dataset, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if syntax == JPEGExtended12Bit and int(dataset.BitsStored) > 8:
                stored = _decode_12_bit_jpeg(dataset)
            else:
                plugin = _DECODERS.get(syntax, "")
                # What lies above Bits Stored is looked at first, and cleared below.
                stored = pixel_array(dataset, decoding_plugin=plugin, correct_unused_bits=False)
    except Exception as error:  # decoders raise every kind of exception on damaged bytes
        raise ImageError(
            f"{name}: expected pixels stored as {syntax.name}, found some that cannot be read:"
            " they are damaged; fetch the image again, or export it uncompressed (Explicit VR"
            " Little Endian)"
        ) from error
    return _checked(stored, dataset, name)


def transfer_syntax(dataset: Dataset, name: str) -> UID:
    """Return the transfer syntax; for a file without one, the encoding that was parsed.

    Raises
    ------
    ImageError
        If the syntax is unknown.
    """
    meta = getattr(dataset, "file_meta", None)
    found = meta.get("TransferSyntaxUID") if meta is not None else None
    if found:
        syntax = UID(str(found), validation_mode=IGNORE)
        if not syntax.is_transfer_syntax:
            raise ImageError(f"{name}: expected a known transfer syntax, found an unknown one")
        return syntax
    implicit, little = dataset.original_encoding
    if not little:
        syntax = ExplicitVRBigEndian
    else:
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    dataset.file_meta = meta if meta is not None else FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    return syntax


def _decode_12_bit_jpeg(dataset: Dataset) -> Stored:
    """Decode with ITK, whose JPEG library has the 12-bit codec that pydicom's plugins lack.

    ITK gets a copy without identifiers whose polarity and rescale are neutral, because it would
    apply both.
    """
    plain = FileDataset("", {}, preamble=b"\0" * 128, file_meta=FileMetaDataset())
    plain.file_meta.TransferSyntaxUID = JPEGExtended12Bit
    plain.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    plain.file_meta.MediaStorageSOPInstanceUID = plain.SOPInstanceUID = generate_uid()
    plain.SOPClassUID = SecondaryCaptureImageStorage
    plain.PhotometricInterpretation = "MONOCHROME2"
    for keyword in (
        "SamplesPerPixel", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
        "PixelRepresentation", "PixelData",
    ):  # fmt: skip
        plain[keyword] = dataset[keyword]
    with tempfile.TemporaryDirectory(prefix="trephine-") as folder:
        path = Path(folder) / "frame.dcm"
        plain.save_as(path, enforce_file_format=True)
        stored: Stored = ITK.GetArrayFromImage(ITK.ReadImage(str(path)))[0]
    return stored


def _checked(stored: Stored, dataset: Dataset, name: str) -> Stored:
    shape = (int(dataset.Rows), int(dataset.Columns))
    if stored.shape[:2] != shape or stored.ndim > 3:
        raise ImageError(f"{name}: expected {shape} pixels, found {stored.shape} after decoding")
    if np.issubdtype(stored.dtype, np.floating):
        bad = int(np.count_nonzero(~np.isfinite(stored)))
        if bad:
            raise ImageError(f"{name}: expected finite pixels, found {bad} NaN or infinite")
        return stored
    return _within_bits_stored(stored, dataset, name)


def _within_bits_stored(stored: Stored, dataset: Dataset, name: str) -> Stored:
    """Clear what lies above Bits Stored, PS3.5 8.1.1: old files keep an overlay there.

    The sign of a signed value is its highest stored bit. Padding is recognised by its whole value
    and stays; values that need more bits than the header says are refused.
    """
    spare = stored.dtype.itemsize * 8 - int(dataset.BitsStored)
    if spare <= 0:
        return stored
    kept = np.left_shift(stored, stored.dtype.type(spare))
    cleared: Stored = np.right_shift(kept, stored.dtype.type(spare))
    if np.array_equal(cleared, stored):
        return stored
    raw = stored
    if (padding := padding_of(stored, dataset)) is not None:
        np.copyto(cleared, stored, where=padding)
        raw = np.where(padding, stored.dtype.type(0), stored)
    if stored.ndim == 2:
        signed = bool(int(dataset.get("PixelRepresentation") or 0))
        refuse_values_above(raw, int(dataset.BitsStored), signed, declared_overlays(dataset), name)
    return cleared


def missing_decoders() -> tuple[str, ...]:
    """Return the compressed transfer syntaxes whose decoder does not load here, by name."""
    from pydicom.pixels.decoders.base import get_decoder

    return tuple(
        syntax.name
        for syntax, plugin in _DECODERS.items()
        if plugin not in get_decoder(syntax).available_plugins
    )
