"""Work on items in processes that may be lost: the item that ends its worker is found and left.

A worker says on disk which item it begins, and leaves its answer there. Where a worker ends, the
items that were begun and have no answer are tried again one by one: only the one that ends its
worker again is given up. At the time limit a worker ends itself, from a thread that needs nothing
of Python and so runs even where compiled code never returns.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar

from trephine.errors import InputError, WorkerError
from trephine.executors import Executor, executor, is_elsewhere, is_serial, lose_kept_workers
from trephine.scratch import scratch_folder

Item = TypeVar("Item")
Result = TypeVar("Result")
Other = TypeVar("Other")

# A worker may have been ended for another's sake, or by a system short of memory.
_CHANCES = 2


@dataclass(frozen=True)
class Lost:
    """An item without an answer: it took too long, or ended its worker twice."""

    why: Literal["timeout", "killed"]


class WorkerGuard(Generic[Item, Result]):
    """Runs a function over batches of items, past those that end their worker.

    Parameters
    ----------
    function
        Of one item; picklable.
    workers
        Processes. With 1 and no limit everything happens in this process, and nothing is guarded.
    shared
        What the function takes before each item, as for `trephine.executors.executor`.
    timeout_s
        Longest time that an item may take; None for no limit.
    in_process
        Whether it may happen in this process and so be unguarded; with 1 worker and no limit by
        default.
    """

    def __init__(
        self,
        function: Callable[..., Result],
        workers: int,
        shared: tuple[Any, ...] = (),
        timeout_s: float | None = None,
        *,
        in_process: bool | None = None,
    ) -> None:
        self._function = function
        self._workers = workers
        if timeout_s is not None and is_serial():
            raise InputError(
                "--executor serial: expected no time limit with it, as work in this process cannot"
                f" be ended, found one of {timeout_s:g} s; leave the executor or the limit out"
            )
        plain = is_serial() or (workers <= 1 and timeout_s is None and not is_elsewhere())
        self._in_process = plain if in_process is None else in_process
        self._shared = shared
        self._timeout_s = timeout_s
        self._stack = ExitStack()
        self._open: tuple[Executor, Path] | None = None
        self._elsewhere: Executor | None = None

    def __enter__(self) -> Self:
        """Return itself; processes start with the first batch."""
        return self

    def __exit__(self, *error: Any) -> None:
        """End the processes."""
        self._stack.__exit__(*error)

    def close(self) -> None:
        """End the processes; a further batch starts others."""
        self._stack.close()
        self._open = self._elsewhere = None

    def _part(self) -> None:
        """Part with processes of which one was lost."""
        self.close()
        lose_kept_workers()

    def map(self, items: Sequence[Item]) -> Iterator[tuple[int, Result | Lost]]:
        """Yield (number of the item, its result), each once, not always in their order.

        Raises
        ------
        WorkerError
            If processes end before they begin an item.
        """
        if is_elsewhere() and not self._in_process:
            yield from enumerate(self._on_cluster(items))
            return
        if self._in_process:
            run, _ = self._opened()
            yield from enumerate(run.map(self._function, items))
            return
        rest = dict(enumerate(items))
        if self._workers <= 1:  # one at a time, in a process that can be ended
            for number, item in rest.items():
                yield number, self._alone(number, item, _CHANCES)
            return
        while rest:
            try:
                for number in self._begin(rest):
                    yield number, self._answer(number)
                    del rest[number]
            except BrokenProcessPool:
                yield from self._after_a_loss(rest)

    def on_workers(self, function: Callable[..., Other], items: Sequence[Any]) -> Iterator[Other]:
        """Yield ``function(*shared, item)`` by item, unguarded, on the workers of the cluster.

        A worker keeps what one executor shares: with one of its own, such work would cost each
        worker its guarded process.
        """
        return self._theirs().map(partial(_beside, function), items)

    def _on_cluster(self, items: Sequence[Item]) -> Iterator[Result | Lost]:
        """Have each item guarded where it is done: by a process beside its worker."""
        return self._theirs().map(_apart, items)

    def _theirs(self) -> Executor:
        if self._elsewhere is None:
            apart = _Apart(self._function, self._shared, self._timeout_s)
            self._elsewhere = self._stack.enter_context(executor(shared=(apart,)))
        return self._elsewhere

    def _after_a_loss(self, rest: dict[int, Item]) -> Iterator[tuple[int, Result | Lost]]:
        """Yield what was finished and what was lost, and try the other suspects alone."""
        begun = {number for number in rest if self._path("at", number).exists()}
        found: dict[int, Result | Lost] = {
            number: self._answer(number) for number in rest if self._path("done", number).exists()
        }
        found |= {n: Lost("timeout") for n in begun - found.keys() if self._is_late(n)}
        suspects = sorted(begun - found.keys())
        self._part()
        if not found and not suspects:
            raise WorkerError(
                "worker processes ended before they began a case, out of memory perhaps; what was"
                " finished is kept: run the same command again, with fewer workers"
            )
        for number, answer in found.items():
            del rest[number]
            yield number, answer
        for number in suspects:
            yield number, self._alone(number, rest.pop(number), _CHANCES - 1)

    def _alone(self, number: int, item: Item, chances: int) -> Result | Lost:
        """Do one item while nothing else runs; it may end so many processes."""
        for _ in range(chances):
            try:
                for done in self._begin({number: item}):
                    return self._answer(done)
            except BrokenProcessPool:
                finished, late = self._path("done", number).exists(), self._is_late(number)
                answer = self._answer(number) if finished else None
                self._part()
                if answer is not None:
                    return answer
                if late:
                    return Lost("timeout")
        return Lost("killed")

    def _begin(self, items: dict[int, Item]) -> Iterator[int]:
        run, folder = self._opened()
        work = partial(_marked, self._function, folder, self._timeout_s)
        return run.map(work, list(items.items()))

    def _opened(self) -> tuple[Executor, Path]:
        if self._open is None:
            folder = self._stack.enter_context(scratch_folder())
            count = 1 if self._in_process else max(self._workers, 2)
            run = self._stack.enter_context(executor(count, self._shared))
            self._open = run, folder
        return self._open

    def _path(self, what: str, number: int) -> Path:
        return self._opened()[1] / f"{what}-{number}"

    def _is_late(self, number: int) -> bool:
        path = self._path("at", number)
        return path.exists() and path.stat().st_size > 0

    def _answer(self, number: int) -> Result:
        path = self._path("done", number)
        with path.open("rb") as stream:
            # A worker's file, in a folder that only this user can enter.
            answer: Result = pickle.load(stream)  # noqa: S301
        path.unlink()
        return answer


@dataclass(frozen=True)
class _Apart:
    """How items are guarded on a worker of a cluster, for all that it is given."""

    function: Callable[..., Any]
    shared: tuple[Any, ...]
    timeout_s: float | None

    @cached_property
    def guard(self) -> WorkerGuard[Any, Any]:
        """A process of the worker's own, made once; it ends with the worker."""
        # A worker is a daemon by default, and Python lets those have no processes. This one is
        # bound to its parent's life by `trephine.workers`.
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        guard: WorkerGuard[Any, Any] = WorkerGuard(
            self.function, 1, self.shared, self.timeout_s, in_process=False
        )
        Finalize(None, guard.close, exitpriority=100)
        return guard


