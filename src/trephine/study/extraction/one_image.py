"""One image read once, and every reading of it extracted; what a worker does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trephine.deep.maps import MapStore
from trephine.errors import ImageError, InputError, named_rows
from trephine.imaging.normalise import normalise
from trephine.radiomics.extract import measure_region
from trephine.study.extraction.tasks import ExtractionTask, MeasurementKind, Recipe
from trephine.study.images.files import open_image, open_mask, without_names
from trephine.study.images.fingerprints import held_to
from trephine.study.images.overlap_notes import overlap_notes
from trephine.types import BoolArray, FloatArray


@dataclass(frozen=True)
class Done:
    """What a task gave."""

    names: Mapping[MeasurementKind, tuple[str, ...]]
    values: Mapping[MeasurementKind, Mapping[str, FloatArray]]
    notes: Mapping[str, Mapping[str, Any]]


def extract_image(recipe: Recipe, task: ExtractionTask) -> Done:
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
    names: dict[MeasurementKind, tuple[str, ...]] = {}
    values: dict[MeasurementKind, dict[str, FloatArray]] = defaultdict(dict)
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
