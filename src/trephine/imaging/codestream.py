"""The header of a compressed frame, compared with the data set before any decoder sees it.

Decoders written in C fill what is missing with grey, or abort the whole process, when the size in
the stream and the size they were promised differ; so the stream's own header is read first.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import UID

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAME_HEADERS = {
    *range(0xC0, 0xD0),  # JPEG processes 1 to 14
    0xF7,  # JPEG-LS
} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}
_J2K_START, _JP2_BOX = b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "


@dataclass(frozen=True)
class FrameHeader:
    """What a compressed frame says of itself.

    Attributes
    ----------
    rows, columns, samples
        Its size.
    precision
        Bits a sample.
    ended
        Whether its end marker is there.
    """

    rows: int
    columns: int
    samples: int
    precision: int
    ended: bool


def frame_header(frame: bytes, syntax: UID) -> FrameHeader | None:
    """Return the header of a JPEG, JPEG-LS or JPEG 2000 frame, or None where it is damaged.

    Parameters
    ----------
    frame
        One compressed frame, without DICOM's item tags.
    syntax
        Its transfer syntax.
    """
    try:
        return _jpeg2000(frame) if "2000" in syntax.name else _jpeg(frame)
    except IndexError:
        return None


def _jpeg(frame: bytes) -> FrameHeader | None:
    """Walk the marker segments up to the first scan (ITU-T T.81 annex B, T.87 annex C)."""
    if frame[:2] != bytes((0xFF, _SOI)):
        return None
    position, found = 2, None
    while True:
        if frame[position] != 0xFF:
            return None
        while frame[position] == 0xFF:  # fill bytes
            position += 1
        marker = frame[position]
        position += 1
        if marker in _ALONE:
            continue
        length = _number(frame, position)
        if marker in _FRAME_HEADERS:
            found = FrameHeader(
                rows=_number(frame, position + 3),
                columns=_number(frame, position + 5),
                samples=frame[position + 7],
                precision=frame[position + 2],
                ended=bytes((0xFF, _EOI)) in frame[-16:],
            )
        if marker == _SOS:
            return found
        if length < 2 or marker == _EOI:
            return None
        position += length


def _jpeg2000(frame: bytes) -> FrameHeader | None:
    """Read the SIZ segment (ITU-T T.800 annex A.5.1)."""
    start = frame.find(_J2K_START) if frame[:8] == _JP2_BOX else 0
    if start < 0 or frame[start : start + 4] != _J2K_START:
        return None
    siz = start + 4
    width, height = _number(frame, siz + 4, 4), _number(frame, siz + 8, 4)
    left, top = _number(frame, siz + 12, 4), _number(frame, siz + 16, 4)
    return FrameHeader(
        rows=height - top,
        columns=width - left,
        samples=_number(frame, siz + 36),
        precision=(frame[siz + 38] & 0x7F) + 1,
        ended=bytes((0xFF, _EOI)) in frame[-16:],
    )


def _number(frame: bytes, position: int, size: int = 2) -> int:
    if position + size > len(frame):
        raise IndexError
    return int.from_bytes(frame[position : position + size], "big")
