"""Paths that come from a plan or from a table's cells, held inside the folders they belong to.

The rule, in one place:

- What the author of a study file writes there, he may choose freely: another disk, another folder,
  a link to one.
- What is filled in from a table's cell, and what a file is linked to, may not lead anywhere else:
  the filled and resolved path has to lie in the folder that the pattern spells out, in the study's
  folder, or in a folder listed as ``[data] outside``.
- Where other people's studies are run, the environment variable ``TREPHINE_CONFINED=1`` holds the
  study file itself to its folder too.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path

from trephine.errors import InputError

CONFINED = "TREPHINE_CONFINED"
# Where readings lie, beside the study file or in the folder of the images.
ANNOTATIONS = "annotations"
# In a rater's folder: masks that hold several regions by the study's labels; no region's name.
JOINT = "_regions"


def is_confined() -> bool:
    """Return whether study files are held to their own folder (``TREPHINE_CONFINED=1``).

    Raises
    ------
    InputError
        If the variable is neither 0 nor 1.
    """
    value = os.environ.get(CONFINED, "0").strip() or "0"
    if value not in ("0", "1"):
        raise InputError(f"{CONFINED}: expected 0 or 1 in the environment, found {value!r}")
    return value == "1"


def held_inside(path: Path | str, root: Path | str, *, outside: Sequence[Path | str] = ()) -> Path:
    """Return a path, links resolved, that has to lie in ``root`` or in a folder of ``outside``.

    Parameters
    ----------
    path
        After everything has been filled in; a relative one starts from ``root``. It need not exist.
    root, outside
        Folders, themselves links or not.

    Raises
    ------
    InputError
        If it leads elsewhere: by being absolute, by ``..``, by ``~`` or by a link. The message
        holds no part of the path, which may name a patient.
    """
    text = os.fspath(path)
    advice = "list the folder it leads to under outside if that is meant"
    if text.startswith("~"):
        raise InputError(f"path: expected a path inside its folder, found one in a home; {advice}")
    folders = [Path(root).resolve(), *(Path(folder).resolve() for folder in outside)]
    try:
        resolved = (folders[0] / text).resolve()
    except (OSError, RuntimeError, ValueError):
        raise InputError(
            "path: expected a path that can be followed, found links in a circle or a name that no"
            " file can have"
        ) from None
    if any(resolved.is_relative_to(folder) for folder in folders):
        return resolved
    raise InputError(
        f"path: expected a path inside its folder, found {_way_out(text, folders[0])}; {advice}"
    )


def _way_out(text: str, root: Path) -> str:
    """Say how a path leaves, without its text."""
    plain = Path(os.path.normpath(root / text))
    if plain.is_relative_to(root):
        return "a link that leads out of it"
    return "an absolute path" if Path(text).is_absolute() else "one that leads out of it by .."


def without_name(text: str, path: Path, instead: str = "the file") -> str:
    """Return a text without the name of a file, which may hold an identifier.

    Of a folder (a series), the names of what lies in it are taken out too. A name of a few letters,
    such as a folder ``a``, is taken out where messages begin with it; elsewhere it would be a word.
    """
    text = text.replace(str(path), instead)
    try:
        inside = [entry.name for entry in path.iterdir()] if path.is_dir() else []
    except OSError:
        inside = []
    for name in (*sorted(inside, key=len, reverse=True), path.name):
        if name not in text:
            continue
        if text.startswith(f"{name}:"):
            text = instead + text[len(name) :]
        if len(name) > 3 or not name.isalpha():
            alone = rf"(?<![\w.]){re.escape(name)}(?!\w)"
            text = re.sub(alone, lambda _: instead, text)
    return text


def fixed_folder(pattern: str) -> Path:
    """Return the folder that a pattern spells out before its first ``{column}``."""
    before, brace, _ = pattern.partition("{")
    if not brace:
        return Path(pattern).parent
    return Path(before[: before.rfind("/") + 1] or ".")


def irregular(path: Path) -> str | None:
    """Return what stands at a path where it is no regular file, and None where it is one.

    Links are followed: a link to a device is a device.

    Raises
    ------
    OSError
        If nothing is there, or it may not be looked at.
    """
    return _irregular_mode(path.stat().st_mode)


def _irregular_mode(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def regular_text(path: Path) -> str:
    """Return the text of a regular file, in UTF-8; other bytes as replacement characters.

    Raises
    ------
    InputError
        If it is a folder, a pipe, a socket or a device.
    OSError
        If it cannot be read.
    """
    with open_regular(path) as file:
        return file.read().decode("utf-8", "replace")


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading; never waits for a pipe, never reads from a device.

    Raises
    ------
    InputError
        If it is a folder, a pipe, a socket or a device.
    OSError
        If it cannot be opened.
    """
    found = irregular(path)
    if found is None:
        # Without waiting, should the file have been exchanged for a pipe since.
        file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb")
        found = _irregular_mode(os.fstat(file.fileno()).st_mode)
        if found is None:
            return file
        file.close()
    raise InputError(f"{path.name}: expected a regular file, found {found}")
