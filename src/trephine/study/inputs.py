"""Everything a study starts from, read once and checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.clinical import read_clinical
from trephine.cohort.flow import Flow, count_flow
from trephine.cohort.schema import ClinicalTable
from trephine.errors import Problem, StudyProblemsError
from trephine.executors import Progress
from trephine.modelling.cases import FeatureSet
from trephine.plan import StudyPlan
from trephine.plan.reading import read_plan_so_far
from trephine.study.doubts.names import name_doubts, same_side_problems
from trephine.study.doubts.patients import patient_doubts
from trephine.study.doubts.remarks import remarks_of
from trephine.study.doubts.too_few import refuse_too_few
from trephine.study.doubts.twins import twin_doubts
from trephine.study.doubts.values import value_doubts
from trephine.study.images.every_image import (
    EveryImage,
    ImageFiles,
    find_every_image,
    open_every_image,
)
from trephine.study.images.files import CaseFiles, drawn_by_some
from trephine.study.images.fingerprints import Fingerprint, read_once
from trephine.study.plan_check import check_plan
from trephine.study.table.doubts import left_out_doubts, time_doubts
from trephine.study.table.follow_up import follow_up_of, landmark_exclusions
from trephine.study.table.outcome import TableRows, codes, read_rows
from trephine.study.table.predictors import refused_predictors
from trephine.study.table.ready_made import read_feature_sets
from trephine.study.table.splines import spline_problems
from trephine.study.table.tidying import StudyTable, read_study_table
from trephine.types import BoolArray, IntArray, Survival

UNOPENED = "Images and masks were not opened: that comes when these are fixed."


@dataclass(frozen=True)
class StudyInputs:
    """A study's analysed cases, before any feature is extracted.

    Attributes
    ----------
    plan
        With absolute paths.
    case_ids, patient_ids
        Of the n analysed cases.
    patient
        Patient code of each case, shape (n,).
    sides
        R, L or None.
    survival, clinical
        Outcome and clinical values.
    centre
        Centre code of each case, shape (n,), or None; ``centre_names`` by code.
    files
        Images and masks of a study of one image per case, or None.
    features
        Ready-made feature sets by name.
    flow
        Enrolled, left out, analysed.
    fingerprints
        Of the study file and the tables, as they were read.
    remarks
        What was assumed or looks odd although the study can go on, one sentence each; ``check``
        and ``run`` show them. No identifiers.
    unchanged
        Images that needed not be opened, as they were when last checked, and all images.
    rows
        Of the n cases in the table, as a spreadsheet counts them.
    spellings
        By side, how the columns of its wide table begin or end; empty for one row per case.
    images
        Images and masks of a study of several images per case, by the keys of `image_plans`.
    """

    plan: StudyPlan
    case_ids: tuple[str, ...]
    patient_ids: tuple[str, ...]
    patient: IntArray
    sides: tuple[str | None, ...]
    survival: Survival
    clinical: ClinicalTable
    centre: IntArray | None
    centre_names: tuple[str, ...]
    files: CaseFiles | None
    features: Mapping[str, FeatureSet]
    flow: Flow
    fingerprints: Mapping[Path, Fingerprint]
    remarks: tuple[str, ...] = ()
    unchanged: tuple[int, int] = (0, 0)
    rows: tuple[int, ...] = ()
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: Mapping[str, ImageFiles] = field(default_factory=dict)


def read_study(
    path: Path,
    progress: Progress | None = None,
    workers: int | None = None,
    adjust: Callable[[StudyPlan], StudyPlan] | None = None,
) -> StudyInputs:
    """Read and check a whole study; ``trephine check`` is this and nothing else.

    Parameters
    ----------
    path
        The study file.
    progress
        Called with (done, total) while images and masks are opened.
    workers
        Processes that open them; all processors by default.
    adjust
        Changes the plan after it was read; a locked model brings its own settings so.

    Raises
    ------
    StudyProblemsError
        With every problem of the plan, the table, the images and the masks.
    """
    plan, problems, fingerprints = _read_plan(path, adjust)
    try:
        (table, more), of_table = _read_table(plan)
    except StudyProblemsError as error:
        raise StudyProblemsError([*problems, *error.problems]) from None
    problems += more
    plan, frame = table.plan, table.frame
    fingerprints |= of_table
    rows, others = read_rows(frame, plan, table.source.header_row)
    # Of refused dates the number of events says nothing.
    counted = (plan.data.columns.event, ())
    problems += [one for one in others if not (more and (one.column, one.rows) == counted)]
    clinical, more = read_clinical(frame, plan.clinical, plan.data.table.name)
    problems += more
    said = list(table.remarks)
    if rows is not None:
        problems += refused_predictors(table, rows, clinical)
        problems += spline_problems(clinical, plan.data.table.name)
        problems += same_side_problems(rows, plan.data.table.name)
        said += _doubts(plan, rows, clinical)
    features: dict[str, FeatureSet] = {}
    images = EveryImage({})
    if rows is not None and plan.features is not None:
        features, more, of_features = _read_features(plan, rows, frame, said)
        fingerprints |= of_features
        problems += more
    if rows is not None and plan.has_any_image:
        images = find_every_image(plan, frame, rows)
        fingerprints |= images.fingerprints
        problems += images.problems
        # Hours of opening images are not for a study whose table will change.
        if not problems:
            images = open_every_image(images, rows, workers, progress)
            problems = list(images.problems)
    if problems or rows is None:
        unopened = plan.has_any_image and not images.opened
        raise StudyProblemsError(problems, UNOPENED if unopened else "")
    said += _doubts_of_values(plan, rows, clinical)
    inputs = _analysed(plan, rows, clinical, images, features, fingerprints)
    remarks = (*said, *inputs.remarks, *images.remarks)
    return replace(inputs, remarks=remarks, unchanged=images.unchanged, spellings=table.spellings)


def _read_plan(
    path: Path, adjust: Callable[[StudyPlan], StudyPlan] | None
) -> tuple[StudyPlan, list[Problem], dict[Path, Fingerprint]]:
    """Read a plan; return also what is wrong with it, and its fingerprint."""
    (plan, problems), fingerprints = read_once(path, lambda: read_plan_so_far(path))
    if adjust is not None:
        plan = adjust(plan)
    return plan, [*problems, *check_plan(plan)], fingerprints


def _read_table(
    plan: StudyPlan,
) -> tuple[tuple[StudyTable, list[Problem]], dict[Path, Fingerprint]]:
    """Read a plan's table with the measures beside it, and take the fingerprint of both."""
    measures = next(iter(plan.data.measures.values()), None)
    if measures is None or not measures.is_file():
        return read_once(plan.data.table, lambda: read_study_table(plan))
    (found, of_table), of_measures = read_once(
        measures, lambda: read_once(plan.data.table, lambda: read_study_table(plan))
    )
    return found, of_table | of_measures


