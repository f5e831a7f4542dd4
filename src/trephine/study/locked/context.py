"""What a bundle says beside its numbers: context.json, typed, versioned and described by a schema.

`docs/bundle-schema.json` is written from these classes. Whoever reads a bundle in another language
needs that schema and `predictor.json` alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trephine.choices import (
    BiasCorrection,
    DecimalSign,
    MaskGeometry,
    NormaliseMethod,
    ProtocolName,
    UpdateMethod,
)
from trephine.cohort.cells import CellReading
from trephine.deep.settings import DeepSettings
from trephine.errors import BundleError
from trephine.facts import HorizonNumber, PerformanceFacts, PredictorAxis, SurvivalAxisFact
from trephine.imaging.grey_settings import GreySettings
from trephine.plan.derived_region import Derivation
from trephine.plan.image_words import Acceptable
from trephine.plan.sections import OutcomeSection
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.image_plans import DEEP, RADIOMICS, image_of, set_name

# That of the whole bundle (trephine.modelling.bundle.VERSION); an older one is refused by number.
ContextVersion = Literal[5]

# Of many faults of a file, these are shown.
_SHOWN = 5


class Part(BaseModel):
    """Base of all parts: frozen, strict, unknown keys refused, docstrings kept in the schema."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class ExtractionContext(Part):
    """How the study read its images and tables, so that a new case is read alike."""

    radiomics: RadiomicsSettings | None
    """Settings of the radiomics engine; null where the study measured none."""
    engine_version: str
    """Of the radiomics engine; empty where the study measured none."""
    normalise: NormaliseMethod
    """How grey values were normalised before measuring."""
    bias_correction: BiasCorrection = "none"
    """Whether the slow shading of MR was taken out before that."""
    standard_scale: tuple[float, ...] = ()
    """Grey values of the standard scale's landmarks, for the method "nyul"; else empty."""
    deep: DeepSettings | None
    """The network; a file keeps its name, not its folder. Null where the study used none."""
    weights_sha256: str
    """Hash of the network's weights; empty where the study used none."""
    spacing_mm: float | tuple[float, float] | None
    """Pixel spacing of images that state none."""
    mask_geometry: MaskGeometry
    """What was done with a mask whose header does not put it on its image's pixels."""
    mask_label: int | str | dict[str, int | str]
    """Label of the region in a mask, or a label for each side."""
    derivation: Derivation | None = None
    """How the region is made of those that were drawn; null where it is one of them."""
    drawn_on: str | None = None
    """Name of the image on which the regions were drawn; null where that is this one."""
    change_from: str | None = None
    """Key, in `images`, of the earlier image from which changes of radiomics features count; null
    where this image has none."""
    accept: tuple[Acceptable, ...]
    """Contradictions that the study went on with."""
    decimal: DecimalSign | None
    """Decimal sign of the feature table, where the study states it."""
    sides: bool
    """Whether each case is one side of its patient."""
    fills_missing: bool
    """Whether features with missing values were let in, so that a training mean can stand in."""

    @classmethod
    def of_nothing(cls) -> Self:
        """Return what a model has that measures no feature."""
        return cls(
            radiomics=None,
            engine_version="",
            normalise="none",
            deep=None,
            weights_sha256="",
            spacing_mm=None,
            mask_geometry="strict",
            mask_label=1,
            accept=(),
            decimal=None,
            sides=False,
            fills_missing=False,
        )

    @property
    def grey(self) -> GreySettings:
        """How grey values are brought to one scale before radiomics are measured."""
        return GreySettings(self.normalise, self.bias_correction, self.standard_scale)

    @property
    def measured(self) -> frozenset[str]:
        """The feature sets that the study measured on images."""
        sets = {RADIOMICS: self.radiomics, DEEP: self.deep}
        return frozenset(name for name, settings in sets.items() if settings is not None)

    @model_validator(mode="after")
    def _trusts_nobody(self) -> Self:
        if self.deep is not None and self.deep.trust is not None:
            raise ValueError("deep.trust: expected none; whom to trust is the user's word")
        return self


class TableContext(Part):
    """How the study read its own table, whose row a new case may be."""

    sides: dict[str, tuple[str, ...]]
    """By side, how the columns of a wide table begin or end; empty for one row per case."""
    read: dict[str, CellReading]
    """What the cells of a column mean, by column."""


