"""Features of every reading of every case, each extracted once and kept in the store."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from trephine.deep.last_block import LastBlock
from trephine.deep.maps import MapStore
from trephine.executors import Progress
from trephine.store import FeatureStore
from trephine.study.batch.log import RunLog
from trephine.study.extraction.extracted import ExtractedFeatures, collect
from trephine.study.extraction.fates import Fate
from trephine.study.extraction.guarded import GivenUp, extract_images
from trephine.study.extraction.leaving_out import without_failed
from trephine.study.extraction.one_image import Done
from trephine.study.extraction.planned import Planned, plan_readings
from trephine.study.extraction.tasks import ExtractionTask, MeasurementKind, Recipe
from trephine.study.finetuning import finetune_settings
from trephine.study.grey_scale import grey_settings
from trephine.study.inputs import StudyInputs
from trephine.study.settings import deep_settings, radiomics_settings

# Images whose features go into one shard of the store, or fewer after this time: what is kept is
# what a kill leaves.
SHARD = 16
_KEPT_AFTER_S = 30.0
_STATES = {"timeout": "timeout", "worker": "quarantined"}


class Extraction(NamedTuple):
    """A study's cases and their features; without those that could not be measured."""

    inputs: StudyInputs
    features: ExtractedFeatures


def extract_all(
    inputs: StudyInputs,
    store: FeatureStore,
    *,
    block: LastBlock | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    log: RunLog | None = None,
    retry: bool = False,
) -> Extraction:
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
    log
        Gets every reading.
    retry
        Try again what took too long or ended its process in an earlier run.

    Raises
    ------
    InputError
        If a case cannot be measured and the plan does not say to leave it out, or if files went
        away.
    """
    files = inputs.files
    assert files is not None
    recipe = Recipe(
        inputs.plan.data,
        grey_settings(inputs.plan),
        radiomics_settings(inputs.plan),
        deep_settings(inputs.plan),
        block,
        store.folder / "maps" if finetune_settings(inputs.plan) is not None else None,
        perturb=inputs.plan.radiomics.perturb,
    )
    embedder = recipe.embedder
    if embedder is not None:
        recipe = recipe.held_to(embedder)
    planned = plan_readings(inputs, files, recipe)
    given_up = GivenUp(store, recipe, retry=retry)
    fates = _extract_missing(planned, store, given_up, workers, progress, log or RunLog(None))
    failed = sorted((fate for fate in fates if fate.kind), key=lambda fate: fate.position)
    if failed:
        inputs, rows = without_failed(inputs, failed)
        assert inputs.files is not None
        files = inputs.files
        planned = planned.take(rows, files)
    return Extraction(inputs, collect(planned, store, recipe, embedder, next(iter(files.masks))))


def _extract_missing(
    planned: Planned,
    store: FeatureStore,
    given_up: GivenUp,
    workers: int | None,
    progress: Progress | None,
    log: RunLog,
) -> Iterator[Fate]:
    """Extract and keep what is not stored; yield what became of each reading."""
    tasks = _unknown(planned, store, given_up.recipe)
    every = sum(len(task.readings) for task in planned.tasks)
    log.known(every - sum(len(task.readings) for task in tasks))
    tasks, earlier = given_up.part(tasks)
    for fate in earlier:
        _write_down(fate, log)
        yield fate
    batch: list[Done] = []
    kept = time.monotonic()
    for done in extract_images(tasks, given_up, workers, progress) if tasks else ():
        batch.append(done)
        for fate in done.fates:
            _write_down(fate, log)
            yield fate
        if len(batch) == SHARD or time.monotonic() - kept > _KEPT_AFTER_S:
            _keep(batch, store)
            batch, kept = [], time.monotonic()
    _keep(batch, store)


def _unknown(planned: Planned, store: FeatureStore, recipe: Recipe) -> list[ExtractionTask]:
    wanted = [key for task in planned.tasks for r in task.readings for key in r.all_keys()]
    known = store.known(wanted)
    if recipe.maps is not None:
        known |= MapStore(recipe.maps).known(wanted)
    # An image whose note is lost, or of another form, is read again: the report needs its spacing.
    notes = store.notes([task.image_key for task in planned.tasks])
    rest = (
        _remaining(task, known if _has_spacing(note) else set())
        for task, note in zip(planned.tasks, notes, strict=True)
    )
    return [task for task in rest if task.readings]


def _has_spacing(note: Mapping[str, Any]) -> bool:
    spacing = note.get("spacing_row_mm")
    return isinstance(spacing, int | float) and 0 < spacing < float("inf")


def _write_down(fate: Fate, log: RunLog) -> None:
    told = {"kind": fate.kind, "error": fate.problem} if fate.kind else {}
    log.case(
        fate.row,
        _STATES.get(fate.kind, "failed") if fate.kind else "measured",
        seconds=round(fate.seconds, 4),
        processor_seconds=round(fate.processor_seconds, 4),
        **told,
    )


def _remaining(task: ExtractionTask, known: set[str]) -> ExtractionTask:
    readings = []
    for reading in task.readings:
        keys = {kind: key for kind, key in reading.keys.items() if key not in known}
        copies = tuple(copy for copy in reading.copies if copy.key not in known)
        if keys or copies:
            readings.append(replace(reading, keys=keys, copies=copies))
    return replace(task, readings=tuple(readings))


def _keep(batch: Sequence[Done], store: FeatureStore) -> None:
    """Keep features and notes together: neither is of use without the other."""
    kinds: tuple[MeasurementKind, ...] = ("radiomics", "deep")
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
