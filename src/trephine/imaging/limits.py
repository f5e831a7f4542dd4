"""How large an image may be, asked before anything is parsed, inflated or allocated.

A file of a few kilobytes can declare gigabytes, and one of some megabytes parts without end. These
numbers stop that, in one place for every format. Where a real image needs more, an operator raises
a limit by an environment variable, and a study file under ``[limits.image]`` by the variable's last
words (`trephine.limits`):

=================================  ===========  ====================================================
variable                           default      why
=================================  ===========  ====================================================
``TREPHINE_MAX_FILE_BYTES``        4 GiB        the file itself
``TREPHINE_MAX_PLANE_PIXELS``      62000000     rows x columns: 8636 x 7112, a 14 x 17 inch film
                                                at 50 micrometres; less than 1 GiB in all. A pixel
                                                of JPEG 2000 counts as two.
``TREPHINE_MAX_PIXELS``            268435456    voxels of a volume: CT of 512 x 512 x 1024; 2 GiB as
                                                float64
``TREPHINE_MAX_INFLATION``         100          bytes of values for each byte sent, asked of images
                                                of more than 16777216 pixels (4096 x 4096): noise
                                                keeps real images below 10. Masks, which are mostly
                                                zeros, are not asked.
``TREPHINE_MAX_ELEMENTS``          125000       of a DICOM header: a thousand frames described take
                                                50,000
``TREPHINE_MAX_SEQUENCE_BYTES``    4 MiB        of all sequences of a DICOM header: a thousand
                                                frames described take one
``TREPHINE_MAX_CHUNKS``            50000        of a PNG: encoders write chunks of 8 kB or more, and
                                                62 megapixels of 16 bits are 15,000 such
``TREPHINE_MAX_HEADER_BYTES``      1 MiB        of an NRRD or MetaImage header; those of 3D Slicer
                                                are long, and none is near this
=================================  ===========  ====================================================
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import prod
from pathlib import Path
from typing import Self

from trephine.errors import ImageError, InputError
from trephine.limits import OperatorLimits

# Images up to this size cost little whatever they inflate from.
SMALL_PIXELS = 1 << 24
_PIECE = 1 << 22


@dataclass(frozen=True)
class ImageLimits(OperatorLimits):
    """What is read; see the module for the reasons.

    Attributes
    ----------
    file_bytes
        Of the file on disk.
    plane_pixels
        Rows x columns.
    pixels
        All values of a volume.
    inflation
        Bytes of values a byte sent.
    elements
        Of a DICOM header, nested ones included.
    sequence_bytes
        Of all sequences of a DICOM header that state their length.
    chunks
        Of a PNG.
    header_bytes
        Of an NRRD or MetaImage header.
    """

    kind = "image"
    variable = "TREPHINE_MAX_"
    example = "TREPHINE_MAX_PIXELS=500000000"

    file_bytes: int = 1 << 32
    plane_pixels: int = 62_000_000
    pixels: int = 1 << 28
    inflation: int = 100
    elements: int = 125_000
    sequence_bytes: int = 4_194_304
    chunks: int = 50_000
    header_bytes: int = 1_048_576

    @classmethod
    def from_environment(cls) -> Self:
        """Return the limits before a study file has its word; each has a variable of its own.

        Raises
        ------
        InputError
            If a variable is not a whole number above 0.
        """
        given: dict[str, int] = {}
        for field in fields(cls):
            variable = cls.raised_by(field.name)
            text = os.environ.get(variable, "").strip()
            if not text:
                continue
            if not (text.isascii() and text.isdigit() and int(text) > 0):
                raise InputError(
                    f"{variable}: expected a whole number above 0 in the environment, found"
                    f" {text!r}"
                )
            given[field.name] = int(text)
        return cls(**given)

    @classmethod
    def raised_by(cls, limit: str, number: int | None = None) -> str:
        """Return the environment variable that raises a limit."""
        return f"{cls.variable}{limit.upper()}"


def raised_by(limit: str) -> str:
    """Return the words for what raises a limit: a key of the study file, or the environment."""
    return f"{limit} under [limits.image] in the study file, or {ImageLimits.raised_by(limit)}"


def check_file_bytes(path: Path, name: str | None = None) -> int:
    """Return a file's size; refuse one that is too large.

    Raises
    ------
    ImageError
        If it is larger than the limit.
    OSError
        If it is not there.
    """
    size = path.stat().st_size
    _check(size, "file_bytes", "bytes", str(size), name or path.name)
    return size


def check_pixels(shape: Sequence[int], name: str, *, times: int = 1) -> int:
    """Return how many values a shape holds; refuse more than are read.

    Parameters
    ----------
    shape
        As the header declares it, in any order; two axes are a plane, and of more the last two or
        the first two count as one, whichever is larger.
    name
        File name for messages.
    times
        As how many pixels one counts, as decoders differ in what they take.

    Raises
    ------
    ImageError
        If the plane or the whole is larger than the limits.
    """
    sizes = [int(size) for size in shape]
    told = " x ".join(map(str, sizes))
    plane = max(prod(sizes[:2]), prod(sizes[-2:]))
    _check(prod(sizes), "pixels", "pixels", told, name)
    if sum(size > 1 for size in sizes) <= 2:
        plane = prod(sizes)
    counted = "pixels in a plane"
    if times > 1:
        counted += f" ({times} for each one, as it is coded)"
    _check(plane * times, "plane_pixels", counted, told, name)
    return prod(sizes)


def check_inflation(pixels: int, value_bytes: int, sent_bytes: int, name: str) -> None:
    """Refuse a large image that inflates from next to nothing, as no real one does.

    Parameters
    ----------
    pixels
        How many values are declared.
    value_bytes
        How many bytes they take once inflated.
    sent_bytes
        How many bytes hold them in the file.
    name
        File name for messages.

    Raises
    ------
    ImageError
        If it is larger than `SMALL_PIXELS` and inflates more than the limit.
    """
    limit = ImageLimits.in_force().inflation
    if pixels > SMALL_PIXELS and value_bytes > limit * max(sent_bytes, 1):
        raise ImageError(
            f"{name}: expected an image that compresses to no less than 1/{limit} of its values,"
            f" found {value_bytes} bytes declared in {sent_bytes}; it is empty or its header is"
            f" damaged (raise {raised_by('inflation')} if it is real)"
        )


def inflate_deflated(data: bytes, name: str) -> bytes:
    """Inflate a raw deflate stream (PS3.5 A.5), no further than the limits.

    Raises
    ------
    ImageError
        If it inflates beyond what the largest image needs, or is damaged or truncated.
    """
    limits = ImageLimits.in_force()
    # Two bytes a pixel, and headers; the tail of a stream may not be smaller than the limit says.
    most = min(2 * limits.pixels, max(len(data) * limits.inflation, 2 * SMALL_PIXELS)) + (1 << 24)
    try:
        size, whole = _inflated_size(data, most)
        inflated = zlib.decompress(data[:whole], -zlib.MAX_WBITS, size) if whole else b""
    except zlib.error:
        raise ImageError(
            f"{name}: expected a whole compressed file, found a damaged one; fetch it again"
        ) from None
    if size > most:
        raise ImageError(
            f"{name}: expected a file that inflates to at most {most} bytes, found more"
            f" ({raised_by('pixels')} and {raised_by('inflation')} raise this)"
        )
    if not whole:
        raise ImageError(
            f"{name}: expected a whole compressed file, found one that stops early; fetch it again"
        )
    return inflated


def _inflated_size(data: bytes, most: int) -> tuple[int, int]:
    """Return how many bytes a raw deflate stream inflates to, and its own length.

    Nothing is kept, so that a bomb takes no memory. The length is 0 for a stream that goes on
    beyond ``most`` bytes, or stops early.
    """
    stream, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    rest = data
    while not stream.eof and size <= most:
        piece = len(stream.decompress(rest, _PIECE))
        rest = stream.unconsumed_tail
        size += piece
        if not piece and not rest:
            break
    return size, len(data) - len(stream.unused_data) if stream.eof and size <= most else 0


def _check(found: int, limit: str, unit: str, told: str, name: str) -> None:
    most = getattr(ImageLimits.in_force(), limit)
    if found > most:
        raise ImageError(
            f"{name}: expected at most {most} {unit}, found {told}; if that is real, raise"
            f" {raised_by(limit)}"
        )
