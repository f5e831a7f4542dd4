"""A study as each of its images sees it: the cases that have the image, and no other image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trephine.study.inputs import StudyInputs
from trephine.study.table.outcome import codes


def image_views(inputs: StudyInputs) -> dict[str, StudyInputs]:
    """Return, by key, the study that each image and region would be by itself.

    Returns
    -------
    The study itself under an empty key where its cases have one image; nothing without images.
    """
    if inputs.files is not None:
        return {"": inputs}
    return {
        key: replace(of_cases(inputs, one.cases), plan=one.plan, files=one.files, images={})
        for key, one in inputs.images.items()
    }


def of_cases(inputs: StudyInputs, rows: Sequence[int]) -> StudyInputs:
    """Return a study's cases at ``rows``; its flow is left as it was."""
    if list(rows) == list(range(len(inputs.case_ids))):
        return inputs
    patients = tuple(inputs.patient_ids[row] for row in rows)
    centres = None
    if inputs.centre is not None:
        centres = tuple(inputs.centre_names[inputs.centre[row]] for row in rows)
    return replace(
        inputs,
        case_ids=tuple(inputs.case_ids[row] for row in rows),
        patient_ids=patients,
        patient=codes(patients),
        sides=tuple(inputs.sides[row] for row in rows),
        survival=inputs.survival.take(np.asarray(rows)),
        clinical=inputs.clinical.take(rows),
        centre=None if centres is None else codes(centres),
        centre_names=tuple(dict.fromkeys(centres or ())),
        files=None if inputs.files is None else inputs.files.take(rows),
        features={name: given.take(rows) for name, given in inputs.features.items()},
        rows=tuple(inputs.rows[row] for row in rows),
        images={key: one.take(rows) for key, one in inputs.images.items()},
    )
