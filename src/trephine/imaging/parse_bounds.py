"""Parts of an image file, counted before its library takes them one by one.

A DICOM element, a PNG chunk and an entry of a TIFF directory take eight to twelve bytes and ten
microseconds, or memory of any size where many entries name the same bytes: a file of some
megabytes then takes minutes. No real image is near the counts of `trephine.imaging.limits`.
"""

from __future__ import annotations

import struct
from typing import IO, Any, Literal

from pydicom.datadict import dictionary_has_tag, dictionary_VR

from trephine.errors import ImageError
from trephine.imaging.limits import ImageLimits, raised_by

ByteOrder = Literal["little", "big"]

# Of a DICOM parser, for each element.
_READS = 2
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
               16: 8, 17: 8, 18: 8}  # fmt: skip


class CountedReads:
    """A file that a DICOM parser reads a bounded number of times.

    Parameters
    ----------
    file
        Open for reading.
    name
        For messages.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._read, self._called, self._count = file.read, name, 0
        self._most = _READS * ImageLimits.in_force().elements
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read as the file does.

        Raises
        ------
        ImageError
            If it was read too often.
        """
        self._count += 1
        if self._count > self._most:
            raise _too_many_parts(self._called, "elements")
        return self._read(size)


def check_sequences(elements: Any, name: str) -> None:
    """Refuse a parsed data set whose sequences, not parsed yet, are longer than any header.

    Parameters
    ----------
    elements
        The data set.
    name
        For messages.

    Raises
    ------
    ImageError
        If they are.
    """
    length = 0
    for tag in elements.keys():  # noqa: SIM118 - elements themselves would be parsed
        part = elements.get_item(tag)
        if isinstance(part.value, bytes) and _vr(part) == "SQ":
            length += len(part.value)
    if length > ImageLimits.in_force().sequence_bytes:
        raise _too_many_parts(name, "sequence_bytes")


def _vr(part: Any) -> str | None:
    """Return what the parser will take an element for, by its own word or by the dictionary."""
    if part.VR in (None, "UN") and dictionary_has_tag(part.tag):
        return dictionary_VR(part.tag)
    return part.VR if isinstance(part.VR, str) else None


def _too_many_parts(name: str, limit: str) -> ImageError:
    """Return the error for a header without end."""
    return ImageError(
        f"{name}: expected the header of an image, found one of more parts than any has; fetch it"
        f" again from the archive, or raise {raised_by(limit)} if it is real"
    )


def check_raster_parts(file: IO[bytes], name: str) -> None:
    """Refuse a PNG of too many chunks, and a TIFF whose entries are larger than the file.

    Parameters
    ----------
    file
        Open for reading at its beginning.
    name
        For messages.

    Raises
    ------
    ImageError
        If it is one. Damaged files are for their library to refuse.
    """
    head = file.read(16)
    size = file.seek(0, 2)
    if head[:4] == b"\x89PNG":
        _check_chunks(file, size, name)
    elif len(head) == 16:
        _check_directory(file, head, size, name)


def check_tiff_pages(file: IO[bytes], name: str) -> None:
    """Refuse a TIFF whose pages lead back to one before: whoever reads them all never ends.

    Parameters
    ----------
    file, name
        As for `check_raster_parts`.

    Raises
    ------
    ImageError
        If they do, or are more than the chunks that a PNG may have.
    """
    file.seek(0)
    head = file.read(16)
    size = file.seek(0, 2)
    if len(head) < 16 or head[:2] not in (b"II", b"MM"):
        return
    order, place, big = _first_directory(head)
    word, step, width = (8, 8, 20) if big else (4, 2, 12)
    seen: set[int] = set()
    while 0 < place < size:
        if place in seen or len(seen) >= ImageLimits.in_force().chunks:
            raise ImageError(
                f"{name}: expected a TIFF with one page after the other, found pages in a circle;"
                " save it again"
            )
        seen.add(place)
        file.seek(place)
        file.seek(int.from_bytes(file.read(step), order) * width, 1)
        place = int.from_bytes(file.read(word), order)


def _first_directory(head: bytes) -> tuple[ByteOrder, int, bool]:
    """Return a TIFF's order of bytes, the place of its first directory, and whether it is big."""
    order: ByteOrder = "little" if head[:2] == b"II" else "big"
    big = head[2:4] in (b"+\0", b"\0+")
    place = head[8:16] if big else head[4:8]
    return order, int.from_bytes(place, order), big


def _check_chunks(file: IO[bytes], size: int, name: str) -> None:
    place = 8
    most = ImageLimits.in_force().chunks
    for _ in range(most):
        file.seek(place)
        head = file.read(8)
        place += 12 + int.from_bytes(head[:4], "big")
        if place >= size or head[4:] == b"IEND":
            return
    raise ImageError(
        f"{name}: expected a PNG of at most {most} chunks, found more; save it again, or raise"
        f" {raised_by('chunks')} if it is real"
    )


def _check_directory(file: IO[bytes], head: bytes, size: int, name: str) -> None:
    """Add up what the entries of the first directory name: each byte of a file is named once."""
    order, place, big = _first_directory(head)
    if place >= size:
        return
    file.seek(place)
    count = int.from_bytes(file.read(8 if big else 2), order)
    width, kinds = (20, "HHQ") if big else (12, "HHI")
    form = ("<" if order == "little" else ">") + kinds
    entries = file.read(min(count, 1 << 16) * width)
    named = 0
    for start in range(0, len(entries) - width + 1, width):
        _, kind, n = struct.unpack_from(form, entries, start)
        named += n * _TYPE_BYTES.get(kind, 1)
    if named > size:
        raise ImageError(
            f"{name}: expected a TIFF whose entries lie in the file, found entries of {named} bytes"
            f" in a file of {size}; save it again"
        )
