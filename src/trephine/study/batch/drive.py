"""Measuring many pairs in batches: each kept as it is done, past those that fail.

Nothing here grows with the number of pairs but the list of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from trephine.choices import Failures
from trephine.errors import InputError
from trephine.executors import Progress, is_elsewhere, worker_count
from trephine.store import FeatureStore
from trephine.store.cases import CaseLedger, CaseState, ManifestRow, names_digest
from trephine.study.batch import measuring
from trephine.study.batch.digesting import digested
from trephine.study.batch.left import Room, measure_and_leave
from trephine.study.batch.log import RunLog
from trephine.study.batch.measuring import (
    KeyedPair,
    PairFeatures,
    PairMeasurement,
    Work,
    measured,
    nothing,
)
from trephine.study.images.pairs import Pair
from trephine.types import FloatArray
from trephine.worker_guard import Lost, WorkerGuard

# A process takes as long to start as some pairs take to measure.
_PAIRS_WORTH_A_PROCESS = 8

# Pairs whose features go into one shard, or fewer after this time.
_SHARD = 16
_KEPT_AFTER_S = 5.0

# Pairs a worker that are looked at together: at a batch's end some workers wait for the last.
_BATCH = 64

_NOT_AGAIN = "; not tried again without --retry"
_STATES: dict[str, CaseState] = {"timeout": "timeout", "worker": "quarantined"}

# A pair under its position in the whole manifest.
Placed = tuple[int, Pair]


@dataclass(frozen=True)
class Conduct:
    """How pairs are measured; no number depends on it.

    Attributes
    ----------
    workers
        Processes; as many as are worth it by default.
    timeout_s
        Longest time for one pair.
    failures
        "skip": a pair that fails is counted and left out. "stop": the first ends the work.
    retry
        Measure again what killed its worker twice, or took too long, in an earlier run.
    """

    workers: int | None = None
    timeout_s: float | None = None
    failures: Failures = "skip"
    retry: bool = False


@dataclass(frozen=True)
class Kept:
    """Where features and the fate of cases are kept."""

    store: FeatureStore
    cases: CaseLedger


def measure_pairs(
    pairs: Sequence[Placed],
    work: Work,
    conduct: Conduct,
    log: RunLog,
    kept: Kept | None = None,
    progress: Progress | None = None,
) -> Iterator[PairFeatures]:
    """Measure every pair, and yield them in their order; one that cannot be measured says why.

    Parameters
    ----------
    pairs
        What to measure.
    work, conduct
        What of them, and how.
    log
        Gets every pair.
    kept
        Where they are kept, so that an interrupted call goes on; nothing is kept without.
    progress
        Called with (done, total) by pair.

    Raises
    ------
    InputError
        At the first pair that fails, where ``conduct`` says so.
    """
    most = worker_count(conduct.workers)
    size, elsewhere = _BATCH * most, is_elsewhere()
    with ExitStack() as stack:
        guard: WorkerGuard[KeyedPair, PairMeasurement] | None = None
        room = Room.of(kept.store) if kept is not None and elsewhere else None
        if elsewhere:  # its workers digest files: a command cannot read as fast as they measure
            guard = stack.enter_context(_guard(most, work, conduct, room))
        for first in range(0, len(pairs), size):
            placed = pairs[first : first + size]
            keyed = digested(placed, work, guard if elsewhere else None)
            batch = _Batch(list(keyed), work, conduct, kept, log, room)
            end = min(first + size, len(pairs))
            if guard is None:
                rest = batch.unknown + len(pairs) - end
                workers = conduct.workers or min(most, math.ceil(rest / _PAIRS_WORTH_A_PROCESS))
                guard = stack.enter_context(_guard(max(workers, 1), work, conduct, room))
            for count, _ in enumerate(batch.steps(guard)):
                if progress is not None:
                    progress(first + count, len(pairs))
            if progress is not None:
                progress(end, len(pairs))
            yield from batch.results()


def _guard(
    workers: int, work: Work, conduct: Conduct, room: Room | None
) -> WorkerGuard[KeyedPair, PairMeasurement]:
    if room is not None:
        return WorkerGuard(measure_and_leave, workers, (work, room), conduct.timeout_s)
    return WorkerGuard(measuring.measure_item, workers, (work,), conduct.timeout_s)


class _Batch:
    """Some pairs that are measured together."""

    def __init__(
        self,
        items: Sequence[tuple[int, KeyedPair]],
        work: Work,
        conduct: Conduct,
        kept: Kept | None,
        log: RunLog,
        room: Room | None,
    ) -> None:
        self._work, self._conduct, self._kept, self._log = work, conduct, kept, log
        self._items, self._room = items, room
        keys = list(dict.fromkeys(item.key for _, item in self._items if item.key))
        self._known = kept.store.known(keys) if kept is not None else set()
        self.unknown = len(keys) - len(self._known)
        self._earlier = kept.cases.by_key(keys) if kept is not None else {}
        self._answers: dict[str, PairMeasurement] = {}
        # Failed before and not tried again: their rows of the ledger stay as they are.
        self._left_alone: set[str] = set()

    def steps(self, guard: WorkerGuard[KeyedPair, PairMeasurement]) -> Iterator[None]:
        """Measure what is not known, a pair a step."""
        waiting: list[PairMeasurement] = []
        since = time.monotonic()
        try:
            todo = self._todo()
            for number, found in guard.map([item for _, item in todo]):
                position, item = todo[number]
                answer = self._answered(item.key, found)
                waiting.append(answer)
                self._take(position, item, answer)
                yield
                if len(waiting) >= _SHARD or time.monotonic() - since > _KEPT_AFTER_S:
                    self._keep(waiting)
                    waiting, since = [], time.monotonic()
        finally:
            self._keep(waiting)
            self._settle()

    def results(self) -> Iterator[PairFeatures]:
        """Yield what is known of each pair, in order."""
        if self._kept is not None:
            keys = sorted(self._known)
            found = self._kept.store.read_each(keys)
            for key, reasons in zip(keys, self._kept.store.notes(keys), strict=True):
                self._answers[key] = PairMeasurement(key, *found[key], reasons)
        for _, item in self._items:
            if item.key:
                yield measured(item, self._answers[item.key])
            else:
                yield PairFeatures(item.pair, {}, {}, item.problem)

    def _todo(self) -> list[tuple[int, KeyedPair]]:
        """Return what is to be measured, each key once; take what needs no measuring."""
        todo: dict[str, tuple[int, KeyedPair]] = {}
        for position, item in self._items:
            given_up = self._given_up(item)
            if given_up is not None:
                self._take(position, item, given_up)
            elif item.key in self._known or item.key in todo:
                self._log.case(row_of(position, item.pair), "known")
            else:
                todo[item.key] = (position, item)
        return list(todo.values())

    def _given_up(self, item: KeyedPair) -> PairMeasurement | None:
        """Return the answer of a pair that is not tried, or not again; None for any other."""
        if not item.key:
            return nothing("", item.problem, "file")
        case = self._earlier.get(item.key)
        if case is None or self._conduct.retry:
            return None
        longer = self._conduct.timeout_s is None or self._conduct.timeout_s > case.limit_s
        if case.state == "quarantined" or (case.state == "timeout" and not longer):
            self._left_alone.add(item.key)
            return nothing(item.key, f"{case.error}{_NOT_AGAIN}", case.kind)
        return None

    def _answered(self, key: str, found: PairMeasurement | Lost) -> PairMeasurement:
        if isinstance(found, Lost):
            return self._of_lost(key, found)
        return found if self._room is None else self._room.brought(found)

    def _of_lost(self, key: str, lost: Lost) -> PairMeasurement:
        if lost.why == "killed":
            return nothing(key, "ended its worker process twice, out of memory perhaps", "worker")
        limit_s = self._conduct.timeout_s or 0.0
        problem = f"took longer than {limit_s:g} s (--timeout)"
        return replace(nothing(key, problem, "timeout"), seconds=limit_s)

    def _take(self, position: int, item: KeyedPair, answer: PairMeasurement) -> None:
        """Take an answer, and write it into the log.

        Raises
        ------
        InputError
            If it is a failure, and the first is to end the work.
        """
        if item.key:
            self._answers[item.key] = answer
        case = self._case(position, item)
        told = {"kind": case.kind, "error": case.error} if answer.problem else {}
        self._log.case(
            row_of(position, item.pair),
            case.state,
            attempts=case.attempts,
            seconds=round(case.seconds, 4),
            processor_seconds=round(case.processor_seconds, 4),
            **told,
        )
        if answer.problem and self._conduct.failures == "stop":
            raise InputError(f"{item.pair.where}: {answer.problem}")

    def _keep(self, answers: Sequence[PairMeasurement]) -> None:
        """Keep features; those of one list of names in one shard."""
        alike: dict[tuple[str, ...], dict[str, FloatArray]] = {}
        for answer in answers:
            if not answer.problem:
                alike.setdefault(answer.names, {})[answer.key] = answer.values
        if self._kept is not None and alike:
            reasons = {a.key: a.reasons for a in answers if a.reasons and not a.problem}
            self._kept.store.write_all(list(alike.items()), reasons)
        if self._room is not None:
            self._room.clear(answers)

    def _settle(self) -> None:
        """Enter what became of each pair so far."""
        if self._kept is None:
            return
        known = sorted(self._known - self._earlier.keys())
        names = {key: own for key, (own, _) in self._kept.store.read_each(known).items()}
        names |= {key: answer.names for key, answer in self._answers.items() if answer.names}
        cases = [
            replace(case, names=names_digest(names[case.key])) if case.key in names else case
            for position, item in self._items
            if not item.key or item.key in self._known or item.key in self._answers
            for case in (self._case(position, item),)
        ]
        self._kept.cases.replace_rows(cases)
        self._kept.cases.enter(cases, list(dict.fromkeys(names.values())))

    def _case(self, position: int, item: KeyedPair) -> ManifestRow:
        """Return the ledger's row of a pair."""
        pair, earlier = item.pair, self._earlier.get(item.key)
        label = "" if pair.label is None else str(pair.label)
        row = ManifestRow(position, pair.name, pair.side, label, item.key, self._work.digest())
        answer = self._answers.get(item.key) or nothing("", item.problem, "file")
        if item.key in self._known:
            was = earlier or row
            return replace(
                row,
                names=was.names,
                attempts=was.attempts,
                seconds=was.seconds,
                processor_seconds=was.processor_seconds,
            )
        before = earlier.attempts if earlier is not None else 0
        again, error = 2 if answer.kind == "worker" else 1, answer.problem
        if earlier is not None and item.key in self._left_alone:
            again, error = 0, earlier.error
        return replace(
            row,
            state=_STATES.get(answer.kind, "failed") if answer.problem else "measured",
            kind=answer.kind,
            error=error,
            attempts=before + again,
            seconds=answer.seconds,
            processor_seconds=answer.processor_seconds,
            limit_s=(self._conduct.timeout_s or 0.0) if answer.kind == "timeout" else 0.0,
        )


def row_of(position: int, pair: Pair) -> int:
    """Return a pair's row in its manifest, or its number among pairs from folders."""
    return pair.row if pair.row is not None else position + 1
