"""Pixels decoded and written anew: nothing but their values stays.

Comments and application segments of a compressed stream, bytes behind its end or behind the last
pixel, bits that no grey value uses, palettes, tables and second pixel elements all go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.processing import apply_color_lut, convert_color_space
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from trephine.errors import ImageError
from trephine.imaging.decode import Stored, decode_stored
from trephine.imaging.deidentify.tables import keep_needed_tables
from trephine.imaging.padding import padding_of
from trephine.imaging.spare_bits import declared_overlays, refuse_values_above

PixelKind = Literal["grey", "colour", "mask", "float"]

_MOST_SAMPLES = 1 << 30
_LOSSY = {
    JPEGBaseline8Bit: "ISO_10918_1",
    JPEGExtended12Bit: "ISO_10918_1",
    JPEGLSNearLossless: "ISO_14495_1",
    JPEG2000: "ISO_15444_1",
    HTJ2K: "ISO_15444_15",
}
_FLOATS = {"FloatPixelData": np.float32, "DoubleFloatPixelData": np.float64}
_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420")


@dataclass(frozen=True)
class Frames:
    """The pixels of an image as they were written.

    Attributes
    ----------
    values
        (frames, rows, columns) or (frames, rows, columns, 3).
    kind
        "mask" for one bit a pixel, "float" for parametric maps.
    """

    values: Stored
    kind: PixelKind


@dataclass(frozen=True)
class _Layout:
    frames: int
    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high: int
    signed: bool
    photometric: str

    @property
    def count(self) -> int:
        return self.frames * self.rows * self.columns * self.samples

    @property
    def shape(self) -> tuple[int, ...]:
        one = (self.frames, self.rows, self.columns)
        return one if self.samples == 1 else (*one, self.samples)


def rewrite_pixels(cleaned: Dataset, original: Dataset, syntax: UID, name: str) -> Frames:
    """Replace the pixel element by one with the same values and nothing else.

    Parameters
    ----------
    cleaned
        Changed: gets uncompressed little-endian pixels and the attributes that describe them.
    original, syntax
        As read.
    name
        What to call the file in messages.

    Raises
    ------
    ImageError
        If the pixels cannot be decoded, or contradict the header.
    """
    if "PixelData" not in cleaned:
        return _rewrite_floats(cleaned, original, syntax, name)
    for word in _FLOATS:
        cleaned.pop(word, None)
    layout = _layout(original, name)
    raw = bytes(original["PixelData"].value or b"")
    if layout.allocated == 1:
        return _rewrite_mask(cleaned, raw, layout, syntax, name)
    if syntax.is_encapsulated:
        values = _decoded(original, raw, layout, name)
    else:
        values = _native(original, raw, layout, syntax, name)
    values = _without_unused_bits(values, layout, original, name)
    colour = layout.photometric in _COLOURS and syntax.is_encapsulated
    photometric = "RGB" if colour else layout.photometric
    if photometric == "PALETTE COLOR":
        values, photometric = _coloured(values, original, name), "RGB"
        cleaned.BitsAllocated = cleaned.BitsStored = values.dtype.itemsize * 8
        cleaned.HighBit, cleaned.PixelRepresentation = values.dtype.itemsize * 8 - 1, 0
    else:
        cleaned.HighBit = layout.stored - 1
    if layout.high != layout.stored - 1:  # it was on the scale of the values before they moved
        for word in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
            cleaned.pop(word, None)
    _describe(cleaned, values, photometric)
    keep_needed_tables(cleaned, values, syntax.is_little_endian, name)
    if syntax in _LOSSY:
        _state_loss(cleaned, _LOSSY[syntax])
    _write(cleaned, "PixelData", values)
    if photometric == "YBR_FULL":
        return Frames(convert_color_space(values, "YBR_FULL", "RGB"), "colour")
    return Frames(values, "grey" if values.ndim == 3 else "colour")


def _layout(dataset: Dataset, name: str) -> _Layout:
    def number(keyword: str, default: int | None = None) -> int:
        value = dataset.get(keyword)
        if value in (None, "") and default is not None:
            return default
        return int(value)

    stored = number("BitsStored", number("BitsAllocated"))
    layout = _Layout(
        number("NumberOfFrames", 1),
        number("Rows"),
        number("Columns"),
        number("SamplesPerPixel", 1),
        number("BitsAllocated"),
        stored,
        number("HighBit", stored - 1),
        bool(number("PixelRepresentation", 0)),
        str(dataset.get("PhotometricInterpretation") or "").strip(),
    )
    if min(layout.frames, layout.rows, layout.columns) < 1 or not 0 < layout.count <= _MOST_SAMPLES:
        raise ImageError(f"{name}: expected between 1 and {_MOST_SAMPLES} samples, found others")
    if layout.photometric not in (*_GREY, *_COLOURS):
        raise ImageError(f"{name}: expected a photometric interpretation of the standard")
    if layout.samples != (3 if layout.photometric in _COLOURS else 1):
        raise ImageError(f"{name}: expected one sample a pixel, or three for colour, found others")
    fits = layout.allocated in (1, 8, 16, 32) and 0 < layout.stored <= layout.allocated
    if not fits or not layout.stored - 1 <= layout.high < layout.allocated:
        raise ImageError(
            f"{name}: expected 1, 8, 16 or 32 bits allocated and the bits stored within them, found"
            f" {layout.allocated} allocated, {layout.stored} stored, high bit {layout.high}"
        )
    return layout


def _native(
    dataset: Dataset, raw: bytes, layout: _Layout, syntax: UID, name: str
) -> npt.NDArray[np.generic]:
    """Return uncompressed pixels as they lie, without what follows the last."""
    if layout.photometric == "YBR_FULL_422":
        raise ImageError(
            f"{name}: expected whole colour samples, found uncompressed YBR_FULL_422; export it as"
            " RGB"
        )
    width = layout.allocated // 8
    if len(raw) < layout.count * width:
        raise ImageError(
            f"{name}: expected {layout.count * width} bytes of pixels, found {len(raw)}; the file"
            " is truncated: fetch it again"
        )
    big = not syntax.is_little_endian
    if big and width == 1 and dataset["PixelData"].VR == "OW":
        even = raw[: len(raw) // 2 * 2]
        raw = np.frombuffer(even, ">u2").astype("<u2").tobytes()
    order = ">" if big else "<"
    values = np.frombuffer(raw, f"{order}u{width}", count=layout.count).astype(f"<u{width}")
    if layout.samples == 3 and int(dataset.get("PlanarConfiguration") or 0) == 1:
        planes = values.reshape(layout.frames, 3, layout.rows, layout.columns)
        return np.ascontiguousarray(np.moveaxis(planes, 1, -1))
    return values.reshape(layout.shape)


def _decoded(dataset: Dataset, raw: bytes, layout: _Layout, name: str) -> Stored:
    """Return compressed pixels, frame by frame; colour comes as RGB."""
    single = Dataset()
    for word in (
        "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
        "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration", "SOPClassUID",
        "SOPInstanceUID", "PixelPaddingValue", "PixelPaddingRangeLimit",
    ):  # fmt: skip
        if word in dataset:
            single[word] = dataset[word]
    single.file_meta = FileMetaDataset()
    single.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    frames = []
    for frame in generate_frames(raw, number_of_frames=layout.frames):
        single.PixelData = encapsulate([frame])
        single["PixelData"].VR = "OB"
        single["PixelData"].is_undefined_length = True
        frames.append(decode_stored(single, name))
    if len(frames) != layout.frames:
        raise ImageError(f"{name}: expected {layout.frames} frames, found {len(frames)}")
    return np.stack(frames).reshape(layout.shape)


def _without_unused_bits(values: Stored, layout: _Layout, original: Dataset, name: str) -> Stored:
    """Return values of Bits Stored bits: what lay above or below them was no grey value.

    Older equipment keeps overlays there, with the patient's name drawn in them. Values that need
    more bits than the header says are refused: cleared, they would be others.
    """
    width = layout.allocated // 8
    unsigned = np.dtype(f"<u{width}")
    below = layout.high + 1 - layout.stored
    bits = values.astype(unsigned, copy=False) >> unsigned.type(below)
    padding = None if below else padding_of(values.view(_kind(layout)), original)
    if layout.samples == 1:
        raw = bits if padding is None else np.where(padding, unsigned.type(0), bits)
        ignored = declared_overlays(original) >> below
        refuse_values_above(raw, layout.stored, layout.signed, ignored, name)
    free = layout.allocated - layout.stored
    lifted = np.asarray(bits << unsigned.type(free), dtype=unsigned).view(_kind(layout))
    cleared = np.asarray(lifted >> lifted.dtype.type(free))
    if padding is not None:
        np.copyto(cleared, values.view(_kind(layout)), where=padding)
    return cleared


def _kind(layout: _Layout) -> str:
    return f"<{'i' if layout.signed else 'u'}{layout.allocated // 8}"


def _coloured(values: Stored, original: Dataset, name: str) -> Stored:
    """Return the colours that a palette gives: of the palette itself nothing stays."""
    try:
        return np.asarray(apply_color_lut(np.asarray(values), original))
    except Exception as error:  # pydicom raises many kinds on a malformed palette
        raise ImageError(f"{name}: expected a readable palette, found a malformed one") from error


def _rewrite_mask(cleaned: Dataset, raw: bytes, layout: _Layout, syntax: UID, name: str) -> Frames:
    """Rewrite one bit a pixel: the bits behind the last are cleared."""
    size = (layout.count + 7) // 8
    if syntax.is_encapsulated or len(raw) < size:
        raise ImageError(f"{name}: expected {size} bytes of uncompressed mask, found others")
    bits = np.unpackbits(
        np.frombuffer(raw, np.uint8, count=size), count=layout.count, bitorder="little"
    )
    packed = np.packbits(bits, bitorder="little").tobytes()
    cleaned.HighBit = 0
    cleaned.PixelData = packed + b"\0" * (len(packed) % 2)
    cleaned["PixelData"].VR = "OB"
    keep_needed_tables(cleaned, bits, syntax.is_little_endian, name)
    return Frames(bits.reshape(layout.shape), "mask")


def _rewrite_floats(cleaned: Dataset, original: Dataset, syntax: UID, name: str) -> Frames:
    word = next(word for word in _FLOATS if word in original)
    for other in _FLOATS:
        if other != word:
            cleaned.pop(other, None)
    kind = np.dtype(_FLOATS[word]).newbyteorder("<" if syntax.is_little_endian else ">")
    shape = (int(original.get("NumberOfFrames") or 1), int(original.Rows), int(original.Columns))
    count, raw = int(np.prod(shape)), bytes(original[word].value or b"")
    if syntax.is_encapsulated or not 0 < count <= _MOST_SAMPLES or len(raw) < count * kind.itemsize:
        raise ImageError(f"{name}: expected whole uncompressed pixels, found fewer bytes")
    values = np.frombuffer(raw, kind, count=count).astype(_FLOATS[word]).reshape(shape)
    if not np.all(np.isfinite(values)):
        raise ImageError(f"{name}: expected finite pixels, found NaN or infinite ones")
    keep_needed_tables(cleaned, values, syntax.is_little_endian, name)
    _write(cleaned, word, values)
    return Frames(values, "float")


def _describe(cleaned: Dataset, values: Stored, photometric: str) -> None:
    cleaned.PhotometricInterpretation = photometric
    cleaned.SamplesPerPixel = 3 if values.ndim == 4 else 1
    if values.ndim == 4:
        cleaned.PlanarConfiguration = 0
    else:
        cleaned.pop("PlanarConfiguration", None)


def _state_loss(cleaned: Dataset, method: str) -> None:
    """Keep on record that the values have been through a lossy compression."""
    cleaned.LossyImageCompression = "01"
    if not cleaned.get("LossyImageCompressionMethod"):
        cleaned.LossyImageCompressionMethod = method


def _write(cleaned: Dataset, word: str, values: Stored) -> None:
    content = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    setattr(cleaned, word, content + b"\0" * (len(content) % 2))
    if word == "PixelData":
        cleaned[word].VR = "OB" if values.dtype.itemsize == 1 else "OW"
