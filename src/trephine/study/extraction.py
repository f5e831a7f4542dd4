"""Features of every reading of every case, each extracted once and kept in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trephine.deep.embed import Embedder
from trephine.deep.last_block import LastBlock
from trephine.deep.maps import BlockInputs, MapStore
from trephine.deep.settings import DeepSettings
from trephine.executors import Progress, executor
from trephine.imaging import file_sha256
from trephine.imaging.normalise import normalise
from trephine.modelling.cases import Cases, FeatureSet
from trephine.plan.sections import DataSection, NormaliseMethod
from trephine.radiomics.extract import ENGINE_VERSION, measure_region
from trephine.radiomics.settings import RadiomicsSettings
from trephine.store import FeatureStore, feature_key
from trephine.study.drawings import ReadingKeys, overlap_notes
from trephine.study.files import CaseFiles, open_image, open_mask
from trephine.study.finetuning import finetune_settings
from trephine.study.inputs import StudyInputs
from trephine.study.settings import DEEP, RADIOMICS, deep_settings, radiomics_settings
from trephine.types import BoolArray, FloatArray

# Maps are what enters the last block, for fine-tuning.
Kind = Literal["radiomics", "deep", "maps"]

# Images whose features go into one shard of the store.
SHARD = 16


@dataclass(frozen=True)
class Recipe:
    """What is extracted from a region; handed to each worker once.

    ``block`` is a locked model's trained last block, ``maps`` where maps are kept for a block
    that is still to be trained.
    """

    data: DataSection
    normalise: NormaliseMethod
    radiomics: RadiomicsSettings | None
    deep: DeepSettings | None
    block: LastBlock | None
    maps: Path | None

    def embedder(self) -> Embedder | None:
        """Open the network; None without deep features."""
        if self.deep is None:
            return None
        embedder = Embedder(self.deep.case_by_case())
        return embedder if self.block is None else embedder.with_last_block(self.block)


@dataclass(frozen=True)
class Reading:
    """One region to read.

    Attributes
    ----------
    mask, label, side
        Where the region is.
    keys
        Of its features in the store, by kind.
    """

    mask: Path
    label: int | str
    side: str | None
    keys: Mapping[Kind, str]


@dataclass(frozen=True)
class Task:
    """All readings on one image that are not in the store yet."""

    image: Path
    image_key: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Done:
    """What a task gave."""

    names: Mapping[Kind, tuple[str, ...]]
    values: Mapping[Kind, Mapping[str, FloatArray]]
    notes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class ExtractedFeatures:
    """Feature sets of a study's images.

    Attributes
    ----------
    sets
        By name: radiomics, deep.
    image_notes
        Provenance of each distinct image.
    reasons
        Why a feature has no value, by feature name, with the number of cases.
    weights_sha256
        Of the network's weights; empty without deep features.
    reading_keys
        Of the features of every reading in the store.
    """

    sets: Mapping[str, FeatureSet]
    image_notes: tuple[Mapping[str, Any], ...]
    reasons: Mapping[str, tuple[str, int]]
    weights_sha256: str
    reading_keys: ReadingKeys


def extract_all(
    inputs: StudyInputs,
    store: FeatureStore,
    *,
    block: LastBlock | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ExtractedFeatures:
    """Extract what the store does not hold yet, and read all of it back.

    Parameters
    ----------
    inputs
        A study with images.
    store
        Where features are kept; an interrupted extraction goes on from it.
    block
        A trained last block to read the regions with, in place of the network's own.
    workers
        Processes; the numbers do not depend on it.
    progress
        Called with (done, total) by image.
    """
    assert inputs.files is not None
    recipe = Recipe(
        inputs.plan.data,
        inputs.plan.radiomics.normalise,
        radiomics_settings(inputs.plan),
        deep_settings(inputs.plan),
        block,
        store.folder / "maps" if finetune_settings(inputs.plan) is not None else None,
    )
    planned = _plan_readings(inputs, inputs.files, recipe)
    _extract_missing(planned, store, recipe, workers, progress)
    return _collect(planned, store, recipe, next(iter(inputs.files.masks)))


@dataclass(frozen=True)
class _Planned:
    """Keys of every reading, by rater and case, and what to do for those not stored."""

    tasks: tuple[Task, ...]
    keys: Mapping[Kind, Mapping[tuple[str, bool], tuple[str | None, ...]]]


def _plan_readings(inputs: StudyInputs, files: CaseFiles, recipe: Recipe) -> _Planned:
    digests = {path: file_sha256(path) for path in dict.fromkeys(files.images)}
    kinds = _versions(recipe)
    mask_digests: dict[Path, str] = {}
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
            if mask not in mask_digests:
                mask_digests[mask] = file_sha256(mask)
            image, label, side = files.images[row], files.labels[row], inputs.sides[row]
            where = (digests[image], mask_digests[mask], label, side)
            made = {kind: feature_key(kind, *where, *kinds[kind]) for kind in kinds}
            by_image[image].append(Reading(mask, label, side, made))
            for kind in kinds:
                rows[kind].append(made[kind])
        for kind in kinds:
            keys[kind][reading] = tuple(rows[kind])
    tasks = tuple(Task(p, f"image:{digests[p]}", tuple(r)) for p, r in by_image.items())
    return _Planned(tasks, keys)


def _versions(recipe: Recipe) -> dict[Kind, tuple[str, ...]]:
    """Return what beside image and mask decides the features of each kind."""
    versions: dict[Kind, tuple[str, ...]] = {}
    reading = (recipe.normalise, str(recipe.data.spacing_mm), recipe.data.mask_geometry)
    if recipe.radiomics is not None:
        versions["radiomics"] = (recipe.radiomics.digest(), ENGINE_VERSION, *reading)
    embedder = recipe.embedder()
    if embedder is not None:
        versions["deep"] = (embedder.digest, *reading)
        if recipe.maps is not None:
            versions["maps"] = versions["deep"]
    return versions


def _extract_missing(
    planned: _Planned,
    store: FeatureStore,
    recipe: Recipe,
    workers: int | None,
    progress: Progress | None,
) -> None:
    wanted = [key for task in planned.tasks for r in task.readings for key in r.keys.values()]
    known = store.known(wanted)
    if recipe.maps is not None:
        known |= MapStore(recipe.maps).known(wanted)
    tasks = [task for task in (_remaining(task, known) for task in planned.tasks) if task.readings]
    if not tasks:
        return
    count = 1 if len(tasks) == 1 else workers
    with executor(count, _start, (recipe,)) as run:
        batch: list[Done] = []
        for done in run.map(_extract, tasks, progress):
            batch.append(done)
            if len(batch) == SHARD:
                _keep(batch, store)
                batch = []
        _keep(batch, store)


def _remaining(task: Task, known: set[str]) -> Task:
    readings = []
    for reading in task.readings:
        keys = {kind: key for kind, key in reading.keys.items() if key not in known}
        if keys:
            readings.append(Reading(reading.mask, reading.label, reading.side, keys))
    return Task(task.image, task.image_key, tuple(readings))


def _keep(batch: Sequence[Done], store: FeatureStore) -> None:
    for kind in ("radiomics", "deep"):
        values = {key: row for done in batch for key, row in done.values.get(kind, {}).items()}
        names = next((done.names[kind] for done in batch if kind in done.names), ())
        store.write(names, values)
    store.write_notes({key: note for done in batch for key, note in done.notes.items()})


# What a worker needs for every task, set once in each process by _start.
_recipe: Recipe
_embedder: Embedder | None


def _start(recipe: Recipe) -> None:
    global _recipe, _embedder
    _recipe = recipe
    _embedder = recipe.embedder()


def _extract(task: Task) -> Done:
    """Read an image once and extract every reading of it."""
    image = open_image(task.image, _recipe.data)
    names: dict[Kind, tuple[str, ...]] = {}
    values: dict[Kind, dict[str, FloatArray]] = defaultdict(dict)
    notes: dict[str, Mapping[str, Any]] = {task.image_key: _image_note(image.provenance, image)}
    drawn: dict[int | str, dict[str, BoolArray]] = defaultdict(dict)
    for reading in task.readings:
        mask = open_mask(reading.mask, image, _recipe.data)
        region = mask.region(reading.label)
        drawn[reading.label][next(iter(reading.keys.values()))] = region
        if "radiomics" in reading.keys and _recipe.radiomics is not None:
            normalised = normalise(image, _recipe.normalise, region)
            label = mask.label_of(reading.label)
            features = measure_region(normalised, mask, _recipe.radiomics, label=label)
            names["radiomics"] = tuple(features.names)
            values["radiomics"][reading.keys["radiomics"]] = np.asarray(features.values)
            if features.reasons:
                notes[reading.keys["radiomics"]] = dict(features.reasons)
        if "deep" in reading.keys and _embedder is not None:
            side: Any = reading.side
            names["deep"] = _embedder.feature_names
            values["deep"][reading.keys["deep"]] = _embedder.extract([image], [region], [side])[0]
        if "maps" in reading.keys and _embedder is not None and _recipe.maps is not None:
            side = reading.side
            maps = _embedder.extract_trunk([image], [region], [side])
            MapStore(_recipe.maps).write(reading.keys["maps"], maps[0])
    for regions in drawn.values():
        notes |= overlap_notes(regions, image.geometry.spacing_mm)
    return Done(names, dict(values), notes)


def _image_note(provenance: Mapping[str, Any], image: Any) -> dict[str, Any]:
    return {**provenance, "spacing_row_mm": image.geometry.spacing_mm[-2]}


def _collect(
    planned: _Planned, store: FeatureStore, recipe: Recipe, first_rater: str
) -> ExtractedFeatures:
    sets: dict[str, FeatureSet] = {}
    embedder = recipe.embedder()
    network = "" if embedder is None else embedder.record.weights.sha256
    reasons: dict[str, tuple[str, int]] = {}
    for kind, set_name in (("radiomics", RADIOMICS), ("deep", DEEP)):
        by_reading = planned.keys.get(kind)  # type: ignore[call-overload]
        if by_reading is None:
            continue
        names, values = _read_readings(store, by_reading)
        sets[set_name] = FeatureSet(
            name=set_name,
            names=names,
            values=values[first_rater, False],
            raters={r: v for (r, again), v in values.items() if not again and r != first_rater},
            repeats={r: v for (r, again), v in values.items() if again},
            first_rater=first_rater,
            network=network if kind == "deep" else "",
        )
        if kind == "radiomics":
            reasons = _count_reasons(store.notes([k or "" for k in by_reading[first_rater, False]]))
    image_notes = tuple(store.notes([task.image_key for task in planned.tasks]))
    if embedder is not None and recipe.maps is not None:
        inputs = _block_inputs(embedder, recipe.maps, planned.keys["maps"], first_rater)
        sets[DEEP] = replace(sets[DEEP], maps=inputs)
    return ExtractedFeatures(sets, image_notes, reasons, network, _first(planned.keys))


def _block_inputs(
    embedder: Embedder, folder: Path, by_reading: ReadingKeys, first_rater: str
) -> BlockInputs:
    keys = {
        reading: np.array([key or "" for key in row], dtype=np.str_)
        for reading, row in by_reading.items()
    }
    return BlockInputs(
        folder=folder,
        block=embedder.last_block(),
        keys=keys[first_rater, False],
        raters={r: k for (r, again), k in keys.items() if not again and r != first_rater},
        repeats={r: k for (r, again), k in keys.items() if again},
    )


def _first(keys: Mapping[Kind, ReadingKeys]) -> ReadingKeys:
    """Return the keys of one kind of feature: they stand for the readings."""
    return next(iter(keys.values()), {})


def _read_readings(
    store: FeatureStore, by_reading: Mapping[tuple[str, bool], tuple[str | None, ...]]
) -> tuple[tuple[str, ...], dict[tuple[str, bool], FloatArray]]:
    keys = [key for row in by_reading.values() for key in row if key is not None]
    stored = store.read(keys)
    position = {key: row for row, key in enumerate(keys)}
    nothing = np.full(len(stored.names), np.nan)
    values = {
        reading: np.array([nothing if key is None else stored.values[position[key]] for key in row])
        for reading, row in by_reading.items()
    }
    return stored.names, values


def _count_reasons(notes: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, int]]:
    counted: dict[str, tuple[str, int]] = {}
    for feature, reason in _each(notes):
        counted[feature] = (reason, counted.get(feature, ("", 0))[1] + 1)
    return counted


def _each(notes: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    for note in notes:
        yield from note.items()


def cases_of(inputs: StudyInputs, extracted: ExtractedFeatures | None) -> Cases:
    """Return a study's cases with all their feature sets, extracted and ready-made."""
    features = {**(extracted.sets if extracted is not None else {}), **inputs.features}
    return Cases(inputs.survival, inputs.patient, features, inputs.clinical, inputs.centre)
