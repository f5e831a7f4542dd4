"""The images of a case, each as the plan that the study would have if it were its only one.

Whatever looks for, opens, measures or shows images knows one image and one region per case. A
study of several images or regions is therefore treated as several studies of one, on the same
cases, whose features then stand side by side, in feature sets that carry the image's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trephine.plan import StudyPlan
from trephine.plan.images_section import ImageSection, RegionLabel

RADIOMICS = "radiomics"
DEEP = "deep"


def image_plans(plan: StudyPlan) -> dict[str, StudyPlan]:
    """Return a plan of one image for each image and region of a case, by their names.

    Returns
    -------
    Keys are such as "ap", or "t1.lesion" where an image has named regions; empty for the one
    image of ``[data]``, whose plan is the study's own. Nothing for a study without images.
    """
    if plan.has_images:
        return {"": plan}
    return {
        f"{name}.{region}" if region else name: _alone(plan, section, region, label)
        for name, section in plan.images.items()
        for region, label in section.labels.items()
    }


def _alone(plan: StudyPlan, section: ImageSection, region: str, label: RegionLabel) -> StudyPlan:
    data = plan.data
    chosen: dict[str, Any] = {
        "image": section.image,
        "raters": section.raters,
        "repeats": section.repeats,
        "mask_label": label,
        "modality": section.modality,
        "view": section.view,
        "accept": tuple(dict.fromkeys((*data.accept, *section.accept))),
    }
    for key in ("spacing_mm", "mask_geometry"):
        if (own := getattr(section, key)) is not None:
            chosen[key] = own
    update: dict[str, Any] = {
        "data": data.deriving(section.derivation(region), chosen),
        "images": {},
        "radiomics": section.radiomics_over(plan.radiomics),
    }
    if section.deep is not None:  # else a section that the file lacks would seem asked for
        update["deep"] = section.deep_over(plan.deep)
    return plan.model_copy(update=update)


def image_of(key: str) -> str:
    """Return the name of the image that a key of `image_plans` is of."""
    return key.partition(".")[0]


def earlier_images(plan: StudyPlan) -> dict[str, str]:
    """Return the key of the image that each image's changes count from, where it has changes."""
    return {
        key: key.replace(image_of(key), earlier, 1)
        for key in image_plans(plan)
        if key and (earlier := plan.images[image_of(key)].change_from) is not None
    }


def imputed_images(plan: StudyPlan) -> frozenset[str]:
    """Return the keys of the images that a case may lack and is kept."""
    return frozenset(
        key for key in image_plans(plan) if key and plan.images[image_of(key)].missing == "impute"
    )


def set_name(key: str, kind: str) -> str:
    """Return the name of the feature set of one kind that an image gives."""
    return f"{key} {kind}" if key else kind


def sets_of_kind(plan: StudyPlan, kind: str) -> Mapping[str, str]:
    """Return the possible feature sets of one kind: the image's key by the set's name."""
    return {set_name(key, kind): key for key in image_plans(plan)}
