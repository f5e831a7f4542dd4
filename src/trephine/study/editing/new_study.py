"""A new study in a folder: the draft written of what lies there."""

from __future__ import annotations

from pathlib import Path

from trephine.errors import InputError
from trephine.executors import Progress
from trephine.study.draft.drafting import Draft, draft_study
from trephine.study.editing.stored_table import free_name
from trephine.writing import write_text

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
