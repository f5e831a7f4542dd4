"""How the images of outside cases are measured: as the model's study measured its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from trephine.errors import PlanError
from trephine.plan import StudyPlan
from trephine.plan.features_sections import DeepSection, RadiomicsSection
from trephine.plan.images_section import ImageSection
from trephine.study.image_plans import DEEP, RADIOMICS, image_of, image_plans, set_name
from trephine.study.locked.model import LockedModel
from trephine.study.locked.network import check_engine, network_settings


def image_sections(model: LockedModel, plan: StudyPlan, signatures: set[str]) -> dict[str, Any]:
    """Return the sections of an outside plan that say how features are measured.

    Parameters
    ----------
    model, plan
        The locked model, and the plan of the outside data.
    signatures
        Feature sets whose signatures the model's predictions need.

    Raises
    ------
    PlanError
        If the plan has not the images and regions that these are of.
    BundleError
        If another version of the engine measured them.
    """
    measured = {name: key for name, key in model.context.measured.items() if name in signatures}
    nothing = {"radiomics": RadiomicsSection(enabled=False), "deep": DeepSection(enabled=False)}
    if plan.features is not None and (plan.images or model.context.images):
        return {"images": {}, **nothing}
    if not model.context.images:
        if plan.images:
            raise PlanError(
                "images: expected the one image of [data], as the model has, found sections"
                f" {[f'[images.{name}]' for name in plan.images]}"
            )
        kinds = {name for name, key in measured.items() if not key}
        return _measuring(model, plan, "", kinds)
    for key in set(measured.values()):
        if (earlier := model.context.images[key].change_from) is not None:
            measured[set_name(earlier, RADIOMICS)] = earlier
    chosen = {}
    for name in dict.fromkeys(map(image_of, measured.values())):
        keys = [key for key in model.context.images if image_of(key) == name]
        section = _section(model, plan, name, keys)
        kinds = {one.rpartition(" ")[2] for one, key in measured.items() if key in keys}
        own = _measuring(model, image_plans(plan)[keys[0]], keys[0], kinds)
        first = dict(list(section.raters.items())[:1])
        since = model.context.images[keys[0]].change_from
        changed = {"change_from": None if since is None else image_of(since)}
        chosen[name] = section.model_copy(update={**own, **changed, "raters": first, "repeats": {}})
    return {"images": chosen, **nothing}


def _section(model: LockedModel, plan: StudyPlan, name: str, keys: list[str]) -> ImageSection:
    """Return the section of an image, which must have the regions that the model's has."""
    section = plan.images.get(name)
    regions = [key.partition(".")[2] for key in keys]
    if section is not None and set(section.labels) >= set(regions):
        for key, region in zip(keys, regions, strict=True):
            own = model.context.images[key]
            if own.derivation is not None and section.labels[region] != own.mask_label:
                raise PlanError(
                    f"images.{name}.derived.{region}: expected {own.mask_label}, as the model has,"
                    f" found {section.labels[region]}"
                )
        return section
    several = f" with the regions {regions}" if regions != [""] else ""
    found = "none" if section is None else f"the regions {list(section.regions)}"
    raise PlanError(
        f"images: expected a section [images.{name}]{several}, as the model has, found {found}"
    )


def _measuring(model: LockedModel, plan: StudyPlan, key: str, kinds: set[str]) -> dict[str, Any]:
    """Return how the regions of one image are measured, as its sections of a study file."""
    alone = replace(model, context=model.context.of_image(key))
    settings = alone.context.features
    if plan.features is None and RADIOMICS in kinds:
        check_engine(alone)
    written = {} if settings.radiomics is None else settings.radiomics.model_dump(mode="json")
    return {
        "radiomics": RadiomicsSection(
            enabled=RADIOMICS in kinds,
            preset="pyradiomics",
            settings=written,
            normalise=settings.normalise,
            bias_correction=settings.bias_correction,
            standard_scale=settings.standard_scale,
        ),
        "deep": _network(alone, plan, DEEP in kinds),
    }


def _network(model: LockedModel, plan: StudyPlan, needed: bool) -> DeepSection:
    """Return the model's network section; its file, where it has one, is the outside plan's."""
    if not needed:
        return DeepSection(enabled=False)
    own = plan.deep.backbone if plan.deep.is_network_file else plan.deep.weights
    given = Path(own) if "deep" in plan.model_fields_set else None
    return DeepSection(**network_settings(model, given, plan.deep.trust).model_dump())
