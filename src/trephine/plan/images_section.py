"""``[images.NAME]``: one of several images of a case, with its regions and settings of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from trephine.choices import MaskGeometry
from trephine.cohort.follow_up import DAYS
from trephine.errors import MisfitError
from trephine.plan.derived_region import Derivation, DerivedRegion
from trephine.plan.features_sections import DeepSection, RadiomicsSection
from trephine.plan.image_words import Acceptable, ImagingModality, RadiographView
from trephine.plan.section import PlanSection
from trephine.types import TimeUnit

# A label, the name of a segment, or one of these for each side.
RegionLabel = int | str | dict[str, int | str]

# What stands for a case that lacks an image.
MissingImage = Literal["stop", "drop", "impute"]

# What is taken from the image on which the regions were drawn.
_DRAWN = ("raters", "repeats", "mask_label", "regions", "derived")
_LATER = re.compile(r"(day|week|month|year) (\d+(?:\.\d+)?)")
_UNITS: dict[str, TimeUnit] = {
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years",
}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")


class ImageSection(PlanSection):
    """``[images.NAME]``: where an image lies, what is drawn on it, and how it is measured."""

    image: str = Field(description="path of a case's image, as `image` of [data]")
    raters: dict[str, str] = Field(
        default_factory=dict,
        description="path of each rater's mask on this image, as `raters` of [data]",
    )
    drawn_on: str | None = Field(
        default=None,
        description="name of another image of the case on which this image's regions were drawn:"
        " its raters, second readings and regions are taken, and each mask is moved by nearest"
        " neighbour to where its header puts it on this image; two DICOM images must state the"
        " same frame of reference",
    )
    repeats: dict[str, str] = Field(
        default_factory=dict, description="second readings, as `repeats` of [data]"
    )
    mask_label: RegionLabel = Field(
        default=1, description="label of the one region, as `mask_label` of [data]"
    )
    regions: dict[str, RegionLabel] = Field(
        default_factory=dict,
        description="several regions by name, each with its label (or a label for each side):"
        " `{ head = 1, lesion = 2 }`; each has features of its own, such as those of"
        " `NAME.lesion radiomics`",
    )
    derived: dict[str, DerivedRegion] = Field(
        default_factory=dict,
        description="regions that are made of `regions`, each a section"
        " `[images.NAME.derived.REGION]` below",
    )
    measured: tuple[str, ...] = Field(
        default=(), description="the regions that have features; by default all, derived ones too"
    )
    modality: ImagingModality | None = Field(
        default=None,
        description="what every DICOM file of this image must be; one of another kind is a problem",
    )
    when: str = Field(
        default="baseline",
        description='when it was taken: `"baseline"`, by the start of follow-up, or later as'
        ' `"month 6"` (day, week, month or year), where prediction begins then or later:'
        " [outcome] `landmark`",
    )
    change_from: str | None = Field(
        default=None,
        description="name of an earlier image with the same regions, raters and settings: how each"
        " radiomics feature changed since, and that change as a share of the earlier value, stand"
        " beside this image's own features",
    )
    view: RadiographView | None = Field(default=None, description="as `view` of [data]")
    missing: MissingImage = Field(
        default="stop",
        description="what becomes of a case that has no file of this image or no mask on it:"
        ' `"stop"` lists it as a problem (or leaves it out with [data] `failures = "skip"`);'
        ' `"drop"` leaves it out, counted in the flow figure; `"impute"` keeps it: signatures of'
        " this image are made from the cases that have it, anew in every fold, and the others get"
        " the mean score of those",
    )
    spacing_mm: float | tuple[float, float] | None = Field(
        default=None, description="as `spacing_mm` of [data], which it replaces"
    )
    mask_geometry: MaskGeometry | None = Field(
        default=None, description="as `mask_geometry` of [data], which it replaces"
    )
    accept: tuple[Acceptable, ...] = Field(
        default=(), description="as `accept` of [data], beside what that accepts"
    )
    radiomics: RadiomicsSection | None = Field(
        default=None,
        description="keys of [radiomics] for this image; others are as there. A preset"
        " or a file of its own also replaces the settings of [radiomics]",
    )
    deep: DeepSection | None = Field(
        default=None, description="keys of [deep] for this image; others are as there"
    )

    @field_validator("when")
    @classmethod
    def _known_time(cls, when: str) -> str:
        if when != "baseline" and not _LATER.fullmatch(when):
            expected = '"baseline", or a time after it such as "month 6" or "day 90"'
            raise MisfitError("", expected, repr(when))
        return when

    @property
    def days_later(self) -> float:
        """Days after the start of follow-up at which it was taken; 0 at baseline."""
        later = _LATER.fullmatch(self.when)
        return 0.0 if later is None else float(later[2]) * DAYS[_UNITS[later[1]]]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.raters and self.drawn_on is None:
            raise MisfitError("raters", "the masks of at least one rater, or drawn_on", "none")
        others = sorted(set(self.repeats) - set(self.raters))
        if others:
            raise MisfitError("repeats", f"raters {list(self.raters)}", str(others))
        if self.regions and "mask_label" in self.model_fields_set:
            raise MisfitError("regions", "either mask_label or regions", "both")
        check_names(self.regions, "regions")
        self._check_derived()
        if self.drawn_on is None:
            self._check_measured()
        return self

    def _check_measured(self) -> None:
        every = {**self.regions, **self.derived}
        strange = [one for one in self.measured if one not in every]
        if strange:
            raise MisfitError("measured", "names of regions, drawn or derived", str(strange))

    def _check_derived(self) -> None:
        check_names(self.derived, "derived")
        for name, rule in self.derived.items():
            unknown = [one for one in rule.used if one not in self.regions]
            if unknown or name in self.regions:
                expected = f"a name of its own, and regions among {list(self.regions)}"
                raise MisfitError(f"derived.{name}", expected, str(unknown or name))
            if any(isinstance(self.regions[one], dict) for one in rule.used):
                expected = "regions with one label, not one for each side"
                raise MisfitError(f"derived.{name}", expected)

    def with_regions_of(self, other: ImageSection) -> ImageSection:
        """Return the section with the readings and regions of the image on which they were drawn.

        Raises
        ------
        MisfitError
            If it states its own.
        """
        taken = {key: getattr(other, key) for key in _DRAWN}
        stated = [key for key in _DRAWN if key in self.model_fields_set]
        own = [key for key in stated if getattr(self, key) != taken[key]]
        if own:
            raise MisfitError(own[0], f"drawn_on = {self.drawn_on!r} or {own[0]}", "both")
        if self.mask_geometry not in (None, "resample"):
            expected = '"resample", which drawn_on asks for'
            raise MisfitError("mask_geometry", expected, repr(self.mask_geometry))
        if "measured" not in self.model_fields_set:
            taken["measured"] = other.measured
        whole = self.model_copy(update={**taken, "mask_geometry": "resample"})
        whole._check_measured()
        return whole

    @property
    def labels(self) -> dict[str, RegionLabel]:
        """The label of each region by its name, which is empty where there is only one.

        A derived one is called by the words of its rule.
        """
        derived = {name: rule.words for name, rule in self.derived.items()}
        every: dict[str, RegionLabel] = {**self.regions, **derived}
        chosen = {name: every[name] for name in self.measured or every}
        return chosen or {"": self.mask_label}

    def derivation(self, region: str) -> Derivation | None:
        """Return how a region is made of the drawn ones; None of one that is drawn."""
        if region not in self.derived:
            return None
        drawn = {n: label for n, label in self.regions.items() if not isinstance(label, dict)}
        return self.derived[region].of_labels(drawn)

    def radiomics_over(self, study: RadiomicsSection) -> RadiomicsSection:
        """Return ``[radiomics]`` with this image's own keys over it."""
        own = self.radiomics
        if own is None:
            return study
        changed: dict[str, Any] = {key: getattr(own, key) for key in own.model_fields_set}
        if {"preset", "file"} & own.model_fields_set:
            changed = {"preset": None, "file": None, "settings": {}, **changed}
        else:
            changed["settings"] = {**study.settings, **own.settings}
        return study.model_copy(update=changed)

    def deep_over(self, study: DeepSection) -> DeepSection:
        """Return ``[deep]`` with this image's own keys over it.

        Raises
        ------
        MisfitError
            If the two do not go together.
        """
        if self.deep is None:
            return study
        own = {key: getattr(self.deep, key) for key in self.deep.model_fields_set}
        stated = {key: getattr(study, key) for key in study.model_fields_set}
        return DeepSection(**{**stated, **own})


def check_names(names: dict[str, Any], what: str) -> None:
    """Refuse names of images or regions that tables, files and formulas could not hold.

    Raises
    ------
    MisfitError
        With the first of them.
    """
    for name in names:
        if not _NAME.fullmatch(name):
            expected = "names of letters, digits, - and _"
            raise MisfitError(what, expected, repr(name))


def regions_of_other_images(images: Mapping[str, ImageSection]) -> dict[str, ImageSection]:
    """Return the sections, those whose regions were drawn on another image with its regions.

    Raises
    ------
    MisfitError
        If there is no such image, or its own regions were drawn on another.
    """
    found = {}
    for name, section in images.items():
        if section.drawn_on is None:
            found[name] = section
            continue
        other = images.get(section.drawn_on)
        if other is None or other.drawn_on is not None:
            drawn = [one for one, own in images.items() if own.drawn_on is None]
            expected = f"an image that was drawn on, one of {drawn}"
            raise MisfitError(f"{name}.drawn_on", expected, repr(section.drawn_on))
        try:
            found[name] = section.with_regions_of(other)
        except MisfitError as error:
            raise MisfitError(f"{name}.{error.what}", error.expected, error.found) from None
    return found
