"""Doing one thing to many items, in this process or in several, behind one interface."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from trephine.errors import WorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Called with (done, total) after each item.
Progress = Callable[[int, int], None]


class Executor(Protocol):
    """Runs a function over items; results come in the items' order, whatever the workers do."""

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(item)`` for each item, in order."""
        ...


class SerialExecutor:
    """Runs everything in this process."""

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(item)`` for each item, in order."""
        return _counted(map(function, items), len(items), progress)


class LocalExecutor:
    """Runs items in worker processes of this machine.

    Parameters
    ----------
    pool
        A running pool; :func:`executor` makes one and closes it.
    """

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(item)`` for each item, in order; ``function`` must be picklable."""
        return _counted(self._pool.map(function, items), len(items), progress)


def _counted(results: Iterable[Result], total: int, progress: Progress | None) -> Iterator[Result]:
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done, total)
        yield result


def available_workers() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def executor(
    workers: int | None = None,
    initializer: Callable[..., Any] | None = None,
    arguments: tuple[Any, ...] = (),
) -> Iterator[Executor]:
    """Give an executor for the time of a ``with`` block.

    Parameters
    ----------
    workers
        Number of processes; all available processors by default; 1 stays in this process.
    initializer, arguments
        Called once in each worker (once here for a single worker), to hand over what every item
        needs without sending it with each item.

    Notes
    -----
    Workers are spawned, not forked: a fork after numba or torch has started threads can hang.
    Each computes on one thread, a single one too: how BLAS shares a sum among threads changes its
    last digits, and results must not depend on the number of workers.
    """
    count = available_workers() if workers is None else workers
    if count <= 1:
        if initializer is not None:
            initializer(*arguments)
        with threadpool_limits(1):
            yield SerialExecutor()
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        count, mp_context=context, initializer=_start_worker, initargs=(initializer, arguments)
    ) as pool:
        try:
            yield LocalExecutor(pool)
        except BrokenProcessPool:
            raise WorkerError(
                "a worker process ended before its work was done, out of memory perhaps; what was"
                " finished is kept: run the same command again, with fewer workers. In a script of"
                " your own, call Trephine under `if __name__ == '__main__':`"
            ) from None
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _start_worker(initializer: Callable[..., Any] | None, arguments: tuple[Any, ...]) -> None:
    """Keep each worker to one thread, so that the workers together use the machine once."""
    threadpool_limits(1)
    if initializer is not None:
        initializer(*arguments)
