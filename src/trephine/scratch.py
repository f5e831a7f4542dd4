"""Temporary folders that are private, and that do not outlive their process for long."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from trephine.writing import naming

# Windows removes nothing here: its own clean-up of temporary files does.
try:
    import fcntl
except ImportError:
    _LOCKS = False
else:
    _LOCKS = True

_PREFIX = "trephine-"
_OWNER = "owner"

# Folders of this process that are in use: whoever must end at once removes them first.
_open: set[Path] = set()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that only this user can enter, for the time of a ``with`` block.

    A process that is killed cannot remove its folder. Its lock on the file ``owner`` in it ends
    with it, so the next one that needs a folder finds it dead, and removes it.
    """
    remove_dead()
    with naming(Path(tempfile.gettempdir())):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        _open.add(folder)
        try:
            with _locked(folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            _open.discard(folder)


def remove_own() -> None:
    """Remove the folders of this process that are in use."""
    for folder in list(_open):
        shutil.rmtree(folder, ignore_errors=True)


def remove_dead() -> None:
    """Remove this user's folders whose process has ended without doing so."""
    if not _LOCKS:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder / _OWNER
        try:
            if folder in _open or folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with owner.open("r+b") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # in use, not one of ours, or gone meanwhile


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file for writing that only this user can read."""
    with naming(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock that says that this process lives."""
    draft = folder / f"{_OWNER}.part"
    with private_file(draft) as stream:
        if _LOCKS:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        stream.write(f"{os.getpid()}\n".encode())
        stream.flush()
        # Only a file that is locked already takes the name that others look for.
        if _LOCKS:
            os.replace(draft, folder / _OWNER)
        yield
