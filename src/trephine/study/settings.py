"""From the plan's sections to the settings that each room takes."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from trephine.cohort.schema import capitalised
from trephine.deep.settings import DeepSettings
from trephine.errors import MissingExtraError, PlanError
from trephine.modelling.protocols import Protocol, RecipeSettings
from trephine.plan import StudyPlan
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.finetuning import finetune_settings
from trephine.study.image_plans import DEEP, RADIOMICS, image_of, image_plans, set_name
from trephine.study.table.ready_made import DEFAULT_SET

CLINICAL = "clinical"

# Names of the models as the study that this program implements has them.
MODEL_NAMES = {RADIOMICS: "Radiomics", DEEP: "DL"}
ALL_OF_THE_PAPER = "DLRC"


def radiomics_settings(plan: StudyPlan) -> RadiomicsSettings | None:
    """Return the engine's settings, or None where no radiomics is extracted.

    Of a plan of one image: a study of several asks for each of `image_plans`.

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

    Of a plan of one image, as `radiomics_settings`. Without torch, a plan that does not mention
    ``[deep]`` runs without deep features (:func:`deep_left_out` says so); one that does is
    refused.

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


def image_sets(plan: StudyPlan) -> dict[str, list[str]]:
    """Return the names of the feature sets that each image and region gives, in order."""
    found = {}
    for key, alone in image_plans(plan).items():
        kinds = [RADIOMICS] if alone.radiomics.enabled else []
        if alone.deep.enabled and not deep_left_out(alone):
            kinds.append(DEEP)
        found[key] = [set_name(key, kind) for kind in kinds]
    return found


def feature_set_names(plan: StudyPlan) -> list[str]:
    """Return the names of the feature sets that the study will have, in order."""
    names = [name for own in image_sets(plan).values() for name in own]
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
    by_image = _sets_by_image(plan)
    models |= _models_of_images(by_image, clinical)
    of_images = [name for own in by_image.values() for name in own]
    for name in sets:
        if name not in of_images:
            models[MODEL_NAMES.get(name, capitalised(name.replace("_", " ")))] = (name, *clinical)
    if len(sets) > 1 and sets != of_images:
        paper = set(sets) == {RADIOMICS, DEEP} and bool(clinical)
        models[ALL_OF_THE_PAPER if paper else "Combined"] = (*sets, *clinical)
    if not models:
        raise PlanError(
            "models: expected images, a feature table or clinical variables, found none of them"
            " (images count with [radiomics] or [deep] switched on)"
        )
    return models


def _sets_by_image(plan: StudyPlan) -> dict[str, tuple[str, ...]]:
    """Return the feature sets of each of several images; nothing for a study of one."""
    found: dict[str, tuple[str, ...]] = {}
    for key, names in image_sets(plan).items():
        if key and names:
            found[image_of(key)] = (*found.get(image_of(key), ()), *names)
    return found


def nested_models(plan: StudyPlan) -> tuple[str, ...]:
    """Return the models that hold one image more each, the one without any first.

    Empty for a study of one image, and where the plan names models of its own.
    """
    names = list(_sets_by_image(plan))
    if not names or plan.models.parts:
        return ()
    grown = [" + ".join(names[:count]) for count in range(1, len(names) + 1)]
    return ("Clinical", *grown) if plan.clinical else tuple(grown)


def image_steps(plan: StudyPlan) -> tuple[tuple[str, str], ...]:
    """Return the models, each with the one that has one image less, that say what images add."""
    return tuple((old, new) for old, new in pairwise(nested_models(plan)))


def _models_of_images(
    by_image: Mapping[str, tuple[str, ...]], clinical: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Return a model of each of several images, and of each with all those before it.

    The latter say what an image adds to those that a study would have without it.
    """
    models = {name: (*parts, *clinical) for name, parts in by_image.items()}
    names = list(by_image)
    for count in range(2, len(names) + 1):
        parts = [part for name in names[:count] for part in by_image[name]]
        models[" + ".join(names[:count])] = (*parts, *clinical)
    return models


def recipe_settings(plan: StudyPlan, protocol: Protocol) -> RecipeSettings:
    """Return what a protocol does in this study; the plan's own choices stand over it."""
    recipe = protocol.recipe(tuple(model_parts(plan).items()), plan.selection.stated)
    return replace(recipe, chain=recipe.chain.changed(finetune=finetune_settings(plan)))
