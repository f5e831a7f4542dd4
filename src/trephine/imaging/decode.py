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
from pydicom.encaps import generate_frames
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
from trephine.imaging.codestream import frame_header
from trephine.imaging.itk import ITK
from trephine.imaging.limits import check_inflation, check_pixels

Stored = npt.NDArray[np.generic]

# Bytes behind the last pixel that are padding and nothing else.
_PADDING_BYTES = 16
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_SAMPLES = {
    "MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3,
    "YBR_FULL_422": 3, "YBR_ICT": 3, "YBR_RCT": 3,
}  # fmt: skip
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
_JPEG_2000 = (JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
_JPEG_FAMILY = ("JPEG", "High-Throughput JPEG")


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
    _check_header(dataset, name)
    syntax = transfer_syntax(dataset, name)
    if syntax.is_encapsulated:
        _check_codestream(dataset, syntax, name)
    else:
        _check_native_length(dataset, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if syntax == JPEGExtended12Bit and int(dataset.BitsStored) > 8:
                stored = _decode_12_bit_jpeg(dataset)
            else:
                plugin = _DECODERS.get(syntax, "")
                stored = pixel_array(dataset, decoding_plugin=plugin)
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


def _check_header(dataset: Dataset, name: str) -> None:
    if not any(keyword in dataset for keyword in PIXEL_KEYWORDS):
        raise ImageError(
            f"{name}: expected an image, found a DICOM object without pixel data"
            f"{_kind(dataset)}; if it should be an image, the file is truncated: fetch it again"
        )
    rows, columns = (_integer(dataset, key, name) for key in ("Rows", "Columns"))
    if rows < 1 or columns < 1:
        raise ImageError(f"{name}: expected rows and columns, found {rows} x {columns}")
    pixels = check_pixels((rows, columns), name, times=_weight(dataset))
    frames = _integer(dataset, "NumberOfFrames", name, default=1)
    if frames != 1:
        raise ImageError(
            f"{name}: expected one frame, found {frames}; export the frame to be analysed as a"
            " single image, or the series as single-frame slices"
        )
    photometric = str(dataset.get("PhotometricInterpretation") or "").strip()
    samples = _integer(dataset, "SamplesPerPixel", name)
    if _SAMPLES.get(photometric) != samples:
        raise ImageError(
            f"{name}: expected photometric interpretation MONOCHROME1 or MONOCHROME2 with one"
            f" sample a pixel, found another or none with {samples}; the header is damaged"
        )
    allocated = _integer(dataset, "BitsAllocated", name)
    if "PixelData" in dataset:
        _check_bits(dataset, allocated, name)
        sent = len(dataset.PixelData or b"")
        check_inflation(pixels, pixels * samples * allocated // 8, sent, name)


def _weight(dataset: Dataset) -> int:
    """Return as how many pixels one counts: OpenJPEG takes twice the memory, and most time."""
    meta = getattr(dataset, "file_meta", None)
    syntax = str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
    return 2 if syntax in _JPEG_2000 else 1


def _check_bits(dataset: Dataset, allocated: int, name: str) -> None:
    if allocated == 1:
        raise ImageError(
            f"{name}: expected grey values, found 1 bit a pixel; a mask is read with read_mask"
        )
    stored = _integer(dataset, "BitsStored", name)
    high = _integer(dataset, "HighBit", name, default=stored - 1)
    sign = _integer(dataset, "PixelRepresentation", name, default=0)
    if (
        allocated not in (8, 16, 32)
        or not 1 < stored <= allocated
        or high != stored - 1
        or sign not in (0, 1)
    ):
        raise ImageError(
            f"{name}: expected 8, 16 or 32 bits allocated and a high bit one below the bits stored,"
            f" found {allocated} allocated, {stored} stored, high bit {high}, sign {sign};"
            " the header is damaged or from before 1993"
        )


def _check_native_length(dataset: Dataset, name: str) -> None:
    keyword = next(key for key in PIXEL_KEYWORDS if key in dataset)
    found = len(dataset[keyword].value or b"")
    samples = _integer(dataset, "SamplesPerPixel", name)
    width = int(dataset.BitsAllocated) // 8
    expected = int(dataset.Rows) * int(dataset.Columns) * samples * width
    if expected <= found <= expected + _PADDING_BYTES:
        return
    cause = (
        "the file is truncated or its header damaged: fetch it again"
        if found < expected
        else "the header describes fewer pixels than the file holds: export the image again"
    )
    raise ImageError(
        f"{name}: expected {expected} bytes of pixels for {dataset.Rows} x {dataset.Columns},"
        f" found {found}; {cause}"
    )


def _check_codestream(dataset: Dataset, syntax: UID, name: str) -> None:
    """Refuse a frame that is not what the data set says, or that stops early."""
    try:
        frames = list(generate_frames(dataset.PixelData, number_of_frames=1))
    except Exception as error:  # pydicom raises many kinds on damaged fragments
        raise ImageError(
            f"{name}: expected one compressed frame, found damaged fragments; fetch it again"
        ) from error
    if not syntax.name.startswith(_JPEG_FAMILY):
        return
    header = frame_header(bytes(frames[0]), syntax) if frames else None
    expected = (int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel))
    if header is None or (header.rows, header.columns, header.samples) != expected:
        raise ImageError(
            f"{name}: expected a {syntax.name} stream of {expected[0]} x {expected[1]} pixels,"
            " found another size or a damaged header; fetch it again"
        )
    if header.precision > int(dataset.BitsAllocated):
        raise ImageError(
            f"{name}: expected at most {dataset.BitsAllocated} bits a sample, the stream has"
            f" {header.precision}; its header is damaged"
        )
    if not header.ended:
        raise ImageError(
            f"{name}: expected a whole {syntax.name} stream, found one without its end marker;"
            " the file is truncated: fetch it again"
        )


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
    return _within_bits_stored(stored, dataset)


def _within_bits_stored(stored: Stored, dataset: Dataset) -> Stored:
    """Clear what lies above Bits Stored, PS3.5 8.1.1: old files keep an overlay there.

    Some decoders clear it and some do not; the sign of a signed value is its highest stored bit.
    """
    spare = stored.dtype.itemsize * 8 - int(dataset.BitsStored)
    if spare <= 0:
        return stored
    kept = np.left_shift(stored, stored.dtype.type(spare))
    cleared: Stored = np.right_shift(kept, stored.dtype.type(spare))
    return cleared


def object_name(dataset: Dataset) -> str | None:
    """Return the standard's name of the SOP class; None for an unknown one, never its text.

    A damaged header can put anything into any attribute, a patient's name too.
    """
    sop_class = dataset.get("SOPClassUID")
    if not isinstance(sop_class, str):
        return None
    name = UID(sop_class, validation_mode=IGNORE).name
    return name if name != sop_class else None


def _kind(dataset: Dataset) -> str:
    name = object_name(dataset)
    return f" ({name})" if name else ""


def _integer(dataset: Dataset, keyword: str, name: str, default: int | None = None) -> int:
    value = dataset.get(keyword)
    if value is None or value == "":
        if default is not None:
            return default
        raise ImageError(f"{name}: expected {keyword} in the header, found none; fetch it again")
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ImageError(
            f"{name}: expected one whole number as {keyword}, found a malformed value"
        ) from None


def missing_decoders() -> tuple[str, ...]:
    """Return the compressed transfer syntaxes whose decoder does not load here, by name."""
    from pydicom.pixels.decoders.base import get_decoder

    return tuple(
        syntax.name
        for syntax, plugin in _DECODERS.items()
        if plugin not in get_decoder(syntax).available_plugins
    )
