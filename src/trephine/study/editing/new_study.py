"""A new study in a folder: its tables, a dropped one stored, the draft written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO

from trephine.errors import InputError
from trephine.executors import Progress
from trephine.paths import held_inside
from trephine.study.draft.drafting import Draft, draft_study
from trephine.writing import whole_file, write_text

STUDY_FILE = "study.toml"


def write_draft(
    folder: Path, name: str = STUDY_FILE, table: str = "", progress: Progress | None = None
) -> tuple[Path, Draft]:
    """Write a study file from what lies in a folder, and the list of paths that it may need.

    Parameters
    ----------
    folder
        With a table and, where there are any, images and masks.
    name
        Of the study file.
    table
        Name of the cases' table; the likeliest if empty.
    progress
        Called with (done, total) by file that is looked at.

    Returns
    -------
    The study file, and its draft.

    Raises
    ------
    InputError
        If there is a file of this name, no folder or no table.
    StudyProblemsError
        If no table can be read.
    """
    target = folder / name
    if target.exists():
        raise InputError(f"{target}: expected no such file yet, found one; choose another --name")
    draft = draft_study(folder, free_name(folder, "images", ".csv"), progress, table)
    write_text(target, draft.text)
    if draft.listed:
        write_text(folder / draft.listed_in, draft.listed)
    return target, draft


def start_study(folder: Path, table: str) -> Path:
    """Write the draft of a study by one table of a folder, and return its file.

    Raises
    ------
    InputError
        As `write_draft`.
    """
    path, _ = write_draft(folder, STUDY_FILE, table)
    return path


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
