"""``[features]``, ``[radiomics]`` and ``[deep]``: where features come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    PrivateAttr,
)

from trephine.choices import (
    DecimalSign,
    NormaliseMethod,
)
from trephine.deep.settings import DeepSettings, FineTuneSettings
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
        default="none", description="grey-level normalisation of the image before the engine's own"
    )
    perturb: PerturbationSettings | None = Field(
        default=None,
        description="a section `[radiomics.perturb]`, empty or not, measures perturbed copies of"
        " the regions",
    )
    # What each file said when it was first read: it may be edited while the study runs. Copies
    # of the section share it.
    _read: dict[Path, RadiomicsSettings] = PrivateAttr(default_factory=dict)

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
