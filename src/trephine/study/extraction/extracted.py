"""The features of a study's images, as its recipes take them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from trephine.columns import roomy
from trephine.deep.embed import Embedder
from trephine.deep.maps import BlockInputs
from trephine.errors import InputError
from trephine.modelling.cases import Cases, FeatureSet
from trephine.store import FeatureStore
from trephine.study.extraction.drawings import ReadingKeys
from trephine.study.extraction.planned import Planned
from trephine.study.extraction.tasks import MeasurementKind, Recipe
from trephine.study.image_plans import DEEP, RADIOMICS
from trephine.study.images.fingerprints import Fingerprint
from trephine.study.inputs import StudyInputs
from trephine.types import FloatArray

# Cases whose features are read from the store together: a table is filled, not gathered.
_CASES_AT_ONCE = 512


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
    by_image
        Of a study of several images per case, what each gave of the cases that have it, by the keys
        of `image_plans`; ``reasons``, ``weights_sha256`` and ``reading_keys`` are there alone.
    """

    sets: Mapping[str, FeatureSet]
    image_notes: tuple[Mapping[str, Any], ...]
    reasons: Mapping[str, tuple[str, int]]
    weights_sha256: str
    reading_keys: ReadingKeys
    fingerprints: Mapping[Path, Fingerprint]
    by_image: Mapping[str, ExtractedFeatures] = field(default_factory=dict)

    @property
    def of_images(self) -> Mapping[str, ExtractedFeatures]:
        """What each image gave, of a study of one image under an empty key."""
        return self.by_image or {"": self}


def collect(
    planned: Planned,
    store: FeatureStore,
    recipe: Recipe,
    embedder: Embedder | None,
    first_rater: str,
) -> ExtractedFeatures:
    """Read all planned features back from the store.

    Parameters
    ----------
    planned, recipe
        What was to be read, and how.
    store
        Holds every feature that was planned.
    embedder
        The network; None without deep features.
    first_rater
        Whose regions enter the models.
    """
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
            perturbed=_read_copies(store, planned.copies, names) if kind == "radiomics" else (),
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


def _first(keys: Mapping[MeasurementKind, ReadingKeys]) -> ReadingKeys:
    """Return the keys of one kind of feature: they stand for the readings."""
    return next(iter(keys.values()), {})


def _read_readings(
    store: FeatureStore, by_reading: Mapping[tuple[str, bool], tuple[str | None, ...]]
) -> tuple[tuple[str, ...], dict[tuple[str, bool], FloatArray]]:
    n = len(next(iter(by_reading.values())))
    names: tuple[str, ...] = ()
    values: dict[tuple[str, bool], FloatArray] = {}
    for start in range(0, n, _CASES_AT_ONCE):
        some = {reading: row[start : start + _CASES_AT_ONCE] for reading, row in by_reading.items()}
        keys = [key for row in some.values() for key in row if key is not None]
        stored = store.read(keys)
        if stored.names != (names or stored.names):
            raise InputError("feature store: expected one list of feature names, found two")
        if not names:
            names = stored.names
            values = {reading: roomy((n, len(names))) for reading in by_reading}
        position = {key: row for row, key in enumerate(keys)}
        for reading, row in some.items():
            for case, key in enumerate(row, start=start):
                values[reading][case] = np.nan if key is None else stored.values[position[key]]
    return names, values


def _read_copies(
    store: FeatureStore, copies: Sequence[tuple[str | None, ...]], names: tuple[str, ...]
) -> tuple[FloatArray, ...]:
    """Return the features of perturbed copies, each (n, p)."""
    if not copies:
        return ()
    read, values = _read_readings(store, {(str(n), False): row for n, row in enumerate(copies)})
    if read != names:
        raise InputError(
            f"features of perturbed copies: expected the {len(names)} of the regions, found"
            f" {len(read)} others; remove the folder of stored features and run again"
        )
    return tuple(values.values())


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
