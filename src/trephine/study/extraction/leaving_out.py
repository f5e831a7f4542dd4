"""Leaving out of a study the cases that could not be measured, counted and named by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.study.doubts.too_few import refuse_too_few
from trephine.study.extraction.fates import Fate
from trephine.study.images.files import CaseFiles
from trephine.study.inputs import StudyInputs
from trephine.study.table.outcome import codes
from trephine.types import BoolArray

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
    out = np.zeros(len(inputs.case_ids), dtype=np.bool_)
    out[positions] = True
    stay = np.flatnonzero(~out).tolist()
    if not stay:
        expected, found = "cases that can be measured", f"none of {len(out)}: {failed[0].problem}"
        raise StudyProblemsError([Problem(inputs.plan.data.table.name, expected, found)])
    left = _take(inputs, out, stay)
    refuse_too_few(left.plan, left.survival, left.files, left.flow)
    return replace(left, remarks=(*left.remarks, *_sentences(failed))), stay


def _refuse_lost(files: CaseFiles, positions: Sequence[int]) -> None:
    lost = [path for path in files.take(positions).paths() if not path.exists()]
    if lost:
        raise InputError(
            "images and masks: expected every file that was there when the study was checked, found"
            f" that {len(lost)} went away, with a network folder perhaps; when they are back, run"
            " the same command again: what was finished is kept"
        )


def _take(inputs: StudyInputs, out: BoolArray, stay: list[int]) -> StudyInputs:
    patients = tuple(inputs.patient_ids[row] for row in stay)
    centres = None
    if inputs.centre is not None:
        centres = tuple(inputs.centre_names[inputs.centre[row]] for row in stay)
    return replace(
        inputs,
        case_ids=tuple(inputs.case_ids[row] for row in stay),
        patient_ids=patients,
        patient=codes(patients),
        sides=tuple(inputs.sides[row] for row in stay),
        survival=inputs.survival.take(np.asarray(stay)),
        clinical=inputs.clinical.take(stay),
        centre=None if centres is None else codes(centres),
        centre_names=tuple(dict.fromkeys(centres or ())),
        files=None if inputs.files is None else inputs.files.take(stay),
        features={name: given.take(stay) for name, given in inputs.features.items()},
        flow=inputs.flow.leaving_out(UNMEASURED, inputs.patient_ids, out),
        rows=tuple(inputs.rows[row] for row in stay),
    )


def _sentences(failed: Iterable[Fate]) -> list[str]:
    """Return a sentence for each reading that failed; the rest of many is counted."""
    said = list(dict.fromkeys(f"Left out, {fate.problem}." for fate in failed))
    more = len(said) - _SHOWN
    return said if more <= 0 else [*said[:_SHOWN], f"Left out: {more} more, in log.jsonl."]
