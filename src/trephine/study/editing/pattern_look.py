"""What the paths of a study's images and masks lead to, case by case; nothing is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.imaging import is_image_path
from trephine.plan import StudyPlan
from trephine.study.editing.looks import PatternLook
from trephine.study.images.files import CaseFiles, find_files
from trephine.study.images.listed_files import with_listed
from trephine.study.table.tidying import read_study_table


def look_at_patterns(plan: StudyPlan) -> tuple[tuple[PatternLook, ...], list[Problem]]:
    """Count the files that a plan's patterns lead to, and name the rows without.

    Returns
    -------
    One look a pattern, and what is wrong with them.
    """
    bare = tuple(
        PatternLook(kind, rater, plan.data.shown(pattern), 0, (), needed)
        for kind, rater, pattern, needed in _patterns(plan)
    )
    try:
        table, _ = read_study_table(plan)
        data = table.plan.data
        frame, every = table.frame, np.ones(len(table.frame), dtype=np.bool_)
        if data.manifest is not None:
            frame, _, problems, _ = with_listed(frame, data, every)
            if problems:
                return bare, problems
        side = data.columns.side
        sides = list(frame[side]) if side in frame.columns else [None] * len(frame)
        files, problems = find_files(frame, data, sides, every)
    except StudyProblemsError as error:
        return bare, list(error.problems)
    except (InputError, OSError):
        return bare, []
    if files is None:
        return bare, problems
    rows = [int(number) for number in frame.index]
    return tuple(
        PatternLook(
            one.kind, one.rater, one.pattern, *_counted(_paths(files, one), rows), one.needed
        )
        for one in bare
    ), [one for one in problems if not one.rows]


def _patterns(plan: StudyPlan) -> list[tuple[str, str, str, bool]]:
    data = plan.data
    first = next(iter(data.raters), "")
    return [
        ("image", "", data.image or "", True),
        *(("mask", rater, pattern, rater == first) for rater, pattern in data.raters.items()),
        *(("repeat", rater, pattern, False) for rater, pattern in data.repeats.items()),
    ]


def _paths(files: CaseFiles, look: PatternLook) -> Sequence[Path | None]:
    if look.kind == "image":
        return files.images
    return (files.masks if look.kind == "mask" else files.repeats)[look.rater]


def _counted(paths: Sequence[Path | None], rows: list[int]) -> tuple[int, tuple[int, ...]]:
    there = {path for path in set(paths) if path is not None and _is_there(path)}
    return len(there), tuple(
        row for row, path in zip(rows, paths, strict=True) if path not in there
    )


def _is_there(path: Path) -> bool:
    try:
        return is_image_path(path)
    except OSError:
        return False
