"""Joining what the jobs of an array have measured: in any order, as often as one likes."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from trephine.errors import InputError, Problem, StudyProblemsError, named_rows
from trephine.store import FeatureStore
from trephine.store.cases import FILE, CaseLedger, ManifestRow
from trephine.study.batch.table import Features, Written, write_table

_PAGE = 256


@dataclass
class Merged:
    """What joining stores came to.

    Attributes
    ----------
    stores
        How many were read.
    cases
        Rows of the manifest that are measured.
    failed
        Rows that could not be measured.
    missing
        Rows that none of the stores has, of the manifest that they name.
    damaged
        Rows whose features were damaged in a store and are in no other.
    twice
        Rows that several stores have.
    differing
        Of those, how many differ in a value: by rounding on another machine, say.
    written
        The table; None where a store was written.
    """

    stores: int
    cases: int = 0
    failed: int = 0
    missing: int = 0
    damaged: int = 0
    twice: int = 0
    differing: int = 0
    written: Written | None = None


@dataclass
class _Source:
    store: FeatureStore
    cases: CaseLedger
    # Keys of the page at hand that are stored and whole.
    whole: set[str] = field(default_factory=set)

    def ordered(self, number: int) -> Iterator[tuple[ManifestRow, int]]:
        """Yield (case, number of this source); one whose features are damaged is marked so."""
        rest = self.cases.ordered()
        while page := list(islice(rest, _PAGE)):
            whole = self.store.known([case.key for case in page if case.state == "measured"])
            for case in page:
                lost = case.state == "measured" and case.key not in whole
                yield (replace(case, state="failed", kind=_DAMAGED) if lost else case), number


_DAMAGED = "damaged"


def merge_stores(out: Path, folders: Sequence[Path]) -> Merged:
    """Join stores into a table, or into a store.

    Parameters
    ----------
    out
        A table where its name ends in .csv or .parquet, else the folder of a store: made where it
        does not exist, added to where it does.
    folders
        Stores that ``trephine extract --store`` has filled.

    Raises
    ------
    StudyProblemsError
        With every folder that is no store, and every row that stores know from other files.
    InputError
        If the stores were measured with different settings.
    """
    _check(folders)
    to_table = out.suffix.lower() in (".csv", ".parquet")
    if not to_table:
        _refuse_file(out)
    paths = [*([out] if not to_table and (out / FILE).is_file() else []), *folders]
    unique = {path.resolve(): path for path in paths}
    sources = [_Source(FeatureStore(path), CaseLedger(path)) for path in unique.values()]
    _one_work(sources)
    merged = Merged(len(folders))
    lists = {own: names for source in sources for own, names in source.cases.lists().items()}
    rows = max(source.cases.rows() for source in sources)
    if not to_table:
        _into_store(out, sources, lists, rows, merged)
        return merged

    def ordered() -> Iterator[ManifestRow]:
        return (case for case, _ in _joined(sources, None))

    def read(page: Sequence[ManifestRow]) -> Features:
        return _read(sources, _places(sources, [case.key for case in page]))

    _count(sources, rows, merged)
    merged.written = write_table(out, ordered, lists, read)
    return merged


def _check(folders: Sequence[Path]) -> None:
    """Refuse what is no store, all at once."""
    problems = [
        Problem(
            f"store {number}",
            "a folder that `trephine extract --store` has filled",
            "no such folder" if not folder.is_dir() else f"one without {FILE}",
            "Name the folder that was given as --store",
        )
        for number, folder in enumerate(folders, start=1)
        if not (folder / FILE).is_file()
    ]
    if problems:
        raise StudyProblemsError(problems)


def _refuse_file(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(
            "merge: expected the folder of a store or a table that ends in .csv or .parquet to"
            " write to, found another file of that name"
        )
    if out.is_dir() and any(out.iterdir()) and not (out / FILE).is_file():
        raise InputError(
            "merge: expected an empty folder or a store to write to, found a folder with other"
            " files; choose another name"
        )


def _one_work(sources: Sequence[_Source]) -> None:
    works = {work for source in sources for work in source.cases.works()}
    if len(works) > 1:
        raise InputError(
            "merge: expected stores that were measured with one version and the same settings"
            f" (--settings, --spacing-mm, --mask-geometry), found {len(works)} different ones;"
            " measure the others again"
        )


def _joined(sources: Sequence[_Source], merged: Merged | None) -> Iterator[tuple[ManifestRow, int]]:
    """Yield each row once, with the source that has it; count where that is wanted.

    Raises
    ------
    StudyProblemsError
        With the rows that were measured from different files.
    """
    several = heapq.merge(
        *(source.ordered(number) for number, source in enumerate(sources)),
        key=lambda found: (found[0].identity, found[1]),
    )
    torn: list[int] = []
    for _, same in groupby(several, key=lambda found: found[0].identity):
        found = list(same)
        measured = [(case, number) for case, number in found if case.state == "measured"]
        if len({case.key for case, _ in measured}) > 1:
            torn.append(measured[0][0].position + 2)
            continue
        if merged is not None:
            _count_one(sources, found, measured, merged)
        yield measured[0] if measured else found[0]
    if torn:
        raise StudyProblemsError(
            [
                Problem(
                    f"manifest, {named_rows(torn)}",
                    "the same image and mask in every store",
                    "files that changed between the jobs",
                    "Measure these rows again, into one of the stores",
                )
            ]
        )


def _count(sources: Sequence[_Source], rows: int, merged: Merged) -> None:
    positions = (case.position for case, _ in _joined(sources, merged))
    merged.missing = max(rows - sum(1 for _ in groupby(positions)), 0)  # in their order


def _count_one(
    sources: Sequence[_Source],
    found: Sequence[tuple[ManifestRow, int]],
    measured: Sequence[tuple[ManifestRow, int]],
    merged: Merged,
) -> None:
    merged.cases += bool(measured)
    merged.damaged += not measured and any(case.kind == _DAMAGED for case, _ in found)
    merged.failed += not measured and all(case.kind != _DAMAGED for case, _ in found)
    merged.twice += len(found) > 1
    if len(measured) > 1:
        several = [_read(sources, {case.key: number}) for case, number in measured]
        key = measured[0][0].key
        first = several[0][key][1]
        same = (np.array_equal(first, one[key][1], equal_nan=True) for one in several[1:])
        merged.differing += not all(same)


def _places(sources: Sequence[_Source], keys: Sequence[str]) -> dict[str, int]:
    """Return the first source that has each key whole; for one that none has, the first of all."""
    where = dict.fromkeys(keys, 0)
    rest = list(where)
    for number, source in enumerate(sources):
        known = source.store.known(rest)
        where |= dict.fromkeys(known, number)
        rest = [key for key in rest if key not in known]
    return where


def _read(sources: Sequence[_Source], where: dict[str, int]) -> Features:
    found: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for number in sorted(set(where.values())):
        found |= sources[number].store.read_each([k for k, own in where.items() if own == number])
    return found


def _into_store(
    out: Path,
    sources: Sequence[_Source],
    lists: dict[str, tuple[str, ...]],
    rows: int,
    merged: Merged,
) -> None:
    _count(sources, rows, merged)  # first: nothing is written where rows contradict each other
    store, ledger = FeatureStore(out), CaseLedger(out)
    ledger.expect(rows)
    joined = _joined(sources, None)
    while page := list(islice(joined, _PAGE)):
        wanted = {case.key: number for case, number in page if case.state == "measured"}
        known = store.known(sorted(wanted))
        rest = {key: number for key, number in wanted.items() if key not in known}
        by_names: dict[tuple[str, ...], dict[str, np.ndarray]] = {}
        for key, (names, values) in _read(sources, rest).items():
            by_names.setdefault(names, {})[key] = values
        notes = {
            key: note
            for number in sorted(set(rest.values()))
            for own in ([k for k, n in rest.items() if n == number],)
            for key, note in zip(own, sources[number].store.notes(own), strict=True)
            if note
        }
        store.write_all(list(by_names.items()), notes)
        ledger.enter([case for case, _ in page], list(lists.values()))