def _doubts_of_values(plan: StudyPlan, rows: TableRows, clinical: ClinicalTable) -> list[str]:
    drops = plan.selection.missing_clinical == "drop"
    columns = plan.data.columns
    return [
        *value_doubts(clinical, rows.numbers),
        *twin_doubts(clinical),
        *left_out_doubts(rows, clinical, columns.time, columns.event, drops),
    ]


def _doubts(plan: StudyPlan, rows: TableRows, clinical: ClinicalTable) -> list[str]:
    columns = plan.data.columns
    return [
        *name_doubts(rows, columns),
        *patient_doubts(rows, clinical, columns),
        *time_doubts(rows, columns.time, plan.outcome.unit),
    ]


def _read_features(
    plan: StudyPlan, rows: TableRows, frame: pd.DataFrame, said: list[str]
) -> tuple[dict[str, FeatureSet], list[Problem], dict[Path, Fingerprint]]:
    """Read the feature table, and take its fingerprint where it could be read."""
    assert plan.features is not None
    table = plan.features.table
    if not table.is_file():
        features, problems, _ = read_feature_sets(plan, rows, frame)
        return features, problems, {}
    (features, problems, more), taken = read_once(
        table, lambda: read_feature_sets(plan, rows, frame)
    )
    said += more
    return features, problems, taken


