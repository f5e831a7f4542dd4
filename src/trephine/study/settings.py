"""From the plan's sections to the settings that each room takes."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

from trephine.cohort.schema import capitalised
from trephine.deep.settings import DeepSettings
from trephine.errors import MissingExtraError, PlanError
from trephine.modelling.protocols import Protocol, RecipeSettings
from trephine.plan import StudyPlan
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.finetuning import finetune_settings
from trephine.study.table.ready_made import DEFAULT_SET

RADIOMICS = "radiomics"
DEEP = "deep"
CLINICAL = "clinical"

# Names of the models as the study that this program implements has them.
MODEL_NAMES = {RADIOMICS: "Radiomics", DEEP: "DL"}
ALL_OF_THE_PAPER = "DLRC"


def radiomics_settings(plan: StudyPlan) -> RadiomicsSettings | None:
    """Return the engine's settings, or None where no radiomics is extracted.

    Raises
    ------
    PlanError
        If the section names both a preset and a file, or settings that the engine refuses.
    """
    section = plan.radiomics
    if not plan.has_images or not section.enabled:
        return None
    if section.preset and section.file:
        raise PlanError("radiomics: expected a preset or a file, found both")
    if section.file:
        base = section.from_file()
    else:
        base = RadiomicsSettings.from_preset(section.preset or "native2d")
    if not section.settings:
        return base
    return RadiomicsSettings(**{**base.model_dump(), **section.settings})


def deep_settings(plan: StudyPlan) -> DeepSettings | None:
    """Return the network's settings, or None where no deep features are extracted.

    Without torch, a plan that does not mention ``[deep]`` runs without deep features
    (:func:`deep_left_out` says so); one that does is refused.

    Raises
    ------
    MissingExtraError
        If the plan asks for deep features and torch is not installed.
    """
    if not plan.has_images or not plan.deep.enabled or deep_left_out(plan):
        return None
    if not _torch_installed():
        raise MissingExtraError("deep features", "deep")
    return plan.deep.settings()


def deep_left_out(plan: StudyPlan) -> bool:
    """Say whether deep features are left out only because torch is not installed."""
    asked_for = "deep" in plan.model_fields_set
    return plan.has_images and plan.deep.enabled and not asked_for and not _torch_installed()


def _torch_installed() -> bool:
    return importlib.util.find_spec("torch") is not None


def feature_set_names(plan: StudyPlan) -> list[str]:
    """Return the names of the feature sets that the study will have, in order."""
    names = []
    if plan.has_images and plan.radiomics.enabled:
        names.append(RADIOMICS)
    if plan.has_images and plan.deep.enabled and not deep_left_out(plan):
        names.append(DEEP)
    if plan.features is not None:
        for name in list(plan.features.sets) or [DEFAULT_SET]:
            if name == CLINICAL or name in names:
                raise PlanError(f"features.sets: {name!r} already means something; rename the set")
            names.append(name)
    return names


def model_parts(plan: StudyPlan) -> dict[str, tuple[str, ...]]:
    """Return model name to parts: the plan's, or clinical, each set with it, and all together.

    Raises
    ------
    PlanError
        If a part is neither "clinical" nor a feature set of the study, there is nothing to make a
        model of, or harm names a model that the study has not.
    """
    models = _parts_of_models(plan)
    unknown = [name for name in plan.models.harm if name not in models]
    if unknown:
        raise PlanError(f"models.harm: expected models among {list(models)}, found {unknown}")
    return models


def _parts_of_models(plan: StudyPlan) -> dict[str, tuple[str, ...]]:
    sets = feature_set_names(plan)
    clinical = (CLINICAL,) if plan.clinical else ()
    available = [*sets, *clinical]
    if plan.models.parts:
        for name, parts in plan.models.parts.items():
            unknown = [part for part in parts if part not in available]
            if unknown or not parts:
                found = unknown or "no part"
                raise PlanError(f"models.{name}: expected parts from {available}, found {found}")
        return dict(plan.models.parts)
    models: dict[str, tuple[str, ...]] = {}
    if clinical:
        models["Clinical"] = clinical
    for name in sets:
        models[MODEL_NAMES.get(name, capitalised(name.replace("_", " ")))] = (name, *clinical)
    if len(sets) > 1:
        paper = set(sets) == {RADIOMICS, DEEP} and bool(clinical)
        models[ALL_OF_THE_PAPER if paper else "Combined"] = (*sets, *clinical)
    if not models:
        raise PlanError(
            "models: expected images, a feature table or clinical variables, found none of them"
            " (images count with [radiomics] or [deep] switched on)"
        )
    return models


def recipe_settings(plan: StudyPlan, protocol: Protocol) -> RecipeSettings:
    """Return what a protocol does in this study; the plan's own choices stand over it."""
    recipe = protocol.recipe(tuple(model_parts(plan).items()), plan.selection.stated)
    return replace(recipe, chain=recipe.chain.changed(finetune=finetune_settings(plan)))
