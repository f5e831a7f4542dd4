"""Refusing a study of whose cases too few can be analysed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trephine.cohort.flow import Flow
from trephine.errors import PlanError, Problem, StudyProblemsError
from trephine.plan import StudyPlan
from trephine.study.finetuning import check_events
from trephine.study.images.every_image import named_for
from trephine.study.images.files import CaseFiles, few_drawn
from trephine.study.table.outcome import FEWEST_EVENTS
from trephine.types import FloatArray, Survival, span_text


def refuse_too_few(
    plan: StudyPlan, survival: Survival, files: Mapping[str, CaseFiles], flow: Flow
) -> None:
    """Refuse too few events or drawings among the cases that stay: the table may hold enough.

    Parameters
    ----------
    plan
        Of the study.
    survival, files
        Of the cases that stay; files by image.
    flow
        How many those are, and of how many.

    Raises
    ------
    StudyProblemsError
        If there are.
    """
    n_events = int(survival.event.sum())
    if n_events < FEWEST_EVENTS:
        expected = f"at least {FEWEST_EVENTS} events among the cases that can be analysed"
        found = f"{n_events} in {flow.analysed_cases} of {flow.enrolled_cases} cases"
        advice = 'Fill in missing values, or set [selection] missing_clinical = "multiple"'
        if plan.outcome.landmark is not None:
            advice += "; an earlier [outcome] landmark leaves fewer cases out"
        raise StudyProblemsError([Problem(plan.data.table.name, expected, found, advice)])
    _refuse_one_time(plan, survival.time[survival.event])
    try:
        check_events(n_events, plan)
    except PlanError as error:
        problem = Problem("study.toml [deep.finetune]", "events enough to train", str(error))
        raise StudyProblemsError([problem]) from None
    problems = [
        named_for(problem, key)
        for key, some in files.items()
        for problem in few_drawn(some.masks, np.ones(len(some.images), dtype=np.bool_))
    ]
    if problems:
        raise StudyProblemsError(problems)


def _refuse_one_time(plan: StudyPlan, times: FloatArray) -> None:
    """Refuse events that were all seen at one time: nobody's survival differs by when.

    Raises
    ------
    StudyProblemsError
        If they were.
    """
    if np.unique(times).size > 1:
        return
    where = f"{plan.data.table.name}, column {plan.data.columns.time}"
    found = f"all {times.size} at {span_text(times[0], plan.outcome.unit)}"
    advice = "Enter when each event was seen; the end of the study is not such a time"
    problem = Problem(where, "events at two times at least", found, advice)
    raise StudyProblemsError([problem])
