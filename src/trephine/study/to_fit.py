"""A study that models are to be fitted to: what its folds need, and what its evidence cannot bear.

Outside data, which a locked model predicts, are read without it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from trephine.errors import Problem, StudyProblemsError
from trephine.executors import Progress
from trephine.modelling.feature_chain import REFITS
from trephine.modelling.learner import FEWEST_FOLDS
from trephine.modelling.protocols import PROTOCOLS, Protocol
from trephine.plan import StudyPlan
from trephine.study.inputs import StudyInputs, read_study
from trephine.study.settings import CLINICAL, model_parts, recipe_settings
from trephine.study.weak_evidence import fitted_to_little
from trephine.types import IntArray, Survival


def read_study_to_fit(
    path: Path, progress: Progress | None = None, workers: int | None = None
) -> StudyInputs:
    """Read a study as `read_study` does, and refuse what cannot be fitted.

    Its remarks say what the evidence cannot bear.

    Raises
    ------
    StudyProblemsError
        With every problem.
    """
    return _to_fit(read_study(path, progress, workers))


def to_fit_still(left: StudyInputs, before: StudyInputs) -> StudyInputs:
    """Judge again a study of which cases were left out since it was read.

    Raises
    ------
    StudyProblemsError
        If what is left cannot be fitted.
    """
    said = {remark for remark in before.remarks if remark in _weak(before)}
    return _to_fit(replace(left, remarks=tuple(one for one in left.remarks if one not in said)))


def _to_fit(inputs: StudyInputs) -> StudyInputs:
    problems = too_few_patients(inputs.plan, inputs.survival, inputs.patient)
    if problems:
        raise StudyProblemsError(problems)
    return replace(inputs, remarks=(*inputs.remarks, *_weak(inputs)))


def _weak(inputs: StudyInputs) -> list[str]:
    horizons = inputs.plan.outcome.horizons
    return [f"{text}." for _, text in fitted_to_little(inputs.survival, horizons, inputs.flow)]


def too_few_patients(plan: StudyPlan, survival: Survival, patient: IntArray) -> list[Problem]:
    """Return what folds of whole patients ask for and the analysed cases do not have.

    Events may abound and yet lie in a few patients: hips of one patient share a fold.

    Parameters
    ----------
    plan
        Whose folds, models and protocols are asked for.
    survival, patient
        Of the analysed cases.
    """
    patients = len(np.unique(patient))
    with_event = len(np.unique(patient[survival.event]))
    events = int(survival.event.sum())
    found_events = f"{events} events in {_patients(with_event)}"
    problems = []
    folds = plan.validation.folds if plan.validation.repeats else 0
    inner = _inner(plan)
    # The outer fold with most of these patients leaves the fewest to learn from.
    needed = max(folds, inner)
    while folds and needed - -(-needed // folds) < inner:
        needed += 1
    uses = _uses(folds, inner)
    if with_event < needed:
        expected = f"at least {needed} patients with an event ({uses})"
        problems.append(_problem(plan, expected, found_events))
    needed = 2 * max(folds, inner)
    if patients < needed:
        expected = f"at least {needed} patients, two a fold ({uses})"
        problems.append(_problem(plan, expected, f"{patients}"))
    return problems


def _inner(plan: StudyPlan) -> int:
    """Return the folds that a signature cannot do without; 0 where there is no signature.

    The fewest that a protocol can do with: a study runs where one of them can be fitted.
    """
    if not any(part != CLINICAL for parts in model_parts(plan).values() for part in parts):
        return 0
    return min(_of_protocol(plan, one) for one in PROTOCOLS.values())


def _of_protocol(plan: StudyPlan, protocol: Protocol) -> int:
    chain = recipe_settings(plan, protocol).chain
    looked_ahead = chain.relevance != "none" or chain.finetune is not None
    return REFITS if looked_ahead and chain.fold_unit == "patient" else FEWEST_FOLDS


def _uses(folds: int, inner: int) -> str:
    outer = f"[validation] folds = {folds}" if folds else ""
    within = f"{inner} folds within each training part" if inner else ""
    return " and ".join(filter(None, (outer, within)))


def _problem(plan: StudyPlan, expected: str, found: str) -> Problem:
    advice = "Follow up longer or add patients; fewer folds, down to 2, need fewer of them"
    return Problem(plan.data.table.name, expected, found, advice)


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"
