"""What a worker extracts from one image, and how: all that it needs to know of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from trephine.deep.embed import Embedder
from trephine.deep.last_block import LastBlock
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError
from trephine.imaging.grey_settings import GreySettings
from trephine.plan.data_section import DataSection
from trephine.radiomics.settings import RadiomicsSettings
from trephine.radiomics.settings_perturbation import PerturbationSettings

# Maps are what enters the last block, for fine-tuning.
MeasurementKind = Literal["radiomics", "deep", "maps"]


@dataclass(frozen=True)
class Recipe:
    """What is extracted from a region; handed to each worker once.

    ``grey`` brings grey values to one scale before radiomics are measured, ``block`` is a locked
    model's trained last block, ``maps`` where maps are kept for a block that is still to be
    trained, ``network`` the digest of the network that the keys rest on, ``perturb`` how copies of
    regions are made, if they are.
    """

    data: DataSection
    grey: GreySettings
    radiomics: RadiomicsSettings | None
    deep: DeepSettings | None
    block: LastBlock | None
    maps: Path | None
    network: str = ""
    perturb: PerturbationSettings | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker is handed: not the network, which each opens for itself."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def embedder(self) -> Embedder | None:
        """The network, opened once in each process; None without deep features.

        Raises
        ------
        InputError
            If its file is another than the one that the features' keys rest on.
        """
        if self.deep is None:
            return None
        embedder = Embedder(self.deep.case_by_case())
        if self.block is not None:
            embedder = embedder.with_last_block(self.block)
        if self.network and embedder.digest != self.network:
            raise InputError(
                "deep weights: expected the file as it was when the work began, found that it"
                " changed meanwhile; run the same command again"
            )
        return embedder

    def held_to(self, embedder: Embedder) -> Recipe:
        """Return the recipe for this very network, which is not opened again in this process."""
        held = replace(self, network=embedder.digest)
        vars(held)["embedder"] = embedder  # as its cached property keeps it
        return held


class PerturbedCopy(NamedTuple):
    """One perturbed copy of a region: its features' key, and what its random numbers start from."""

    key: str
    entropy: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """One region to read.

    Attributes
    ----------
    mask, label, side
        Where the region is.
    sha256
        Of the mask.
    row
        Of the case in the study's table.
    keys
        Of its features in the store, by kind.
    position
        Of the case among those analysed.
    copies
        Perturbed ones that are measured too.
    """

    mask: Path
    sha256: str
    label: int | str
    side: str | None
    row: int
    keys: Mapping[MeasurementKind, str]
    position: int
    copies: tuple[PerturbedCopy, ...] = ()

    def all_keys(self) -> tuple[str, ...]:
        """Return the keys of all that is measured of it."""
        return (*self.keys.values(), *(copy.key for copy in self.copies))


@dataclass(frozen=True)
class ExtractionTask:
    """All readings on one image that are not in the store yet."""

    image: Path
    sha256: str
    readings: tuple[Reading, ...]

    @property
    def image_key(self) -> str:
        """Key of the image's own note in the store."""
        return f"image:{self.sha256}"
