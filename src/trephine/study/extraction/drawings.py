"""The raters' regions compared while features are extracted, and listed once for the study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from trephine.evaluation.agreement import RegionAgreement
from trephine.executors import Progress, executor
from trephine.store import FeatureStore
from trephine.study.agreement import Comparison, RaterReading, compare_drawings, reading_pairs
from trephine.study.images.fingerprints import Fingerprint, held_to
from trephine.study.images.overlap_notes import note_key
from trephine.study.inputs import StudyInputs

# Key of every case's features in the store, by reading; None where a case was not read.
ReadingKeys = Mapping[RaterReading, Sequence[str | None]]
CASES_A_TASK = 16


def compare_all_drawings(
    inputs: StudyInputs,
    keys: ReadingKeys,
    store: FeatureStore,
    *,
    fingerprints: Mapping[Path, Fingerprint],
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Comparison, ...]:
    """Compare every pair of raters, and each rater's two readings, case by case.

    What the extraction noted is read from the store; only the rest is opened again, and noted.

    Parameters
    ----------
    inputs
        A study that was read.
    keys, store
        Features of every reading, and where they are kept.
    fingerprints
        Of the files that the keys are of.
    workers, progress
        As `trephine.executors.executor`.

    Returns
    -------
    One per comparison, without Bland-Altman of the sizes, which ``trephine agree`` adds; none where
    there is one reading, or where no feature is extracted.
    """
    files = inputs.files
    if files is None or not keys:
        return ()
    found: dict[str, dict[int, RegionAgreement]] = {}
    unknown: dict[str, dict[int, str]] = {}
    for name, first, second in reading_pairs(files):
        wanted = {
            row: note_key(one, other)
            for row, (one, other) in enumerate(zip(keys[first], keys[second], strict=True))
            if one is not None and other is not None
        }
        notes = dict(zip(wanted, store.notes(list(wanted.values())), strict=True))
        known = {row: region for row, note in notes.items() if (region := _noted(note)) is not None}
        found[name] = known
        unknown[name] = {row: key for row, key in wanted.items() if row not in known}
    rows = sorted({row for missing in unknown.values() for row in missing})
    for name, compared in _open_again(inputs, rows, fingerprints, workers, progress).items():
        new = {row: region for row, region in compared.items() if row in unknown[name]}
        store.write_notes({unknown[name][row]: asdict(region) for row, region in new.items()})
        found[name] |= new
    return tuple(_in_order(name, regions) for name, regions in found.items())


def _noted(note: Mapping[str, Any]) -> RegionAgreement | None:
    """Return what a note says; None for one of another form, as a store from elsewhere may hold."""
    if note.keys() != {field.name for field in fields(RegionAgreement)}:
        return None
    if not all(isinstance(number, int | float) for number in note.values()):
        return None
    return RegionAgreement(**note)


def _in_order(name: str, regions: Mapping[int, RegionAgreement]) -> Comparison:
    rows = sorted(regions)
    return Comparison(name, tuple(rows), tuple(regions[row] for row in rows), None)


def _open_again(
    inputs: StudyInputs,
    rows: Sequence[int],
    fingerprints: Mapping[Path, Fingerprint],
    workers: int | None,
    progress: Progress | None,
) -> dict[str, dict[int, RegionAgreement]]:
    """Return the comparisons of some cases by name and row, from their images and masks."""
    tasks = [tuple(rows[i : i + CASES_A_TASK]) for i in range(0, len(rows), CASES_A_TASK)]
    found: dict[str, dict[int, RegionAgreement]] = defaultdict(dict)
    if not tasks:
        return found
    with executor(1 if len(tasks) == 1 else workers, (inputs, fingerprints)) as run:
        for part, answer in zip(tasks, run.map(_compare, tasks, progress), strict=True):
            for comparison in answer:
                for position, region in zip(comparison.rows, comparison.regions, strict=True):
                    found[comparison.name][part[position]] = region
    return found


def _compare(
    inputs: StudyInputs, fingerprints: Mapping[Path, Fingerprint], rows: Sequence[int]
) -> tuple[Comparison, ...]:
    files = inputs.files
    assert files is not None
    some = files.take(list(rows))
    with ExitStack() as held:
        for path in some.paths():
            held.enter_context(held_to(path, fingerprints[path].sha256))
        return compare_drawings(replace(inputs, files=some))
