"""Doing one thing to many items, in this process or in several, behind one interface."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from multiprocessing import resource_tracker
from typing import Any, Literal, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from trephine.errors import WorkerError
from trephine.handing_over import HandedOver, hand_over, read_shared, taken
from trephine.workers import end_workers, start_worker, starting, watch_over

Result = TypeVar("Result")

# Called with (done, total) at the start and after each item.
Progress = Callable[[int, int], None]


class Executor(Protocol):
    """Runs a function over items; results come in the items' order, whatever the workers do."""

    def map(
        self,
        function: Callable[..., Result],
        items: Sequence[Any],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(*shared, item)`` for each item, in order."""
        ...


class Place(Protocol):
    """Where work is done, other than in processes of this one: a cluster."""

    @property
    def workers(self) -> int:
        """How many items it works on at once."""
        ...

    def executor(self, shared: tuple[Any, ...]) -> AbstractContextManager[Executor]:
        """Give an executor for the time of a ``with`` block."""
        ...


# Where work is done by processes of our own: one, or several.
OwnProcesses = Literal["serial", "local"]


class SerialExecutor:
    """Runs everything in this process.

    Parameters
    ----------
    shared
        What the function takes before each item.
    """

    def __init__(self, shared: tuple[Any, ...] = ()) -> None:
        self._shared = shared

    def map(
        self,
        function: Callable[..., Result],
        items: Sequence[Any],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(*shared, item)`` for each item, in order."""
        work = partial(function, *self._shared)
        return counted(map(work, items), len(items), progress)


class LocalExecutor:
    """Runs items in worker processes of this machine.

    Parameters
    ----------
    pool
        Running workers; :func:`executor` makes an executor for them.
    handed_over
        Where each worker finds what the function takes before each item.
    """

    def __init__(self, pool: ProcessPoolExecutor, handed_over: HandedOver) -> None:
        self._pool = pool
        self._handed_over = handed_over

    def map(
        self,
        function: Callable[..., Result],
        items: Sequence[Any],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(*shared, item)`` for each item; ``function`` must be picklable."""
        work = partial(_work, self._handed_over, function)
        with starting():  # the pool starts its processes as it is given work
            results = self._pool.map(work, items)
        return counted(results, len(items), progress)


def counted(results: Iterable[Result], total: int, progress: Progress | None) -> Iterator[Result]:
    """Yield results, and say how many there are so far."""
    # Said before the first result too, which takes longest: workers import and compile for it.
    if progress is not None and total:
        progress(0, total)
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done, total)
        yield result


# Where executors do their work.
_place: ContextVar[Place | OwnProcesses] = ContextVar("place", default="local")


@contextmanager
def work_at(place: Place | OwnProcesses) -> Iterator[None]:
    """Have the executors inside a ``with`` block work elsewhere, in this process, or in several."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


def is_elsewhere() -> bool:
    """Say whether work is done on other machines or by processes that are not our own."""
    return _elsewhere() is not None


def is_serial() -> bool:
    """Say whether everything is to be done in this process."""
    return _place.get() == "serial"


def _elsewhere() -> Place | None:
    place = _place.get()
    return None if place == "serial" or place == "local" else place


def available_workers() -> int:
    """Return how many items may be worked on at once."""
    place = _place.get()
    if place == "serial":
        return 1
    if place != "local":
        return place.workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_count(workers: int | None) -> int:
    """Return how many items are worked on at once where ``workers`` are asked for: None for all."""
    return available_workers() if workers is None else workers


@contextmanager
def executor(workers: int | None = None, shared: tuple[Any, ...] = ()) -> Iterator[Executor]:
    """Give an executor for the time of a ``with`` block.

    Parameters
    ----------
    workers
        Number of processes; all available processors by default; 1 stays in this process.
    shared
        What every item needs: the function takes it before the item. It is not sent with each
        item but read by each worker once, from one file; what is dear to make from it belongs in
        a ``cached_property`` of it, and each worker makes it once.

    Notes
    -----
    Workers are spawned, not forked: a fork after numba or torch has started threads can hang.
    Each computes on one thread, a single one too: how BLAS shares a sum among threads changes its
    last digits, and results must not depend on the number of workers.

    Inside a :func:`workers_kept` block of as many workers its processes are used; inside
    :func:`work_at`, those of the place, all of them.
    """
    count = worker_count(workers)
    place = _elsewhere()
    if place is not None and workers != 1:
        with place.executor(shared) as theirs:
            yield theirs
        return
    if count <= 1 or _place.get() == "serial":
        with threadpool_limits(1):
            yield SerialExecutor(shared)
        return
    kept = _kept.get()
    ours = nullcontext(kept.pool()) if kept is not None and kept.count == count else _pool(count)
    with ours as pool, hand_over(shared) as handed_over:
        yield LocalExecutor(pool, handed_over)


class _KeptWorkers:
    """Workers of a ``workers_kept`` block; lost ones are followed by others."""

    def __init__(self, count: int, stack: ExitStack) -> None:
        self.count = count
        self._stack = stack
        self._pool: ProcessPoolExecutor | None = None

    def pool(self) -> ProcessPoolExecutor:
        """Return the workers, started where there are none."""
        if self._pool is None:
            self._pool = self._stack.enter_context(_pool(self.count))
        return self._pool

    def lose(self) -> None:
        """Part with the workers."""
        if self._pool is not None:
            end_workers(self._pool)
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


# Workers of the outermost ``workers_kept`` block.
_kept: ContextVar[_KeptWorkers | None] = ContextVar("kept", default=None)


def lose_kept_workers() -> None:
    """Part with the workers that are kept, of which one was lost: the next work starts others."""
    kept = _kept.get()
    if kept is not None:
        kept.lose()


@contextmanager
def workers_kept(workers: int | None = None) -> Iterator[None]:
    """Keep worker processes for the time of a ``with`` block: executors inside it share them.

    A study has a dozen stages, and a process takes seconds to import what it needs. Processes
    start when there is work for them; a block inside another of these shares its workers.

    Raises
    ------
    WorkerError
        If a worker ends before its work is done.
    """
    count = worker_count(workers)
    if count <= 1 or _kept.get() is not None or _place.get() != "local":
        yield
        return
    with ExitStack() as stack:
        token = _kept.set(_KeptWorkers(count, stack))
        try:
            yield
        finally:
            _kept.reset(token)


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Run worker processes, and put into words what happens if one dies.

    Whatever goes wrong in the block ends the workers at once: they may be minutes away from the
    end of an item that nobody will ask for.
    """
    context = multiprocessing.get_context("spawn")
    with starting():  # or a closed terminal ends it before us, and its successor complains
        resource_tracker.ensure_running()
    with ProcessPoolExecutor(count, mp_context=context, initializer=start_worker) as pool:
        watch_over(pool)
        try:
            yield pool
        except BrokenProcessPool:
            raise WorkerError(
                "a worker process ended before its work was done, out of memory perhaps; what was"
                " finished is kept: run the same command again, with fewer workers. In a script of"
                " your own, call Trephine under `if __name__ == '__main__':`"
            ) from None
        except BaseException:
            end_workers(pool)
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _work(handed_over: HandedOver, function: Callable[..., Result], item: Any) -> Result:
    """Do one item in a worker, with what the executor's items share."""
    return function(*taken(handed_over.name, partial(read_shared, handed_over.file)), item)