def _analysed(
    plan: StudyPlan,
    rows: TableRows,
    clinical: ClinicalTable,
    images: EveryImage,
    features: Mapping[str, FeatureSet],
    fingerprints: Mapping[Path, Fingerprint],
) -> StudyInputs:
    """Leave out cases that cannot be analysed, counted, and bring all parts to one order.

    The order is that of the patients' and the cases' names, so that the folds that are drawn, and
    with them every number, do not depend on how the table happens to be sorted.
    """
    exclusions = [*_exclusions(plan, rows, clinical, features), *images.left_out]
    flow, stay = count_flow(rows.patient_ids, exclusions)
    names = [
        f"{patient}\0{case}" for patient, case in zip(rows.patient_ids, rows.case_ids, strict=True)
    ]
    kept = sorted(np.flatnonzero(stay).tolist(), key=lambda row: _by_name(names[row]))
    patient_ids = tuple(rows.patient_ids[row] for row in kept)
    centres = tuple(rows.centres[row] for row in kept) if rows.centres is not None else None
    survival = follow_up_of(plan, rows, kept)
    analysed = clinical.take(kept)
    analysed_files = images.files.take(kept) if images.files is not None else None
    several = images.of_several(kept)
    every = {"": analysed_files} if analysed_files is not None else {}
    every |= {key: one.files for key, one in several.items()}
    refuse_too_few(plan, survival, every, flow)
    remarks = [
        *remarks_of(plan, analysed, survival, _names(features, centres or ())),
        *(f"{k}: {said}" if k else said for k, one in every.items() for said in drawn_by_some(one)),
    ]
    return StudyInputs(
        plan=plan,
        case_ids=tuple(rows.case_ids[row] for row in kept),
        patient_ids=patient_ids,
        patient=codes(patient_ids),
        sides=tuple(rows.sides[row] for row in kept),
        survival=survival,
        clinical=analysed,
        centre=codes(centres) if centres is not None else None,
        centre_names=tuple(dict.fromkeys(centres)) if centres is not None else (),
        files=analysed_files,
        features={name: features_set.take(kept) for name, features_set in features.items()},
        flow=flow,
        fingerprints=fingerprints,
        remarks=tuple(remarks),
        rows=tuple(int(rows.numbers[row]) for row in kept),
        images=several,
    )


def _names(features: Mapping[str, FeatureSet], centres: Iterable[str]) -> set[str]:
    """Return the words that figures show and the study file does not hold."""
    return {*centres, *(name for one in features.values() for name in one.names)}


def _by_name(name: str) -> tuple[list[tuple[int, str]], str]:
    """Order names as people do: hip 2 comes before hip 10; a number of any length counts as one."""
    texts_and_numbers = enumerate(re.split(r"([0-9]+)", name))
    bare = (
        (place % 2, part.lstrip("0") if place % 2 else part) for place, part in texts_and_numbers
    )
    return [(len(part) if is_number else 0, part) for is_number, part in bare], name


def _exclusions(
    plan: StudyPlan,
    rows: TableRows,
    clinical: ClinicalTable,
    features: Mapping[str, FeatureSet],
) -> list[tuple[str, BoolArray]]:
    exclusions = [("Follow-up not recorded", rows.without_outcome)]
    exclusions += landmark_exclusions(plan, rows)
    if plan.selection.missing_clinical == "drop" and plan.clinical:
        exclusions.append(("Clinical value missing", clinical.missing()))
    for name, given in features.items():
        empty: BoolArray = np.asarray(np.isnan(given.values).all(axis=1))
        if (empty & ~rows.unneeded).any():
            exclusions.append((f"No value in feature set {name}", empty))
    return exclusions
