"""A plan for outside data, with everything that decides a prediction taken from the model."""

from __future__ import annotations

from typing import Any

from trephine.cohort.cells import CellReading
from trephine.cohort.schema import ClinicalVariable
from trephine.errors import PlanError
from trephine.plan import StudyPlan
from trephine.plan.sections import ModelsSection, OutcomeSection
from trephine.study.locked.model import LockedModel
from trephine.study.locked.outside_images import image_sections


def as_the_model_needs(model: LockedModel, plan: StudyPlan) -> StudyPlan:
    """Return a plan with everything that decides a prediction taken from the model.

    Raises
    ------
    PlanError
        If the plan counts time in another unit, or the model needs images and the plan has none.
    """
    outcome = model.context.outcome
    if "unit" in plan.outcome.model_fields_set and plan.outcome.unit != outcome.unit:
        raise PlanError(
            f"outcome.unit: expected {outcome.unit}, as the model counts time, found"
            f" {plan.outcome.unit}; convert the times of the table"
        )
    landmark = plan.outcome.landmark
    if landmark is not None and landmark != outcome.landmark:
        expected = "none" if outcome.landmark is None else f"{outcome.landmark:g}"
        raise PlanError(
            f"outcome.landmark: expected {expected}, as the model has, found {landmark:g}"
        )
    needed = {
        key
        for one in model.predictor.models.values()
        for term in one.terms
        for key in (term.variables or (term.variable,))
    }
    for part in model.predictor.harmonisers.values():
        needed |= {term.variable for term in part.terms}
    signatures = needed & set(model.predictor.signatures)
    pictured = plan.features is None and signatures & set(model.context.measured)
    if pictured and not model.context.images and not plan.has_images:
        raise PlanError(f"data.image: expected images, for the signatures {sorted(pictured)}")
    sections = image_sections(model, plan, signatures)
    first = dict(list(plan.data.raters.items())[:1])
    return plan.model_copy(
        update={
            "outcome": outcome.model_copy(update=_codes(outcome, plan.outcome)),
            "data": plan.data.model_copy(update={"raters": first, "repeats": {}}),
            "clinical": {
                key: _as_outside(variable, plan.clinical.get(key))
                for key, variable in model.predictor.variables.items()
                if key in needed
            },
            **sections,
            "models": ModelsSection(),
        }
    )


def _codes(own: OutcomeSection, outside: OutcomeSection) -> dict[str, Any]:
    """Return the codes of the outside table's event column, where its plan states any.

    Raises
    ------
    PlanError
        If it names other competing events than the model was made with.
    """
    stated = {"event_code", "competing"} & outside.model_fields_set
    if "competing" in stated and set(outside.competing) != set(own.competing):
        raise PlanError(
            f"outcome.competing: expected {sorted(own.competing) or 'none'}, as the model has,"
            f" found {sorted(outside.competing) or 'none'}"
        )
    given = {key: getattr(outside, key) for key in stated}
    if "competing" in given:  # codes of causes follow the model's order
        given["competing"] = {name: outside.competing[name] for name in own.competing}
    return given


def _as_outside(variable: ClinicalVariable, outside: ClinicalVariable | None) -> ClinicalVariable:
    """Return the model's variable, read from the column that the outside plan names for it.

    Raises
    ------
    PlanError
        If the outside plan gives it another unit or other levels than the model has.
    """
    if outside is None:
        return variable
    for part in ("unit", "levels"):
        expected, found = getattr(variable, part), getattr(outside, part)
        same = sorted(found) == sorted(expected) if part == "levels" else found == expected
        if part in outside.model_fields_set and not same:
            raise PlanError(
                f"clinical: expected {part} {expected!r}, as the model has, for the variable"
                f" {variable.label or variable.column or 'of this name'}, found {found!r}; recode"
                " the table"
            )
    named = {"column", "arcs", "measure", *CellReading.model_fields} & outside.model_fields_set
    return variable.model_copy(update={part: getattr(outside, part) for part in named})
