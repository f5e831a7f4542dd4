"""What a study's reader should know before it runs, although nothing stops it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.modelling.encoding import seen_levels, seen_reference
from trephine.plan import StudyPlan
from trephine.plan.sections import StudySection
from trephine.study.doubts.budget import budget_remarks
from trephine.study.doubts.drawn_once import drawn_once_remarks
from trephine.study.doubts.late_entry import late_remarks
from trephine.types import Survival

# Share of the cases below which a reference level makes every ratio against it imprecise.
_RARE = 0.05
# Up to here (Cyrillic) the figures' own type has every letter, and matplotlib need not be loaded.
_LAST_OF_DEJAVUS_OWN = 0x52F


def remarks_of(
    plan: StudyPlan, clinical: ClinicalTable, survival: Survival, names: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return what looks odd in a study that can be run, one sentence each.

    Parameters
    ----------
    plan
        The study file.
    clinical, survival
        Of the analysed cases.
    names
        Other words that figures show: features and centres.
    """
    return (
        *_untitled(plan),
        *_without_variation(clinical),
        *_nobody_censored(survival),
        *late_remarks(plan, survival),
        *budget_remarks(plan, clinical, survival),
        *drawn_once_remarks(plan),
        *_letters(plan, names),
    )


def _untitled(plan: StudyPlan) -> Iterator[str]:
    if plan.study.title == StudySection.model_fields["title"].default:
        yield 'The report will be headed "Untitled study": [study] title gives it a name.'


def _letters(plan: StudyPlan, names: Iterable[str]) -> Iterator[str]:
    """Report letters that no font here can draw, before a run that takes hours."""
    shown = {"study", "outcome", "clinical", "data"}
    text = plan.model_dump_json(include=shown) + "".join(names)
    if any(ord(letter) > _LAST_OF_DEJAVUS_OWN for letter in text):
        from trephine.report.typeface import what_is_missing

        if told := what_is_missing(text):
            yield told


def _without_variation(clinical: ClinicalTable) -> Iterator[str]:
    """Report variables of one value, levels that nobody has, and references that few have."""
    for key, variable in clinical.variables.items():
        label = label_of(key, variable)
        values = clinical.values(key)
        known = values[~np.isnan(values)]
        if np.unique(known).size < 2:
            yield f"{label} is the same in every case: it can enter no model."
            continue
        if not variable.categorical:
            continue
        seen = seen_levels(key, clinical)
        empty = [level for level in variable.levels if level not in seen]
        reference = seen_reference(variable, seen)
        if empty:
            told = f"{label}: no case is at {_listed(empty)}, so {_is_left(empty)}."
            if reference != variable.reference_level:
                told += f" Levels are compared with {reference}, not {variable.reference_level}."
            yield told
        else:
            count = int(np.sum(known == variable.levels.index(reference)))
            if count < _RARE * known.size:
                yield (
                    f"{label}: only {count} of {known.size} cases are at the reference level"
                    f" {reference}; where a fold has none, {label} is compared with another level."
                )


def _is_left(levels: Sequence[str]) -> str:
    return "the level is left out" if len(levels) == 1 else "these levels are left out"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _nobody_censored(survival: Survival) -> Iterator[str]:
    if survival.event.all():
        yield (
            f"All {len(survival)} cases have the event and none is censored: check that cases"
            " without the event are in the table. Steps that compare cases with and without it,"
            " such as the published protocol's test of features, cannot be done."
        )
