"""Readings stay in their folder, whatever somebody else has put there."""

from __future__ import annotations

from pathlib import Path

from trephine.errors import InputError
from trephine.paths import ANNOTATIONS, held_inside


def kept_inside(path: Path, folder: Path) -> Path:
    """Return a path of readings, links resolved, which have to stay in a folder.

    Raises
    ------
    InputError
        If a link leads it out.
    """
    try:
        return held_inside(path, folder)
    except InputError:
        raise InputError(
            f"{ANNOTATIONS}: expected files and folders of its own, found a link that leads out of"
            " it, which is not followed; put what it leads to in its place"
        ) from None
