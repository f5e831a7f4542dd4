"""Features of every reading of every case, each extracted once and kept in the store."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trephine.choices import NormaliseMethod
from trephine.deep.embed import Embedder
from trephine.deep.last_block import LastBlock
from trephine.deep.maps import BlockInputs, MapStore
from trephine.deep.settings import DeepSettings
from trephine.errors import ImageError, InputError, named_rows
from trephine.executors import Progress, executor
from trephine.imaging.normalise import normalise
from trephine.modelling.cases import Cases, FeatureSet
from trephine.plan.data_section import DataSection
from trephine.radiomics.extract import ENGINE_VERSION, measure_region
from trephine.radiomics.settings import RadiomicsSettings
from trephine.store import FeatureStore, feature_key
from trephine.study.drawings import ReadingKeys, overlap_notes
from trephine.study.files import CaseFiles, open_image, open_mask, without_names
from trephine.study.finetuning import finetune_settings
from trephine.study.fingerprints import Fingerprint, fingerprint, held_to
from trephine.study.inputs import StudyInputs
from trephine.study.settings import DEEP, RADIOMICS, deep_settings, radiomics_settings
from trephine.types import BoolArray, FloatArray

# Maps are what enters the last block, for fine-tuning.
Kind = Literal["radiomics", "deep", "maps"]

# Images whose features go into one shard of the store, or fewer after this time: what is kept is
# what a kill leaves.
SHARD = 16
_KEPT_AFTER_S = 30.0


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
    fingerprints
        Of the images and masks that the features are of.
    """

    sets: Mapping[str, FeatureSet]
    image_notes: tuple[Mapping[str, Any], ...]
    reasons: Mapping[str, tuple[str, int]]
    weights_sha256: str
    reading_keys: ReadingKeys
    fingerprints: Mapping[Path, Fingerprint]


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
    embedder = recipe.embedder
    if embedder is not None:
        recipe = replace(recipe, network=embedder.digest)
    planned = _plan_readings(inputs, inputs.files, recipe)
    _extract_missing(planned, store, recipe, workers, progress)
    return _collect(planned, store, recipe, embedder, next(iter(inputs.files.masks)))


@dataclass(frozen=True)
class _Planned:
    """Keys of every reading, by rater and case, and what to do for those not stored."""

    tasks: tuple[Task, ...]
    keys: Mapping[Kind, Mapping[tuple[str, bool], tuple[str | None, ...]]]
    fingerprints: Mapping[Path, Fingerprint]


def _plan_readings(inputs: StudyInputs, files: CaseFiles, recipe: Recipe) -> _Planned:
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
    return _Planned(tasks, keys, taken)


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
    reading = (recipe.normalise, str(recipe.data.spacing_mm), recipe.data.mask_geometry)
    if recipe.radiomics is not None:
        versions["radiomics"] = (recipe.radiomics.digest(), ENGINE_VERSION, *reading)
    if recipe.network:
        versions["deep"] = (recipe.network, *reading)
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
    # An image whose note is lost is read again: the report needs its spacing.
    notes = store.notes([task.image_key for task in planned.tasks])
    rest = (
        _remaining(task, known if "spacing_row_mm" in note else set())
        for task, note in zip(planned.tasks, notes, strict=True)
    )
    tasks = [task for task in rest if task.readings]
    if not tasks:
        return
    count = 1 if len(tasks) == 1 else workers
    with executor(count, (recipe,)) as run:
        batch: list[Done] = []
        kept = time.monotonic()
        for done in run.map(_extract, tasks, progress):
            batch.append(done)
            if len(batch) == SHARD or time.monotonic() - kept > _KEPT_AFTER_S:
                _keep(batch, store)
                batch, kept = [], time.monotonic()
        _keep(batch, store)


def _remaining(task: Task, known: set[str]) -> Task:
    readings = []
    for reading in task.readings:
        keys = {kind: key for kind, key in reading.keys.items() if key not in known}
        if keys:
            readings.append(replace(reading, keys=keys))
    return replace(task, readings=tuple(readings))


def _keep(batch: Sequence[Done], store: FeatureStore) -> None:
    """Keep features and notes together: neither is of use without the other."""
    kinds: tuple[Kind, ...] = ("radiomics", "deep")
    store.write_all(
        [
            (
                next((done.names[kind] for done in batch if kind in done.names), ()),
                {key: row for done in batch for key, row in done.values.get(kind, {}).items()},
            )
            for kind in kinds
        ],
        {key: note for done in batch for key, note in done.notes.items()},
    )


def _extract(recipe: Recipe, task: Task) -> Done:
    """Read an image once and extract every reading of it.

    Raises
    ------
    InputError
        If image or mask cannot be read, or is no longer the file that the keys are of.
    """
    embedder = recipe.embedder
    rows = sorted({reading.row for reading in task.readings})
    with _in_words(recipe, rows, "image", task.image), held_to(task.image, task.sha256):
        image = open_image(task.image, recipe.data)
    names: dict[Kind, tuple[str, ...]] = {}
    values: dict[Kind, dict[str, FloatArray]] = defaultdict(dict)
    notes: dict[str, Mapping[str, Any]] = {task.image_key: _image_note(image.provenance, image)}
    drawn: dict[int | str, dict[str, BoolArray]] = defaultdict(dict)
    for reading in task.readings:
        with (
            _in_words(recipe, [reading.row], "mask", reading.mask),
            held_to(reading.mask, reading.sha256),
        ):
            mask = open_mask(reading.mask, image, recipe.data)
            region = mask.region(reading.label)
        drawn[reading.label][next(iter(reading.keys.values()))] = region
        if "radiomics" in reading.keys and recipe.radiomics is not None:
            normalised = normalise(image, recipe.normalise, region)
            label = mask.label_of(reading.label)
            features = measure_region(normalised, mask, recipe.radiomics, label=label)
            names["radiomics"] = tuple(features.names)
            values["radiomics"][reading.keys["radiomics"]] = np.asarray(features.values)
            if features.reasons:
                notes[reading.keys["radiomics"]] = dict(features.reasons)
        if "deep" in reading.keys and embedder is not None:
            side: Any = reading.side
            names["deep"] = embedder.feature_names
            values["deep"][reading.keys["deep"]] = embedder.extract([image], [region], [side])[0]
        if "maps" in reading.keys and embedder is not None and recipe.maps is not None:
            side = reading.side
            maps = embedder.extract_trunk([image], [region], [side])
            MapStore(recipe.maps).write(reading.keys["maps"], maps[0])
    for regions in drawn.values():
        notes |= overlap_notes(regions, image.geometry.spacing_mm)
    return Done(names, dict(values), notes)


@contextmanager
def _in_words(recipe: Recipe, rows: Sequence[int], what: str, path: Path) -> Iterator[None]:
    """Name the row of a file that cannot be used, and not the file."""
    try:
        yield
    except ImageError as error:
        where = f"{recipe.data.table.name}, {named_rows(rows)}, {what}"
        raise InputError(f"{where}: {without_names(error, path)}") from None


def _image_note(provenance: Mapping[str, Any], image: Any) -> dict[str, Any]:
    return {**provenance, "spacing_row_mm": image.geometry.spacing_mm[-2]}


def _collect(
    planned: _Planned,
    store: FeatureStore,
    recipe: Recipe,
    embedder: Embedder | None,
    first_rater: str,
) -> ExtractedFeatures:
    sets: dict[str, FeatureSet] = {}
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
    return ExtractedFeatures(
        sets, image_notes, reasons, network, _first(planned.keys), planned.fingerprints
    )


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
