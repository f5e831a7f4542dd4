"""A table that was dropped on the page, stored in a folder; needs nothing that reads tables."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO

from trephine.paths import held_inside
from trephine.writing import whole_file


def free_name(folder: Path, stem: str, suffix: str) -> str:
    """Return a name that no file of a folder has: "table.csv", "table-2.csv"."""
    number = 2
    name = f"{stem}{suffix}"
    while (folder / name).exists():
        name, number = f"{stem}-{number}{suffix}", number + 1
    return name


def store_table(file: IO[bytes], suffix: str, folder: Path) -> str:
    """Store a table that was sent, under a name of our own: its own may name a patient.

    Parameters
    ----------
    file
        With its bytes.
    suffix
        One of the endings that tables have.
    folder
        Where it goes.

    Returns
    -------
    The name.
    """
    name = free_name(folder, "table", suffix)
    with whole_file(held_inside(folder / name, folder)) as draft, draft.open("xb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
    return name
