"""Finding a study's images and masks, and opening every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trephine.cohort.clinical import cells_as_read
from trephine.errors import Problem, StudyProblemsError
from trephine.executors import Progress
from trephine.plan import StudyPlan
from trephine.study.images.cross_check import cross_check
from trephine.study.images.files import (
    CaseFiles,
    few_drawn,
    find_files,
    unclaimed,
)
from trephine.study.images.fingerprints import Fingerprint, read_once
from trephine.study.images.listed_files import with_listed
from trephine.study.images.opening import check_files
from trephine.study.table.outcome import TableRows


@dataclass(frozen=True)
class FoundImages:
    """Files of the rows, the table that filled their paths, and its columns of whole paths."""

    files: CaseFiles
    frame: pd.DataFrame
    listed: Sequence[str]
    remarks: Sequence[str]


@dataclass(frozen=True)
class OpenedImages:
    """What came of opening all images and masks.

    Attributes
    ----------
    problems, remarks
        What is wrong, and what is worth knowing.
    files
        As they were read; None where none were opened.
    unchanged
        How many images an earlier check had opened already, of how many.
    """

    problems: Sequence[Problem] = ()
    remarks: Sequence[str] = ()
    files: CaseFiles | None = None
    unchanged: tuple[int, int] = (0, 0)


def find_images(
    plan: StudyPlan, frame: pd.DataFrame, rows: TableRows
) -> tuple[FoundImages | None, list[Problem], dict[Path, Fingerprint]]:
    """Find images and masks; return them, what is wrong, and the print of a list of files."""
    data, needed = plan.data, ~rows.without_outcome
    listed: list[str] = []
    remarks: list[str] = []
    taken: dict[Path, Fingerprint] = {}
    if data.manifest is not None:
        try:
            joined, taken = read_once(data.manifest, lambda: with_listed(frame, data, needed))
        except StudyProblemsError as error:
            return None, list(error.problems), {}
        frame, listed, problems, remarks = joined
        if problems:
            return None, problems, taken
    files, problems = find_files(frame, data, rows.sides, needed)
    if files is None:
        return None, problems, taken
    return FoundImages(files, frame, listed, remarks), problems, taken


def open_images(
    found: FoundImages,
    plan: StudyPlan,
    rows: TableRows,
    workers: int | None,
    progress: Progress | None,
) -> OpenedImages:
    """Open all images and masks of the rows that have an outcome."""
    data, needed = plan.data, ~rows.without_outcome
    checked = check_files(found.files, data, needed, workers=workers, progress=progress)
    more, remarks = cross_check(checked.seen, cells_as_read(found.frame, plan.clinical), rows, data)
    extra = unclaimed(found.files, found.frame, data, found.listed)
    problems = [*checked.problems, *more]
    if not problems:
        problems += few_drawn(checked.files.masks, needed)
    said = [*found.remarks, *remarks, *extra]
    return OpenedImages(problems, said, checked.files, (checked.unchanged, checked.total))
