"""Rules of TRIPOD+AI and CLEAR: what a report has to state, and where this one does."""

from __future__ import annotations

from collections.abc import Callable

from trephine.facts import Facts
from trephine.report.checklists.answers import (
    Answer,
    Rule,
    Rules,
    author,
    does_not_apply,
    left_out_for_missing,
    outside,
    partly,
    yes,
)
from trephine.report.checklists.metrics import clinical_alone


def _where(
    holds: Callable[[Facts], bool], anchor: str, place: str, to_do: str = "", *, part: bool = False
) -> Rule:
    """Return a rule: earned where something holds; else the author's, or no part of the study.

    Parameters
    ----------
    holds
        Whether the report has it.
    anchor, place, to_do
        Where, and what the author still has to add.
    part
        Whether the item does not apply to a study without it.
    """

    def answer(facts: Facts) -> Answer:
        if holds(facts):
            return partly(anchor, place, to_do) if to_do else yes(anchor, place)
        return does_not_apply() if part else author()

    return answer


def _missing(facts: Facts) -> Answer:
    if not facts.methods.missing_values:
        return author()
    if left_out_for_missing(facts):
        return partly("methods", "Methods", "say which variables were missing, in whom, and why")
    return yes("methods", "Methods")


def _characteristics(facts: Facts) -> Answer:
    if facts.table1 is None:
        return author()
    lost = left_out_for_missing(facts)
    if lost:
        return partly(
            "participants", "Table 1", f"describe the {lost} cases left out for missing values"
        )
    return yes("participants", "Table 1")


def _subgroups(facts: Facts) -> Answer:
    """Answer by figures in subgroups alone: those of everybody say nothing of a group."""
    if facts.subgroups:
        return yes(_PERFORMANCE, "Subgroups, nested cross-validated")
    if not facts.performance:
        return author()
    return partly(
        _PERFORMANCE,
        "Performance with intervals",
        "no subgroup was analysed: name key ones under [validation] subgroups",
    )


def _fitting(facts: Facts) -> bool:
    return bool(facts.models)


def _selected(facts: Facts) -> bool:
    return any(part.selected for part in facts.selection)


def _compared(facts: Facts) -> bool:
    return bool(facts.comparisons or facts.reclassification)


def _against_clinical(facts: Facts) -> Answer:
    if clinical_alone(facts):
        return yes(_PERFORMANCE, "Differences from the model of clinical variables alone")
    return author("No model of clinical variables alone was compared")


_METHODS, _PERFORMANCE = "methods", "performance"

REPORTING_RULES: Rules = {
    "author": lambda facts: author(),
    "none": lambda facts: does_not_apply("Not done in this study"),
    "title": _where(lambda f: bool(f.study.title), "top", "Title", "name the model in it"),
    "preparation": _where(lambda f: bool(f.inputs.files), _METHODS, "Methods; inputs and run"),
    "outcome": _where(lambda f: True, _METHODS, "Methods", "add how it was assessed"),
    "selection": _where(lambda f: bool(f.selection), "selection", "Selection"),
    "predictors": _where(
        lambda f: bool(f.table1 or f.selection),
        "participants",
        "Table 1",
        "add definitions, how and when measured",
    ),
    "handling": _where(lambda f: bool(f.table2 or f.selection), _METHODS, "Methods"),
    "raters": _where(
        lambda f: bool(f.methods.raters), _METHODS, "Methods", "add their experience", part=True
    ),
    "sample_size": _where(lambda f: f.sample_size is not None, "sample-size", "Sample size"),
    "missing": _missing,
    "validation": _where(lambda f: bool(f.methods.resampling), _METHODS, "Methods, validation"),
    "models": _where(_fitting, _METHODS, "Methods, models"),
    "final_model": _where(_fitting, _METHODS, "Methods, models", "say why this one"),
    "performance": _where(lambda f: bool(f.performance), _PERFORMANCE, "Performance"),
    "subgroups": _subgroups,
    "centres": _where(lambda f: bool(f.centres), _PERFORMANCE, "Centres left out one at a time"),
    "formula": _where(_fitting, "models", "Table of coefficients"),
    "coefficients": _where(
        _fitting,
        "models",
        "Table of coefficients",
        "publish the model folder, which holds signatures and baseline",
    ),
    "risk_groups": _where(lambda f: bool(f.risk_groups), "risk-groups", "Risk groups"),
    "external": _where(outside, _PERFORMANCE, "Performance", part=True),
    "plan": _where(lambda f: bool(f.run.plan), "run", "The plan that ran"),
    "protocol": _where(
        lambda f: bool(f.run.plan), "run", "The plan that ran", "add the study's protocol"
    ),
    "software": _where(lambda f: bool(f.run.versions), "run", "Versions; Trephine is open source"),
    "flow": _where(lambda f: True, "participants", "Participants"),
    "table1": _where(lambda f: f.table1 is not None, "participants", "Table 1"),
    "characteristics": _characteristics,
    "checklists": _where(lambda f: True, "checklists", "These checklists"),
    "design": _where(lambda f: bool(f.methods.design), _METHODS, "Methods"),
    "images": _where(
        lambda f: any((f.methods.normalisation, *(one.normalisation for one in f.methods.images))),
        _METHODS,
        "Methods, images",
        part=True,
    ),
    "radiomics": _where(
        lambda f: bool(f.methods.hand_crafted), _METHODS, "Methods, features", part=True
    ),
    "resampling": _where(
        lambda f: any(one.resampling for one in f.methods.hand_crafted),
        _METHODS,
        "Methods, features",
        part=True,
    ),
    "features": _where(lambda f: bool(f.selection), _METHODS, "Methods, features"),
    "agreement": _where(lambda f: f.agreement is not None, "agreement", "Agreement", part=True),
    "lasso": _where(
        lambda f: any(part.lasso is not None for part in f.selection),
        "selection",
        "Selection",
        part=True,
    ),
    "comparisons": _where(_compared, _PERFORMANCE, "Performance"),
    "against_clinical": _against_clinical,
    "pipeline": _where(
        lambda f: bool(f.selection),
        "selection",
        "Selection, step by step",
        "draw the steps from image to model",
    ),
    "interpretability": _where(_selected, "selection", "Features"),
    "selected": _where(_selected, "selection", "Features"),
}
"""By the name that the items of both use."""
