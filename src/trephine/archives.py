"""Opening zip and safetensors files from strangers: their directory is bounded before it is read.

`zipfile` reads the whole directory of an archive and makes an object of some 600 bytes for each
entry of 47, whatever is then asked of it, so that a file of a hundred megabytes takes gigabytes;
and it goes to any place that the directory names. Here the directory is bounded and places lie in
the file. What an archive says of the size of its members is for those who inflate them to bound.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import IO, cast

from trephine.limits import OperatorLimits


@dataclass(frozen=True)
class ArchiveLimits(OperatorLimits):
    """How long the lists of what an archive holds may be.

    Attributes
    ----------
    directory_bytes
        Of a zip file: some 90,000 entries without names, 20,000 with names of 160 letters.
    tensor_header_bytes
        Of a safetensors file: some 100,000 tensors. A model refitted a thousand times has a third
        of them.
    """

    kind = "archive"
    variable = "TREPHINE_ARCHIVE_LIMITS"
    example = "directory_bytes=16000000"

    directory_bytes: int = 4_194_304
    tensor_header_bytes: int = 8_388_608


def open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """Open an archive for reading.

    Parameters
    ----------
    file
        Open for reading, and seekable; it stays the caller's to close.

    Raises
    ------
    zipfile.BadZipFile
        If it is no archive, or its directory is larger than the limit.
    OSError
        If it cannot be read. Damaged ones end in other errors of the library too.
    """
    held = _Held(file)
    archive = zipfile.ZipFile(cast("IO[bytes]", held))
    held.most = held.size
    return archive


def bounded_tensors(content: bytes) -> bytes:
    """Return the bytes of a safetensors file; one whose header is longer than any is refused.

    Its library reads a header of 100 MB, a million tensors, into more than a gigabyte.

    Parameters
    ----------
    content
        The file: the header's length in its first eight bytes, little-endian.

    Raises
    ------
    ValueError
        If that length is more than the limit.
    """
    if int.from_bytes(content[:8], "little") > ArchiveLimits.in_force().tensor_header_bytes:
        raise ValueError("its header is too large")
    return content


class _Held:
    """A file that is read in pieces of at most ``most`` bytes, and only where it has some.

    `zipfile` reads the directory in one piece, so that its size is seen before it is taken.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        self.most = ArchiveLimits.in_force().directory_bytes
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """Read as much, or refuse to."""
        left = max(0, self.size - self._file.tell())
        wanted = left if size < 0 else min(size, left)
        if wanted > self.most:
            raise zipfile.BadZipFile("its directory is too large")
        return self._file.read(wanted)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place that there is."""
        if whence == io.SEEK_SET and not 0 <= place <= self.size:
            raise zipfile.BadZipFile("it names a place outside itself")
        return self._file.seek(place, whence)

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True