class NomogramContext(Part):
    """A model as points: those of each axis add up to the total, the total gives survival.

    Between the ticks of a continuous axis points run straight, and beyond them too, unless its
    variable is a spline. Survival to a
    horizon is ``baseline_survival ** exp(total / points_per_unit + zero_points_predictor)``.
    """

    axes: tuple[PredictorAxis, ...]
    """One for each predictor: clinical variables first, then signatures."""
    total_ticks: tuple[float, ...]
    """Ticks of the total points axis."""
    survival: tuple[SurvivalAxisFact, ...]
    """One axis for each horizon that the follow-up of training reaches."""
    points_per_unit: Annotated[float, Field(gt=0)]
    """Points for one unit of the linear predictor."""
    zero_points_predictor: float
    """Linear predictor at 0 total points."""
    baseline_survival: tuple[HorizonNumber, ...]
    """Survival to each of those horizons where the linear predictor is 0."""

    def total_points(self, linear_predictor: float) -> float:
        """Return the total points of a case."""
        return (linear_predictor - self.zero_points_predictor) * self.points_per_unit


class UpdateContext(Part):
    """What a model was updated from, and on how many outside cases."""

    title: str
    """Of the study that made the model."""
    trephine: str
    """Version of Trephine that fitted it."""
    cases: int
    """Outside cases on which it was updated."""
    events: int
    """Events among them."""
    changed: dict[str, UpdateMethod]
    """By model: nothing, the baseline, its hazard anew, baseline and slope, or a refit of all
    coefficients."""
    rates: dict[str, dict[str, UpdateMethod]] = {}
    """By model and competing event, the same of that event's rate."""


class BundleContext(Part):
    """What predicting needs beside the predictor, and what a reader should know."""

    version: ContextVersion
    """Of the bundle's format."""
    trephine: str
    """Version of Trephine that fitted the model."""
    title: str
    """Of the study."""
    simulated: str
    """How the data were simulated; empty where they were not."""
    protocol: ProtocolName
    """Protocol that fitted the models."""
    primary_model: str
    """The model that is used unless another is named: the one of most parts."""
    outcome: OutcomeSection
    """What is predicted, in which unit, at which horizons."""
    features: ExtractionContext
    """How features were measured."""
    images: dict[str, ExtractionContext] = Field(default_factory=dict)
    """How the features of each of several images of a case were measured, by the name of the image
    and, after a dot, of its region; empty where a case has one image, which `features` is of."""
    table: TableContext
    """How values were read."""
    centres: tuple[str, ...]
    """Names of training's centres; the place of a name is the centre's code in the predictor."""
    performance: tuple[PerformanceFacts, ...]
    """How good the models were, as the study's report says."""
    nomograms: dict[str, NomogramContext]
    """By model; a model without a predictor that changes the risk has none."""
    updated: UpdateContext | None = None
    """Where outside cases changed the model; absent where none did."""
    equation: bool = False
    """Whether it is a published equation that was entered by hand; absent where it is not."""

    @property
    def measured(self) -> dict[str, str]:
        """The feature sets that the study measured, each with the key of its image.

        The key is empty where a case has one image.
        """
        each = self.images or {"": self.features}
        return {set_name(key, kind): key for key, one in each.items() for kind in one.measured}

    @property
    def image_names(self) -> tuple[str, ...]:
        """The names of the images of a case; nothing where it has one."""
        return tuple(dict.fromkeys(map(image_of, self.images)))

    @property
    def radiomics_settings(self) -> tuple[RadiomicsSettings, ...]:
        """How radiomics features are measured, for each image on which some are."""
        each = (self.images or {"": self.features}).values()
        return tuple(one.radiomics for one in each if one.radiomics is not None)

    @property
    def mask_names(self) -> tuple[str, ...]:
        """The names of the images on which regions are drawn; nothing where a case has one."""
        drawn = (one.drawn_on or image_of(key) for key, one in self.images.items())
        return tuple(dict.fromkeys(drawn))

    def of_image(self, key: str) -> BundleContext:
        """Return the context as if the image of a key were the only one of a case."""
        if not key:
            return self
        return self.model_copy(update={"features": self.images[key], "images": {}})

    def as_json(self) -> dict[str, Any]:
        """Return the content of context.json."""
        found = self.model_dump(mode="json")
        absent = {key for key in ("updated", "equation") if not found[key]}
        return {key: value for key, value in found.items() if key not in absent}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the context that ``as_json`` wrote.

        Raises
        ------
        BundleError
            With everything that is missing, unknown or of another kind.
        """
        try:
            # As text: JSON has lists where strict Python would want tuples.
            return cls.model_validate_json(json.dumps(content))
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}"
                for one in error.errors(include_input=False, include_url=False)
            ]
            more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
            raise BundleError(
                f"bundle: context.json is not what this version of Trephine writes:"
                f" {'; '.join(faults[:_SHOWN])}{more}. Fit the model again, or use the version that"
                " wrote it"
            ) from None
