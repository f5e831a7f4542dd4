"""Doing one thing to many items, in this process or in several, behind one interface."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from trephine.errors import WorkerError
from trephine.limits import state_limits, stated_limits
from trephine.scratch import private_file, scratch_folder
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
        return _counted(map(work, items), len(items), progress)


class LocalExecutor:
    """Runs items in worker processes of this machine.

    Parameters
    ----------
    pool
        Running workers; :func:`executor` makes an executor for them.
    handed_over
        Where each worker finds what the function takes before each item.
    """

    def __init__(self, pool: ProcessPoolExecutor, handed_over: _HandedOver) -> None:
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
        return _counted(results, len(items), progress)


def _counted(results: Iterable[Result], total: int, progress: Progress | None) -> Iterator[Result]:
    # Told before the first result too, which takes longest: workers import and compile for it.
    if progress is not None and total:
        progress(0, total)
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done, total)
        yield result


def available_workers() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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

    Inside a :func:`workers_kept` block of as many workers its processes are used.
    """
    count = available_workers() if workers is None else workers
    if count <= 1:
        with threadpool_limits(1):
            yield SerialExecutor(shared)
        return
    kept = _kept.get()
    ours = nullcontext(kept[1]) if kept is not None and kept[0] == count else _pool(count)
    with ours as pool, _hand_over(shared) as handed_over:
        yield LocalExecutor(pool, handed_over)


# How many workers the outermost ``workers_kept`` block keeps, and the workers.
_kept: ContextVar[tuple[int, ProcessPoolExecutor] | None] = ContextVar("kept", default=None)


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
    count = available_workers() if workers is None else workers
    if count <= 1 or _kept.get() is not None:
        yield
        return
    with _pool(count) as pool:
        token = _kept.set((count, pool))
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


@dataclass(frozen=True)
class _HandedOver:
    """Where a worker finds what the items of an executor share."""

    name: str
    file: Path


@contextmanager
def _hand_over(shared: tuple[Any, ...]) -> Iterator[_HandedOver]:
    """Leave what is shared in a file for the time of a ``with`` block."""
    with scratch_folder() as folder:
        file = folder / "shared"
        with private_file(file) as stream:
            pickle.dump((stated_limits(), shared), stream, protocol=pickle.HIGHEST_PROTOCOL)
        yield _HandedOver(uuid.uuid4().hex, file)


# What this worker was handed over last, by the executor's name: the only state that a worker keeps.
_taken: dict[str, tuple[Any, ...]] = {}


def _work(handed_over: _HandedOver, function: Callable[..., Result], item: Any) -> Result:
    """Do one item in a worker, with what the executor's items share."""
    if handed_over.name not in _taken:
        with handed_over.file.open("rb") as stream:
            # Our own file, written a moment ago in a folder that only this user can enter.
            limits, shared = pickle.load(stream)  # noqa: S301
        state_limits(limits)
        # Only libraries that are loaded can be held to a thread, and function and arguments have
        # just loaded what they need.
        threadpool_limits(1)
        _taken.clear()
        _taken[handed_over.name] = shared
    return function(*_taken[handed_over.name], item)
