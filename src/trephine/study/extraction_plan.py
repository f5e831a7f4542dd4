"""What is to be read of a study's images: every region once, under the key of what decides it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from trephine.choices import NormaliseMethod
from trephine.deep.embed import Embedder
from trephine.deep.last_block import LastBlock
from trephine.deep.settings import DeepSettings
from trephine.errors import ImageError, InputError
from trephine.imaging.read import READING_VERSION
from trephine.plan.data_section import DataSection
from trephine.radiomics.extract import ENGINE_VERSION
from trephine.radiomics.settings import RadiomicsSettings
from trephine.store import feature_key
from trephine.study.files import CaseFiles, without_names
from trephine.study.fingerprints import Fingerprint, fingerprint
from trephine.study.inputs import StudyInputs

# Maps are what enters the last block, for fine-tuning.
Kind = Literal["radiomics", "deep", "maps"]


@dataclass(frozen=True)
class Recipe:
    """What is extracted from a region; handed to each worker once.

    ``block`` is a locked model's trained last block, ``maps`` where maps are kept for a block
    that is still to be trained, ``network`` the digest of the network that the keys rest on.
    """

    data: DataSection
    normalise: NormaliseMethod
    radiomics: RadiomicsSettings | None
    deep: DeepSettings | None
    block: LastBlock | None
    maps: Path | None
    network: str = ""

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
    """

    mask: Path
    sha256: str
    label: int | str
    side: str | None
    row: int
    keys: Mapping[Kind, str]


@dataclass(frozen=True)
class Task:
    """All readings on one image that are not in the store yet."""

    image: Path
    sha256: str
    readings: tuple[Reading, ...]

    @property
    def image_key(self) -> str:
        """Key of the image's own note in the store."""
        return f"image:{self.sha256}"


@dataclass(frozen=True)
class Planned:
    """Keys of every reading, by rater and case, and what to do for those not stored."""

    tasks: tuple[Task, ...]
    keys: Mapping[Kind, Mapping[tuple[str, bool], tuple[str | None, ...]]]
    fingerprints: Mapping[Path, Fingerprint]


def plan_readings(inputs: StudyInputs, files: CaseFiles, recipe: Recipe) -> Planned:
    """Return the key of every reading, and the readings of each image.

    Parameters
    ----------
    inputs, files
        The study, and its images and masks.
    recipe
        What is extracted.

    Raises
    ------
    InputError
        If a file cannot be read; named by its row.
    """
    taken = _fingerprints(inputs, files)
    kinds = _versions(recipe)
    by_image: dict[Path, list[Reading]] = defaultdict(list)
    keys: dict[Kind, dict[tuple[str, bool], tuple[str | None, ...]]] = {k: {} for k in kinds}
    readings: list[tuple[tuple[str, bool], Sequence[Path | None]]] = [
        *(((rater, False), paths) for rater, paths in files.masks.items()),
        *(((rater, True), paths) for rater, paths in files.repeats.items()),
    ]
    for reading, masks in readings:
        rows: dict[Kind, list[str | None]] = {kind: [] for kind in kinds}
        for row, mask in enumerate(masks):
            if mask is None:
                for kind in kinds:
                    rows[kind].append(None)
                continue
            image, label, side = files.images[row], files.labels[row], inputs.sides[row]
            where = (taken[image].sha256, taken[mask].sha256, label, side)
            made = {kind: feature_key(kind, *where, *kinds[kind]) for kind in kinds}
            by_image[image].append(
                Reading(mask, taken[mask].sha256, label, side, files.rows[row], made)
            )
            for kind in kinds:
                rows[kind].append(made[kind])
        for kind in kinds:
            keys[kind][reading] = tuple(rows[kind])
    tasks = tuple(Task(p, taken[p].sha256, tuple(r)) for p, r in by_image.items())
    return Planned(tasks, keys, taken)


def _fingerprints(inputs: StudyInputs, files: CaseFiles) -> dict[Path, Fingerprint]:
    """Take the fingerprint of every image and mask.

    Raises
    ------
    InputError
        If one cannot be read; named by its row.
    """
    table = inputs.plan.data.table.name
    taken: dict[Path, Fingerprint] = {}
    for readings in (files.images, *files.masks.values(), *files.repeats.values()):
        for row, path in zip(files.rows, readings, strict=True):
            if path is not None and path not in taken:
                try:
                    taken[path] = fingerprint(path)
                except ImageError as error:
                    raise InputError(f"{table}, row {row}: {without_names(error, path)}") from None
    return taken


def _versions(recipe: Recipe) -> dict[Kind, tuple[str, ...]]:
    """Return what beside image and mask decides the features of each kind."""
    versions: dict[Kind, tuple[str, ...]] = {}
    stated = (str(recipe.data.spacing_mm), recipe.data.mask_geometry)
    reading = (READING_VERSION, recipe.normalise, *stated)
    if recipe.radiomics is not None:
        versions["radiomics"] = (recipe.radiomics.digest(), ENGINE_VERSION, *reading)
    if recipe.network:
        versions["deep"] = (recipe.network, *reading)
        if recipe.maps is not None:
            versions["maps"] = versions["deep"]
    return versions
