"""Features of every reading of every case, each extracted once and kept in the store."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trephine.deep.last_block import LastBlock
from trephine.deep.maps import MapStore
from trephine.errors import ImageError, InputError, named_rows
from trephine.executors import Progress, executor
from trephine.imaging.normalise import normalise
from trephine.radiomics.extract import measure_region
from trephine.store import FeatureStore
from trephine.study.drawings import overlap_notes
from trephine.study.extracted import ExtractedFeatures, collect
from trephine.study.extraction_plan import Kind, Planned, Recipe, Task, plan_readings
from trephine.study.files import open_image, open_mask, without_names
from trephine.study.finetuning import finetune_settings
from trephine.study.fingerprints import held_to
from trephine.study.inputs import StudyInputs
from trephine.study.settings import deep_settings, radiomics_settings
from trephine.types import BoolArray, FloatArray

# Images whose features go into one shard of the store, or fewer after this time: what is kept is
# what a kill leaves.
SHARD = 16
_KEPT_AFTER_S = 30.0


@dataclass(frozen=True)
class Done:
    """What a task gave."""

    names: Mapping[Kind, tuple[str, ...]]
    values: Mapping[Kind, Mapping[str, FloatArray]]
    notes: Mapping[str, Mapping[str, Any]]


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
        recipe = recipe.held_to(embedder)
    planned = plan_readings(inputs, inputs.files, recipe)
    _extract_missing(planned, store, recipe, workers, progress)
    return collect(planned, store, recipe, embedder, next(iter(inputs.files.masks)))


def _extract_missing(
    planned: Planned,
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
