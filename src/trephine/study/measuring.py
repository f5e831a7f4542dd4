"""Radiomic features of pairs of image and mask, each measured once and kept as it is done."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trephine.choices import MaskGeometry
from trephine.errors import InputError
from trephine.executors import Progress, available_workers, executor
from trephine.imaging import fit_mask, read_image, read_mask
from trephine.imaging.fitting import doubts_of
from trephine.radiomics.extract import ENGINE_VERSION, measure_region
from trephine.radiomics.settings import RadiomicsSettings
from trephine.store import FeatureStore, feature_key
from trephine.study.fingerprints import fingerprint, held_to
from trephine.study.pairs import Pair, regular
from trephine.types import FloatArray

# A process takes as long to start as some pairs take to measure.
_PAIRS_WORTH_A_PROCESS = 8

# Pairs whose features go into one shard, or fewer after this time.
_SHARD = 16
_KEPT_AFTER_S = 5.0


@dataclass(frozen=True)
class Measured:
    """What was measured of one pair: values by feature, reasons by feature; or the problem.

    ``doubts`` are what its headers leave open.
    """

    pair: Pair
    values: Mapping[str, float]
    reasons: Mapping[str, str]
    problem: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Item:
    """A pair with the digests that its key rests on; a pair that has a problem has no key."""

    pair: Pair
    image: str = ""
    mask: str = ""
    key: str = ""
    problem: str = ""


@dataclass(frozen=True)
class _Answer:
    key: str
    names: tuple[str, ...]
    values: FloatArray
    reasons: Mapping[str, str]
    problem: str = ""
    doubts: tuple[str, ...] = ()


def kept_beside(out: Path) -> Path:
    """Return the folder that holds what is measured until a table is whole."""
    return out.with_name(f"{out.name}.partial")


def measure_pairs(
    pairs: Sequence[Pair],
    settings: RadiomicsSettings,
    *,
    spacing_mm: float | None = None,
    mask_geometry: MaskGeometry = "strict",
    kept: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Measured]:
    """Measure every pair, in the pairs' order; a pair that cannot be measured says why.

    Parameters
    ----------
    pairs
        What to measure.
    settings
        Of the engine.
    spacing_mm
        Of images that state none.
    mask_geometry
        What to do with a mask that does not lie on its image: see
        `trephine.imaging.fitting.fit_mask`.
    kept
        Folder of a feature store, so that an interrupted call goes on; nothing is kept without.
    workers
        Processes; as many as are worth it by default. The numbers do not depend on it.
    progress
        Called with (done, total) by pair.
    """
    shared = (settings.digest(), ENGINE_VERSION, str(spacing_mm), mask_geometry)
    items = [_item(pair, shared) for pair in pairs]
    store = FeatureStore(kept) if kept is not None else None
    sound = [item.key for item in items if item.key]
    known = store.known(sound) if store is not None else set()
    todo = list({item.key: item for item in items if item.key and item.key not in known}.values())
    if workers is None:
        workers = min(available_workers(), math.ceil(len(todo) / _PAIRS_WORTH_A_PROCESS))
    answers: dict[str, _Answer] = {}
    offset = len(items) - len(todo)
    if progress is not None:
        progress(offset, len(items))
    if todo:
        with executor(max(workers, 1), _start, (settings, spacing_mm, mask_geometry)) as run:
            results = run.map(_measure, todo, _shifted(progress, offset, len(items)))
            answers = {answer.key: answer for answer in _keeping(results, store)}
    if store is not None:
        answers |= _stored(store, sorted(known))
    return [_measured(item, answers) for item in items]


def forget_kept(folder: Path) -> None:
    """Remove the store that was kept beside a table, and nothing else that lies there."""
    shutil.rmtree(folder / "shards", ignore_errors=True)
    for file in folder.glob("ledger.sqlite*"):
        file.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _item(pair: Pair, shared: tuple[str, ...]) -> _Item:
    try:
        image = fingerprint(regular(pair.image, "image")).sha256
        mask = fingerprint(regular(pair.mask, "mask")).sha256
    except InputError as error:
        return _Item(pair, problem=pair.nameless(str(error)))
    label = "" if pair.label is None else str(pair.label)
    return _Item(pair, image, mask, feature_key("pair", image, mask, label, *shared))


def _shifted(progress: Progress | None, offset: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, _: progress(done + offset, total)


def _keeping(results: Iterator[_Answer], store: FeatureStore | None) -> Iterator[_Answer]:
    """Pass answers on, and keep those with features as they come."""
    batch: list[_Answer] = []
    kept = time.monotonic()
    try:
        for answer in results:
            yield answer
            if not answer.problem:
                batch.append(answer)
            if len(batch) >= _SHARD or time.monotonic() - kept > _KEPT_AFTER_S:
                _keep(batch, store)
                batch, kept = [], time.monotonic()
    finally:
        _keep(batch, store)


def _keep(batch: Sequence[_Answer], store: FeatureStore | None) -> None:
    if store is None or not batch:
        return
    alike: dict[tuple[str, ...], dict[str, FloatArray]] = {}
    for answer in batch:
        alike.setdefault(answer.names, {})[answer.key] = answer.values
    store.write_all(list(alike.items()), {a.key: a.reasons for a in batch if a.reasons})


def _stored(store: FeatureStore, keys: Sequence[str]) -> dict[str, _Answer]:
    found = store.read_each(keys)
    return {
        key: _Answer(key, *found[key], reasons)
        for key, reasons in zip(keys, store.notes(keys), strict=True)
    }


def _measured(item: _Item, answers: Mapping[str, _Answer]) -> Measured:
    if item.problem:
        return Measured(item.pair, {}, {}, item.problem)
    answer = answers[item.key]
    values = dict(zip(answer.names, answer.values.tolist(), strict=True))
    return Measured(item.pair, values, dict(answer.reasons), answer.problem, answer.doubts)


# What a worker needs for every pair, set once in each process by _start.
_settings: RadiomicsSettings
_spacing_mm: float | None
_mask_geometry: MaskGeometry


def _start(
    settings: RadiomicsSettings, spacing_mm: float | None, mask_geometry: MaskGeometry
) -> None:
    global _settings, _spacing_mm, _mask_geometry
    _settings, _spacing_mm, _mask_geometry = settings, spacing_mm, mask_geometry


def _measure(item: _Item) -> _Answer:
    nothing = _Answer(item.key, (), np.empty(0), {})
    pair = item.pair
    try:
        with held_to(pair.image, item.image):
            image = read_image(pair.image, spacing_mm=_spacing_mm)
        with held_to(pair.mask, item.mask):
            mask = fit_mask(image, read_mask(pair.mask, image=image), _mask_geometry)
        result = measure_region(image, mask, _settings, label=pair.label)
    except InputError as error:
        return replace(nothing, problem=pair.nameless(str(error)))
    except MemoryError as error:
        return replace(nothing, problem=f"not enough memory to measure it ({error})")
    values = np.asarray(result.values)
    return _Answer(
        item.key, result.names, values, dict(result.reasons), doubts=doubts_of(image, mask)
    )
