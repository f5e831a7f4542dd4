"""What the header of a DICOM image must hold before its pixels are decoded."""

from __future__ import annotations

from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
)

from trephine.errors import ImageError
from trephine.imaging.codestream import frame_header
from trephine.imaging.limits import check_inflation, check_pixels

# Bytes behind the last pixel that are padding and nothing else.
_PADDING_BYTES = 16


PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


_SAMPLES = {
    "MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3,
    "YBR_FULL_422": 3, "YBR_ICT": 3, "YBR_RCT": 3,
}  # fmt: skip


_JPEG_2000 = (JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)


_JPEG_FAMILY = ("JPEG", "High-Throughput JPEG")


def check_header(dataset: Dataset, name: str) -> None:
    """Refuse a header that lacks what its pixels are read by, or contradicts itself."""
    if not any(keyword in dataset for keyword in PIXEL_KEYWORDS):
        raise ImageError(
            f"{name}: expected an image, found a DICOM object without pixel data"
            f"{kind_of(dataset)}; if it should be an image, the file is truncated: fetch it again"
        )
    rows, columns = (integer_of(dataset, key, name) for key in ("Rows", "Columns"))
    if rows < 1 or columns < 1:
        raise ImageError(f"{name}: expected rows and columns, found {rows} x {columns}")
    pixels = check_pixels((rows, columns), name, times=_weight(dataset))
    frames = integer_of(dataset, "NumberOfFrames", name, default=1)
    if frames != 1:
        raise ImageError(
            f"{name}: expected one frame, found {frames}; export the frame to be analysed as a"
            " single image, or the series as single-frame slices"
        )
    photometric = str(dataset.get("PhotometricInterpretation") or "").strip()
    samples = integer_of(dataset, "SamplesPerPixel", name)
    if _SAMPLES.get(photometric) != samples:
        raise ImageError(
            f"{name}: expected photometric interpretation MONOCHROME1 or MONOCHROME2 with one"
            f" sample a pixel, found another or none with {samples}; the header is damaged"
        )
    allocated = integer_of(dataset, "BitsAllocated", name)
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
    stored = integer_of(dataset, "BitsStored", name)
    high = integer_of(dataset, "HighBit", name, default=stored - 1)
    sign = integer_of(dataset, "PixelRepresentation", name, default=0)
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


def check_native_length(dataset: Dataset, name: str) -> None:
    """Refuse uncompressed pixels that are not as many as the header says."""
    keyword = next(key for key in PIXEL_KEYWORDS if key in dataset)
    found = len(dataset[keyword].value or b"")
    samples = integer_of(dataset, "SamplesPerPixel", name)
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


def check_codestream(dataset: Dataset, syntax: UID, name: str) -> None:
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


def object_name(dataset: Dataset) -> str | None:
    """Return the standard's name of the SOP class; None for an unknown one, never its text.

    A damaged header can put anything into any attribute, a patient's name too.
    """
    sop_class = dataset.get("SOPClassUID")
    if not isinstance(sop_class, str):
        return None
    name = UID(sop_class, validation_mode=IGNORE).name
    return name if name != sop_class else None


def kind_of(dataset: Dataset) -> str:
    """Return what an object is, for a message."""
    name = object_name(dataset)
    return f" ({name})" if name else ""


def integer_of(dataset: Dataset, keyword: str, name: str, default: int | None = None) -> int:
    """Return a whole number of the header; the default where it is absent."""
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
