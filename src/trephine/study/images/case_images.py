"""Finding a study's images and masks, and opening every one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.clinical import cells_as_read
from trephine.cohort.follow_up import DAYS
from trephine.errors import Problem, StudyProblemsError, grouped
from trephine.executors import Progress
from trephine.plan import StudyPlan
from trephine.study.images.cross_check import cross_check
from trephine.study.images.files import (
    CaseFiles,
    few_drawn,
    find_files,
    unclaimed,
)
from trephine.study.images.filling import is_absent
from trephine.study.images.fingerprints import Fingerprint, read_once
from trephine.study.images.frames import frames_of_reference
from trephine.study.images.listed_files import with_listed
from trephine.study.images.opening import check_files
from trephine.study.images.taken_later import taken_later
from trephine.study.table.outcome import TableRows
from trephine.types import BoolArray

MISSING = "Image or mask missing"
UNUSABLE = "Image or mask cannot be used"


@dataclass(frozen=True)
class FoundImages:
    """Files of the rows, the table that filled their paths, and its columns of whole paths.

    ``needed`` are the rows to be opened, shape (n,), ``missing`` those left out as files lack.
    """

    files: CaseFiles
    frame: pd.DataFrame
    listed: Sequence[str]
    remarks: Sequence[str]
    needed: BoolArray
    missing: BoolArray


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
    left_out
        Reasons with the cases that each leaves out, shape (n,), where the plan says to go on.
    frames
        Frame of Reference UID of each row's image, of those that state one: compared, never shown.
    """

    problems: Sequence[Problem] = ()
    remarks: Sequence[str] = ()
    files: CaseFiles | None = None
    unchanged: tuple[int, int] = (0, 0)
    left_out: Sequence[tuple[str, BoolArray]] = ()
    frames: Mapping[int, str] = field(default_factory=dict, repr=False)


def find_images(
    plan: StudyPlan, frame: pd.DataFrame, rows: TableRows
) -> tuple[FoundImages | None, list[Problem], dict[Path, Fingerprint]]:
    """Find images and masks; return them, what is wrong, and the print of a list of files."""
    data, needed = plan.data, ~rows.unneeded
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
    missing = np.zeros(len(needed), dtype=np.bool_)
    if data.failures == "skip":
        missing = needed & _without_files(files)
        needed = needed & ~missing
        every = problems
        files, problems = find_files(frame, data, rows.sides, needed)
        assert files is not None  # its patterns have not changed
        remarks = [*remarks, *_as_remarks(one for one in every if one not in problems)]
    found = FoundImages(files, frame, listed, remarks, needed, missing)
    return found, problems, taken


def _latest(plan: StudyPlan) -> float:
    """Return how many days after the start prediction begins."""
    return (plan.outcome.landmark or 0.0) * DAYS[plan.outcome.unit]


def _without_files(files: CaseFiles) -> BoolArray:
    """Return the cases without an image or without the first rater's mask, shape (n,)."""
    masks = next(iter(files.masks.values()))
    return np.array(
        [
            is_absent(image) or mask is None or is_absent(mask)
            for image, mask in zip(files.images, masks, strict=True)
        ]
    )


def _as_remarks(problems: Iterable[Problem]) -> list[str]:
    """Return a sentence for each kind of problem that leaves cases out."""
    return [f"Left out, {one.where}: {one.sentence}." for one in grouped(problems)]


def open_images(
    found: FoundImages,
    plan: StudyPlan,
    rows: TableRows,
    workers: int | None,
    progress: Progress | None,
) -> OpenedImages:
    """Open all images and masks of the rows that have an outcome."""
    data, needed = plan.data, found.needed
    checked = check_files(found.files, data, needed, workers=workers, progress=progress)
    later = taken_later(checked.seen, found.frame, data.begins, _latest(plan))
    frame = cells_as_read(found.frame, plan.clinical)
    more, remarks = cross_check(checked.seen, frame, rows, data, later)
    extra = unclaimed(found.files, found.frame, data, found.listed)
    problems, unusable = list(checked.problems), np.zeros_like(needed)
    if data.failures == "skip":
        bad = {number for problem in problems for number in problem.rows}
        unusable = np.array([number in bad for number in rows.numbers])
        remarks, problems = [*remarks, *_as_remarks(problems)], []
    problems += more
    if not problems:
        problems += few_drawn(checked.files.masks, needed & ~unusable)
    said = [*found.remarks, *remarks, *extra]
    unchanged = checked.unchanged, checked.total
    left_out = ((MISSING, found.missing), (UNUSABLE, unusable))
    chosen = [one for one in left_out if one[1].any()]
    return OpenedImages(
        problems, said, checked.files, unchanged, chosen, frames_of_reference(checked.seen)
    )
