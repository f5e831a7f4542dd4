"""What was read, byte for byte: digests that are those of the very bytes that were analysed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from trephine.errors import ImageError, Problem, StudyProblemsError
from trephine.imaging import file_sha256

Read = TypeVar("Read")

# Of each file: device, inode, size, and times of the last change in nanoseconds.
FileState = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Fingerprint:
    """A file, or a folder of slices, as it was read.

    Attributes
    ----------
    sha256
        Of its bytes.
    state
        What the system said of it then: as long as that stays, it need not be digested again.
    """

    sha256: str
    state: FileState


def fingerprint(path: Path) -> Fingerprint:
    """Take a file's fingerprint.

    Raises
    ------
    ImageError
        If it cannot be read, or changes meanwhile.
    """
    before = _state(path)
    sha256 = file_sha256(path)
    if _state(path) != before:
        raise ImageError(f"{path.name}: {_CHANGED}")
    return Fingerprint(sha256, before)


@contextmanager
def held_to(path: Path, sha256: str) -> Iterator[None]:
    """Make sure that what is read from a file in a ``with`` block has this digest.

    The file is digested after it was read, and the system must not have seen it change between.

    Raises
    ------
    ImageError
        If it is another file, or changed meanwhile.
    """
    before = _state(path)
    yield
    if file_sha256(path) != sha256 or _state(path) != before:
        raise ImageError(f"{path.name}: {_CHANGED}")


def read_once(path: Path, read: Callable[[], Read]) -> tuple[Read, dict[Path, Fingerprint]]:
    """Read a table or a plan, and return it with its fingerprint.

    Raises
    ------
    StudyProblemsError
        If the file changes while it is read, or what ``read`` raises.
    """
    before = _state(path)
    result = read()
    sha256 = file_sha256(path)
    if _state(path) != before:
        problem = Problem(path.name, "a file that stays as it is", "one that is being written to")
        raise StudyProblemsError([problem])
    return result, {path: Fingerprint(sha256, before)}


def changed(fingerprints: Mapping[Path, Fingerprint], paths: Sequence[Path]) -> int:
    """Count the files that are no longer what was read."""
    return sum(_is_another(path, fingerprints[path]) for path in dict.fromkeys(paths))


_CHANGED = (
    "expected the file as it was when the work began, found that it changed meanwhile; let nothing"
    " write to it, and run the same command again"
)


def _is_another(path: Path, known: Fingerprint) -> bool:
    if _state(path) == known.state:
        return False
    try:
        return file_sha256(path) != known.sha256
    except ImageError:
        return True


def _state(path: Path) -> FileState:
    # As ``file_sha256``: a folder's hidden files are the file manager's.
    inside = (item for item in path.iterdir() if item.name[:1] != ".") if path.is_dir() else [path]
    files = sorted(inside)
    return tuple(state for file in files if (state := _state_of(file)) is not None)


def _state_of(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
