"""``[features]``, ``[radiomics]`` and ``[deep]``: where features come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    PrivateAttr,
)

from trephine.choices import (
    BiasCorrection,
    DecimalSign,
    NormaliseMethod,
)
from trephine.deep.settings import DeepSettings, FineTuneSettings
from trephine.errors import MisfitError
from trephine.plan.section import PlanSection
from trephine.radiomics.settings import RadiomicsSettings
from trephine.radiomics.settings_perturbation import PerturbationSettings


class FeatureSetByPrefix(PlanSection):
    """A feature set: every column whose name starts so."""

    prefix: str = Field(description="beginning of the columns' names")


class FeaturesSection(PlanSection):
    """``[features]``: features that come ready-made in a table."""

    table: Path = Field(description="as the table of [data], which it may be itself")
    case: str | None = Field(default=None, description="its case column; as [data] by default")
    sets: dict[str, FeatureSetByPrefix | tuple[str, ...]] = Field(
        default_factory=dict,
        description="a prefix or a list of columns; by default every column of numbers but the"
        " case's, row numbers, other outcomes and PyRadiomics' diagnostics",
    )
    sheet: str | None = Field(
        default=None, description="sheet of a workbook; by default the first that holds a table"
    )
    decimal: DecimalSign | None = Field(
        default=None, description="the decimal sign of numbers written as text"
    )


class RadiomicsSection(PlanSection):
    """``[radiomics]``: which features the engine extracts."""

    enabled: bool = Field(default=True, description="whether radiomic features are extracted")
    preset: str | None = Field(default=None, description="native2d, published-1562, ...")
    file: Path | None = Field(default=None, description="a PyRadiomics parameter file")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="settings by PyRadiomics' names, over the preset"
    )
    normalise: NormaliseMethod = Field(
        default="none",
        description="grey-level normalisation of the image before the engine's own; `whole-image`"
        " is the z-score, `nyul` maps percentiles of MR to a standard scale",
    )
    bias_correction: BiasCorrection = Field(
        default="none",
        description="`n4` takes the slow shading out of MR before that, as SimpleITK's N4 does;"
        " networks see the image as it is",
    )
    standard_images: str | None = Field(
        default=None,
        description='with `normalise = "nyul"`: path of the images, with `*` and `?`, from which'
        " the scale is learned. None may be a case's: the scale would then know the cases that a"
        " fold keeps back. It goes into the model; images of volunteers or of earlier patients do",
    )
    standard_scale: tuple[float, ...] = Field(
        default=(),
        description="the scale itself instead, as published with another study: the eleven"
        " ascending grey values that percentiles 1, 10, 20, ... 90 and 99 of the foreground become",
    )
    perturb: PerturbationSettings | None = Field(
        default=None,
        description="a section `[radiomics.perturb]`, empty or not, measures perturbed copies of"
        " the regions",
    )
    # What each file said when it was first read: it may be edited while the study runs. Copies
    # of the section share it.
    _read: dict[Path, RadiomicsSettings] = PrivateAttr(default_factory=dict)
    # The same of the scale that was learned.
    _learned: dict[str, tuple[float, ...]] = PrivateAttr(default_factory=dict)

    def check_grey(self, where: str, modality: str | None) -> None:
        """Refuse a scale without its method, a method without its scale, and N4 of other than MR.

        Raises
        ------
        MisfitError
            With ``where`` the section stands in the study file.
        """
        ways = [key for key in ("standard_images", "standard_scale") if getattr(self, key)]
        if self.normalise == "nyul" and len(ways) != 1:
            expected = "standard_images or standard_scale, which the method needs"
            raise MisfitError(f"{where}.normalise", expected, "both" if ways else "none")
        if self.normalise != "nyul" and ways:
            raise MisfitError(f"{where}.{ways[0]}", 'normalise = "nyul" beside it', "none")
        scale = self.standard_scale
        if scale and (len(scale) != 11 or list(scale) != sorted(set(scale))):
            raise MisfitError(f"{where}.standard_scale", "eleven ascending numbers", str(scale))
        if self.bias_correction == "n4" and modality not in (None, "MR"):
            raise MisfitError(f"{where}.bias_correction", "an image of MR", repr(modality))

    def scale(self, learn: Callable[[str], tuple[float, ...]]) -> tuple[float, ...]:
        """Return the standard scale; one that is learned, by ``learn``, is learned once."""
        if self.standard_images is None:
            return self.standard_scale
        if self.standard_images not in self._learned:
            self._learned[self.standard_images] = learn(self.standard_images)
        return self._learned[self.standard_images]

    def from_file(self) -> RadiomicsSettings:
        """Return the settings of ``file``, which is read once."""
        assert self.file is not None
        if self.file not in self._read:
            self._read[self.file] = RadiomicsSettings.from_file(self.file)
        return self._read[self.file]


class DeepSection(DeepSettings):
    """``[deep]``: which network reads the regions."""

    enabled: bool = Field(default=True, description="whether deep features are extracted")
    finetune: FineTuneSettings | None = Field(
        default=None,
        description="a section `[deep.finetune]`, empty or not, has a ResNet's last block trained",
    )

    def settings(self) -> DeepSettings:
        """Return the part that the embedder takes."""
        return DeepSettings(**self.model_dump(exclude={"enabled", "finetune"}))
