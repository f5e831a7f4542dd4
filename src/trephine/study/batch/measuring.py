"""Radiomic features of one pair of image and mask, under a key that says what they depend on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

import numpy as np

from trephine.choices import MaskGeometry
from trephine.errors import InputError
from trephine.imaging import fit_mask, read_image, read_mask
from trephine.imaging.fitting import BY_OPTION, doubts_of
from trephine.imaging.geometry import GeometryError, check_geometry
from trephine.imaging.read import READING_VERSION
from trephine.radiomics.extract import ENGINE_VERSION, measure_region
from trephine.radiomics.quality import image_quality
from trephine.radiomics.settings import RadiomicsSettings
from trephine.store import feature_key
from trephine.study.images.fetched import lying_here
from trephine.study.images.fingerprints import fingerprint, held_to
from trephine.study.images.pairs import Pair, regular
from trephine.types import FloatArray, Image, Mask


@dataclass(frozen=True)
class Work:
    """What is measured, and how.

    Attributes
    ----------
    settings
        Of the engine.
    spacing_mm
        Of images that state none.
    mask_geometry
        What to do with a mask that does not lie on its image: see
        `trephine.imaging.fitting.fit_mask`.
    quality
        Whether the image's quality at the region (`trephine.radiomics.image_quality`) goes before
        the features, as ``quality_noise`` and so on.
    """

    settings: RadiomicsSettings
    spacing_mm: float | None = None
    mask_geometry: MaskGeometry = "strict"
    quality: bool = False

    def placed(self, image: Image, mask: Mask) -> Mask:
        """Return a mask on its image's grid, by ``mask_geometry`` and what the settings say of it.

        Raises
        ------
        ImageError
            If it does not lie there and must not or cannot be put there.
        """
        how, tolerance = self.mask_geometry, self.settings.geometryTolerance
        if how == "strict" and self.settings.correctMask:
            how = "resample"
        if tolerance is not None:
            with suppress(GeometryError):
                check_geometry(image, mask, tolerance)
                return mask
        return fit_mask(image, mask, how, asked=BY_OPTION)

    @property
    def parts(self) -> tuple[str, ...]:
        """What beside image, mask and label decides the features."""
        versions = (ENGINE_VERSION, READING_VERSION)
        more = ("quality",) if self.quality else ()
        return self.settings.digest(), *versions, str(self.spacing_mm), self.mask_geometry, *more

    def digest(self) -> str:
        """Return the digest of everything that the features depend on beside the files."""
        return feature_key("work", *self.parts)


@dataclass(frozen=True)
class PairFeatures:
    """What was measured of one pair: values by feature, reasons by feature; or the problem.

    ``doubts`` are what its headers leave open.
    """

    pair: Pair
    values: Mapping[str, float]
    reasons: Mapping[str, str]
    problem: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeyedPair:
    """A pair with the digests that its key rests on; a pair that has a problem has no key."""

    pair: Pair
    image: str = ""
    mask: str = ""
    key: str = ""
    problem: str = ""


@dataclass(frozen=True)
class PairMeasurement:
    """What measuring an item gave.

    ``kind`` says in a word what failed: file, image, mask, region, memory, timeout or worker.
    ``left`` names the file that a worker left its features in, where it did not return them.
    """

    key: str
    names: tuple[str, ...]
    values: FloatArray
    reasons: Mapping[str, str]
    problem: str = ""
    kind: str = ""
    doubts: tuple[str, ...] = ()
    seconds: float = 0.0
    processor_seconds: float = 0.0
    left: str = ""


def nothing(key: str, problem: str = "", kind: str = "") -> PairMeasurement:
    """Return the answer of an item of which nothing could be measured."""
    return PairMeasurement(key, (), np.empty(0), {}, problem, kind)


def keyed_pair(work: Work, pair: Pair) -> KeyedPair:
    """Digest a pair's files; one that cannot be read is a problem of the item."""
    try:
        with lying_here(pair) as here:
            image = fingerprint(regular(here.image, "image")).sha256
            mask = fingerprint(regular(here.mask, "mask")).sha256
    except InputError as error:
        return KeyedPair(pair, problem=pair.nameless(str(error)))
    except OSError as error:
        return KeyedPair(pair, problem=f"cannot be read: {error.strerror}")
    label = "" if pair.label is None else str(pair.label)
    return KeyedPair(pair, image, mask, feature_key("pair", image, mask, label, *work.parts))


def measured(item: KeyedPair, answer: PairMeasurement) -> PairFeatures:
    """Return an answer by feature."""
    values = dict(zip(answer.names, answer.values.tolist(), strict=True))
    return PairFeatures(item.pair, values, dict(answer.reasons), answer.problem, answer.doubts)


def measure_item(work: Work, item: KeyedPair) -> PairMeasurement:
    """Measure an item; what cannot be measured says why."""
    began, cpu = time.perf_counter(), time.process_time()
    answer = _measure(work, item)
    return replace(
        answer,
        seconds=time.perf_counter() - began,
        processor_seconds=time.process_time() - cpu,
    )


def _measure(work: Work, item: KeyedPair) -> PairMeasurement:
    try:
        with lying_here(item.pair) as here:
            return _measure_here(work, replace(item, pair=here))
    except InputError as error:
        return nothing(item.key, item.pair.nameless(str(error)), "file")
    except OSError as error:
        return nothing(item.key, f"cannot be read: {error.strerror}", "file")


def _measure_here(work: Work, item: KeyedPair) -> PairMeasurement:
    pair, kind = item.pair, "image"
    try:
        with held_to(pair.image, item.image):
            image = read_image(pair.image, spacing_mm=work.spacing_mm)
        kind = "mask"
        with held_to(pair.mask, item.mask):
            mask = read_mask(pair.mask, image=image)
            mask = work.placed(image, mask)
        kind = "region"
        result = measure_region(image, mask, work.settings, label=pair.label)
    except InputError as error:
        return nothing(item.key, pair.nameless(str(error), of_image=kind == "image"), kind)
    except MemoryError as error:
        return nothing(item.key, f"not enough memory to measure it ({error})", "memory")
    except OSError as error:
        return nothing(item.key, f"cannot be read: {error.strerror}", "file")
    found = dict(zip(result.names, result.values.tolist(), strict=True))
    if work.quality:
        found = {**_quality(image, mask, pair.label, work.settings), **found}
    values = np.fromiter(found.values(), np.float64, len(found))
    doubts = doubts_of(image, mask)
    return PairMeasurement(item.key, tuple(found), values, dict(result.reasons), doubts=doubts)


def _quality(
    image: Image, mask: Mask, label: int | None, settings: RadiomicsSettings
) -> dict[str, float]:
    """Return the image's quality at the region by the name of its column."""
    region = mask.region(settings.label if label is None else label)
    return {
        f"quality_{name}": value for name, value in asdict(image_quality(image, region)).items()
    }