def _apart(apart: _Apart, item: Any) -> Any:
    """Do one item beside a worker of a cluster."""
    ((_, found),) = apart.guard.map([item])
    return found


def _beside(function: Callable[..., Other], apart: _Apart, item: Any) -> Other:
    """Do one item on a worker of a cluster, in its own process."""
    return function(*apart.shared, item)


def _marked(
    function: Callable[..., Result], folder: Path, timeout_s: float | None, *given: Any
) -> int:
    """Do an item in a worker; say on disk that it is begun, and leave the answer there.

    ``given`` is what the items share, then (the item's number, the item).
    """
    shared, numbered = given[:-1], given[-1]
    number: int = numbered[0]
    item = numbered[1]
    begun, draft = folder / f"at-{number}", folder / f"draft-{number}"
    with begun.open("w") as mark:
        if timeout_s is not None:
            # Writes into the mark, and then ends this process.
            faulthandler.dump_traceback_later(timeout_s, file=mark, exit=True)
        try:
            result = function(*shared, item)
        finally:
            if timeout_s is not None:
                faulthandler.cancel_dump_traceback_later()
    with draft.open("wb") as stream:
        pickle.dump(result, stream, protocol=pickle.HIGHEST_PROTOCOL)
    os.replace(draft, folder / f"done-{number}")
    begun.unlink()
    return number
