"""Drawings as PNG files, packed for what they are: flat, with rows that repeat the row above.

An encoder that tries all five of PNG's row filters on every row, as Pillow's does, spends more time
on the choice than on the packing, and a report holds a hundred megapixels. In a drawing nearly
every row equals the one above it, so that one filter, "up", is right throughout.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image

PixelArray = npt.NDArray[np.uint8]
"""Rows from the top, columns, and red, green and blue."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2
_RGB = 2
# From level 4 on zlib weighs every match against the next: a tenth smaller, twice the time.
_LEVEL = 3


def png_bytes(picture: PixelArray, dpi: int) -> bytes:
    """Return a picture as a PNG file, without loss.

    Parameters
    ----------
    picture
        Shape (rows, columns, 3).
    dpi
        Resolution that the file states.

    Notes
    -----
    W3C, Portable Network Graphics (Third Edition), sections 5, 9.2 (filter type 2) and 11.3.4.3.
    """
    rows, columns, _ = picture.shape
    lines = picture.reshape(rows, columns * 3)
    filtered = np.empty((rows, columns * 3 + 1), dtype=np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = lines[0]
    np.subtract(lines[1:], lines[:-1], out=filtered[1:, 1:])  # modulo 256, as the filter asks
    a_metre = round(dpi / 0.0254)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, _RGB, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", a_metre, a_metre, 1)),
            _chunk(b"IDAT", zlib.compress(filtered.data, _LEVEL)),
            _chunk(b"IEND", b""),
        )
    )


def halved(picture: PixelArray) -> PixelArray:
    """Return the picture at half its resolution, each pixel the mean of four."""
    return np.asarray(Image.fromarray(picture).reduce(2))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
