"""One image read once, and every reading of it extracted; what a worker does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trephine.deep.embed import Embedder
from trephine.deep.maps import MapStore
from trephine.errors import ImageError, named_rows
from trephine.radiomics.extract import measure_region
from trephine.radiomics.names import feature_names
from trephine.radiomics.perturbation import perturb
from trephine.study.extraction.fates import OF_THE_CASE, Clock, FailedError, Fate, failure_of
from trephine.study.extraction.tasks import ExtractionTask, MeasurementKind, Reading, Recipe
from trephine.study.images.files import open_image, open_mask, without_names
from trephine.study.images.fingerprints import held_to
from trephine.study.images.overlap_notes import overlap_notes
from trephine.types import BoolArray, FloatArray, Image

FailedPart = Literal["image", "mask", "region"]


@dataclass(frozen=True)
class Done:
    """What a task gave, and what became of each of its readings."""

    names: Mapping[MeasurementKind, tuple[str, ...]]
    values: Mapping[MeasurementKind, Mapping[str, FloatArray]]
    notes: Mapping[str, Mapping[str, Any]]
    fates: tuple[Fate, ...]


def extract_image(recipe: Recipe, task: ExtractionTask) -> Done:
    """Read an image once and extract every reading of it.

    Raises
    ------
    InputError
        If image or mask cannot be used, or is no longer the file that the keys are of, and the
        plan does not say to go on.
    """
    found = _OfOneImage(recipe)
    try:
        rows = sorted({reading.row for reading in task.readings})
        with _in_words(recipe, rows, "image", task.image), held_to(task.image, task.sha256):
            image = open_image(task.image, recipe.data)
            corrected = image if recipe.radiomics is None else recipe.grey.corrected(image)
    except OF_THE_CASE as error:
        for reading in task.readings:
            found.fail(reading, error)
        return found.done()
    found.notes[task.image_key] = _image_note(image.provenance, image)
    for reading in task.readings:
        try:
            found.measure(image, corrected, reading)
        except OF_THE_CASE as error:
            found.fail(reading, error)
    return found.done(image)


class _OfOneImage:
    """What one image gives."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._clock = Clock()
        self._names: dict[MeasurementKind, tuple[str, ...]] = {}
        self._values: dict[MeasurementKind, dict[str, FloatArray]] = defaultdict(dict)
        self._drawn: dict[int | str, dict[str, BoolArray]] = defaultdict(dict)
        self._fates: list[Fate] = []
        self.notes: dict[str, Mapping[str, Any]] = {}

    def measure(self, image: Image, corrected: Image, reading: Reading) -> None:
        """Extract what is asked for of one reading; ``corrected`` is the image without shading."""
        recipe, embedder = self._recipe, self._recipe.embedder
        with (
            _in_words(recipe, [reading.row], "mask", reading.mask),
            held_to(reading.mask, reading.sha256),
        ):
            mask = open_mask(reading.mask, image, recipe.data)
            region = mask.region(reading.label)
        if "radiomics" in reading.keys and recipe.radiomics is not None:
            with _in_words(recipe, [reading.row], "region", reading.mask):
                normalised = recipe.grey.normalised(corrected, region)
                label = mask.label_of(reading.label)
                features = measure_region(normalised, mask, recipe.radiomics, label=label)
            self._names["radiomics"] = tuple(features.names)
            self._values["radiomics"][reading.keys["radiomics"]] = np.asarray(features.values)
            if features.reasons:
                self.notes[reading.keys["radiomics"]] = dict(features.reasons)
        self._measure_copies(corrected, region, reading)
        if embedder is not None:
            with _in_words(recipe, [reading.row], "region", reading.mask):
                self._embed(embedder, image, region, reading)
        if reading.keys:
            self._drawn[reading.label][next(iter(reading.keys.values()))] = region
        self._fates.append(Fate(reading.position, reading.row, "", "", *self._clock.lap()))

    def _measure_copies(self, image: Image, region: BoolArray, reading: Reading) -> None:
        """Measure perturbed copies of a region; one that cannot be measured has no values."""
        recipe = self._recipe
        if not reading.copies or recipe.radiomics is None or recipe.perturb is None:
            return
        names = feature_names(recipe.radiomics, image.pixels.ndim)
        self._names["radiomics"] = names
        for copy in reading.copies:
            rng = np.random.default_rng(copy.entropy)
            try:
                taken, drawn = perturb(image, region, recipe.perturb, recipe.radiomics, rng)
                normalised = recipe.grey.normalised(taken, drawn.region(1))
                values = measure_region(normalised, drawn, recipe.radiomics, label=1).values
            except ImageError as error:
                values = np.full(len(names), np.nan)
                self.notes[copy.key] = dict.fromkeys(names[:1], without_names(error, reading.mask))
            self._values["radiomics"][copy.key] = np.asarray(values)

    def _embed(self, embedder: Embedder, image: Image, region: BoolArray, reading: Reading) -> None:
        side: Any = reading.side
        if "deep" in reading.keys:
            self._names["deep"] = embedder.feature_names
            values = embedder.extract([image], [region], [side])
            self._values["deep"][reading.keys["deep"]] = values[0]
        if "maps" in reading.keys and self._recipe.maps is not None:
            maps = embedder.extract_trunk([image], [region], [side])
            MapStore(self._recipe.maps).write(reading.keys["maps"], maps[0])

    def fail(self, reading: Reading, error: FailedError | MemoryError) -> None:
        """Note that a reading cannot be measured, or raise that, as the plan says."""
        if self._recipe.data.failures == "stop":
            raise error
        kind, problem = failure_of(error)
        if kind == "memory":
            problem = f"{self._recipe.data.table.name}, row {reading.row}: {problem}"
        self._fates.append(Fate(reading.position, reading.row, kind, problem, *self._clock.lap()))

    def done(self, image: Image | None = None) -> Done:
        """Return it, with how the readings overlap."""
        if image is not None:
            for regions in self._drawn.values():
                self.notes |= overlap_notes(regions, image.geometry.spacing_mm)
        return Done(self._names, dict(self._values), self.notes, tuple(self._fates))


@contextmanager
def _in_words(recipe: Recipe, rows: Sequence[int], what: FailedPart, path: Path) -> Iterator[None]:
    """Name the row of a file that cannot be used, and not the file."""
    try:
        yield
    except ImageError as error:
        where = f"{recipe.data.table.name}, {named_rows(rows)}"
        if what != "region":  # of which the engine speaks itself
            where = f"{where}, {what}"
        raise FailedError(f"{where}: {without_names(error, path)}", what) from None


def _image_note(provenance: Mapping[str, Any], image: Any) -> dict[str, Any]:
    return {**provenance, "spacing_row_mm": image.geometry.spacing_mm[-2]}
