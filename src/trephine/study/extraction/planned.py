"""What is to be read of a study's images: every region once, under the key of what decides it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trephine.errors import ImageError, InputError
from trephine.imaging.read import READING_VERSION
from trephine.radiomics.extract import ENGINE_VERSION
from trephine.store import feature_key
from trephine.study.extraction.tasks import ExtractionTask, MeasurementKind, Reading, Recipe
from trephine.study.images.files import CaseFiles, without_names
from trephine.study.images.fingerprints import Fingerprint, fingerprint
from trephine.study.inputs import StudyInputs


@dataclass(frozen=True)
class Planned:
    """Keys of every reading, by rater and case, and what to do for those not stored."""

    tasks: tuple[ExtractionTask, ...]
    keys: Mapping[MeasurementKind, Mapping[tuple[str, bool], tuple[str | None, ...]]]
    fingerprints: Mapping[Path, Fingerprint]

    def take(self, rows: Sequence[int], files: CaseFiles) -> Planned:
        """Return what is planned for the cases at ``rows``, whose files these are."""
        position = {row: number for number, row in enumerate(rows)}
        tasks = []
        for task in self.tasks:
            readings = tuple(
                replace(reading, position=position[reading.position])
                for reading in task.readings
                if reading.position in position
            )
            if readings:
                tasks.append(replace(task, readings=readings))
        keys = {
            kind: {reading: tuple(row[case] for case in rows) for reading, row in of.items()}
            for kind, of in self.keys.items()
        }
        fingerprints = {path: self.fingerprints[path] for path in files.paths()}
        return Planned(tuple(tasks), keys, fingerprints)


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
    rule = inputs.plan.data.derivation
    derived = "" if rule is None else rule.model_dump_json()
    kinds = _versions(recipe)
    by_image: dict[Path, list[Reading]] = defaultdict(list)
    keys: dict[MeasurementKind, dict[tuple[str, bool], tuple[str | None, ...]]] = {
        k: {} for k in kinds
    }
    readings: list[tuple[tuple[str, bool], Sequence[Path | None]]] = [
        *(((rater, False), paths) for rater, paths in files.masks.items()),
        *(((rater, True), paths) for rater, paths in files.repeats.items()),
    ]
    for reading, masks in readings:
        rows: dict[MeasurementKind, list[str | None]] = {kind: [] for kind in kinds}
        for row, mask in enumerate(masks):
            if mask is None:
                for kind in kinds:
                    rows[kind].append(None)
                continue
            image, label, side = files.images[row], files.labels[row], inputs.sides[row]
            where = (taken[image].sha256, taken[mask].sha256, derived or label, side)
            made = {kind: feature_key(kind, *where, *kinds[kind]) for kind in kinds}
            by_image[image].append(
                Reading(mask, taken[mask].sha256, label, side, files.rows[row], made, row)
            )
            for kind in kinds:
                rows[kind].append(made[kind])
        for kind in kinds:
            keys[kind][reading] = tuple(rows[kind])
    tasks = tuple(ExtractionTask(p, taken[p].sha256, tuple(r)) for p, r in by_image.items())
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


def _versions(recipe: Recipe) -> dict[MeasurementKind, tuple[str, ...]]:
    """Return what beside image and mask decides the features of each kind."""
    versions: dict[MeasurementKind, tuple[str, ...]] = {}
    stated = (str(recipe.data.spacing_mm), recipe.data.mask_geometry)
    reading = (READING_VERSION, recipe.normalise, *stated)
    if recipe.radiomics is not None:
        versions["radiomics"] = (recipe.radiomics.digest(), ENGINE_VERSION, *reading)
    if recipe.network:
        versions["deep"] = (recipe.network, *reading)
        if recipe.maps is not None:
            versions["maps"] = versions["deep"]
    return versions
