"""Leaving out of a study the cases that could not be measured, counted and named by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.study.doubts.too_few import refuse_too_few
from trephine.study.extraction.fates import Fate
from trephine.study.image_views import of_cases
from trephine.study.images.files import CaseFiles
from trephine.study.inputs import StudyInputs

UNMEASURED = "Image or mask could not be measured"
_SHOWN = 20


def without_failed(inputs: StudyInputs, failed: Sequence[Fate]) -> tuple[StudyInputs, list[int]]:
    """Return a study without the cases of which a reading failed, and the positions that stay.

    Raises
    ------
    InputError
        If their files are no longer there: that is no fault of theirs.
    StudyProblemsError
        If too few are left.
    """
    assert inputs.files is not None
    positions = sorted({fate.position for fate in failed})
    _refuse_lost(inputs.files, positions)
    return without_cases(inputs, positions, _sentences(failed), failed[0].problem)


def without_cases(
    inputs: StudyInputs, positions: Sequence[int], sentences: Sequence[str], first: str
) -> tuple[StudyInputs, list[int]]:
    """Return a study without some cases that could not be measured, and the positions that stay.

    Parameters
    ----------
    inputs, positions
        The study, and these cases.
    sentences, first
        What was wrong with them, to be remarked, and with the first of them.

    Raises
    ------
    StudyProblemsError
        If too few are left.
    """
    out = np.zeros(len(inputs.case_ids), dtype=np.bool_)
    out[list(positions)] = True
    stay = np.flatnonzero(~out).tolist()
    if not stay:
        expected, found = "cases that can be measured", f"none of {len(out)}: {first}"
        raise StudyProblemsError([Problem(inputs.plan.data.table.name, expected, found)])
    left = replace(
        of_cases(inputs, stay),
        flow=inputs.flow.leaving_out(UNMEASURED, inputs.patient_ids, out),
        remarks=(*inputs.remarks, *sentences),
    )
    files = {key: one.files for key, one in left.images.items()}
    if left.files is not None:
        files[""] = left.files
    refuse_too_few(left.plan, left.survival, files, left.flow)
    return left, stay


def _refuse_lost(files: CaseFiles, positions: Sequence[int]) -> None:
    lost = [path for path in files.take(positions).paths() if not path.exists()]
    if lost:
        raise InputError(
            "images and masks: expected every file that was there when the study was checked, found"
            f" that {len(lost)} went away, perhaps with a network folder; when they are back, run"
            " the same command again: what was finished is kept"
        )


def _sentences(failed: Iterable[Fate]) -> list[str]:
    """Return a sentence for each reading that failed; the rest of many is counted."""
    said = list(dict.fromkeys(f"Left out, {fate.problem}." for fate in failed))
    more = len(said) - _SHOWN
    return said if more <= 0 else [*said[:_SHOWN], f"Left out: {more} more, in log.jsonl."]
