"""What is to be read of a study's images: every region once, under the key of what decides it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trephine import streams
from trephine.errors import ImageError, InputError
from trephine.imaging.read import READING_VERSION
from trephine.radiomics.extract import ENGINE_VERSION
from trephine.radiomics.settings_perturbation import PerturbationSettings
from trephine.store import feature_key
from trephine.study.extraction.tasks import (
    ExtractionTask,
    MeasurementKind,
    PerturbedCopy,
    Reading,
    Recipe,
)
from trephine.study.images.files import CaseFiles, without_names
from trephine.study.images.fingerprints import Fingerprint, fingerprint
from trephine.study.inputs import StudyInputs


@dataclass(frozen=True)
class Planned:
    """Keys of every reading, by rater and case, and what to do for those not stored.

    ``copies`` are the keys of perturbed copies of the first rater's regions, by copy and case.
    """

    tasks: tuple[ExtractionTask, ...]
    keys: Mapping[MeasurementKind, Mapping[tuple[str, bool], tuple[str | None, ...]]]
    fingerprints: Mapping[Path, Fingerprint]
    copies: tuple[tuple[str | None, ...], ...] = ()

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
        copies = tuple(tuple(row[case] for case in rows) for row in self.copies)
        return Planned(tuple(tasks), keys, fingerprints, copies)


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
    planned = Planned(tasks, keys, taken)
    return _with_copies(planned, readings[0][0], recipe, inputs.plan.study.seed)


def _with_copies(planned: Planned, first: tuple[str, bool], recipe: Recipe, seed: int) -> Planned:
    """Add the perturbed copies of the first reading's regions, where the plan asks for them.

    What a copy's numbers are drawn from does not depend on its case's place in the table.
    """
    if recipe.perturb is None or "radiomics" not in planned.keys:
        return planned
    own = planned.keys["radiomics"][first]
    by_case: list[tuple[PerturbedCopy, ...]] = [()] * len(own)
    tasks = []
    for task in planned.tasks:
        readings = []
        for reading in task.readings:
            case = reading.position
            if reading.keys["radiomics"] == own[case] and not by_case[case]:
                by_case[case] = _copies(task, reading, recipe.perturb, seed)
                reading = replace(reading, copies=by_case[case])
            readings.append(reading)
        tasks.append(replace(task, readings=tuple(readings)))
    copies = tuple(
        tuple(some[number].key if some else None for some in by_case)
        for number in range(recipe.perturb.copies)
    )
    return replace(planned, tasks=tuple(tasks), copies=copies)


def _copies(
    task: ExtractionTask, reading: Reading, perturb: PerturbationSettings, seed: int
) -> tuple[PerturbedCopy, ...]:
    how = perturb.model_dump_json(exclude={"copies"})
    region = feature_key("region", task.sha256, reading.sha256, reading.label, reading.side)
    root = streams.seeds(seed, "perturbed copies").generate_state(4).tolist()
    return tuple(
        PerturbedCopy(
            feature_key("perturbed", reading.keys["radiomics"], how, seed, number),
            (*root, number, int(region, 16)),
        )
        for number in range(perturb.copies)
    )


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
    reading = (READING_VERSION, *recipe.grey.key, *stated)
    if recipe.radiomics is not None:
        versions["radiomics"] = (recipe.radiomics.digest(), ENGINE_VERSION, *reading)
    if recipe.network:
        versions["deep"] = (recipe.network, *reading)
        if recipe.maps is not None:
            versions["maps"] = versions["deep"]
    return versions
