"""Files are opened in processes that may die: tables above all, which anybody may have made."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from anyio import to_thread

from trephine.errors import WorkerError
from trephine.held import hold_to
from trephine.workers import end_workers, start_worker, starting

Made = TypeVar("Made")

PROCESSES = 2


class ByName:
    """A function by its name: whoever asks for it need not load its module.

    Parameters
    ----------
    module, name
        Where it is; a test looks whether it is there.
    """

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, *given: object) -> Any:
        """Return what the function answers."""
        return getattr(import_module(self.module), self.name)(*given)


class Aside:
    """Asks functions of other rooms in processes of their own.

    Parameters
    ----------
    seconds
        That one answer may take.
    memory_bytes
        Of a process's address space.
    folder
        To which their files are held, where studies are confined.
    """

    def __init__(self, seconds: float, memory_bytes: int, folder: Path | None = None) -> None:
        self._seconds, self._memory, self._folder = seconds, memory_bytes, folder
        self._pool: ProcessPoolExecutor | None = None
        self._lock = Lock()
        self._warmed = False
        # A worker's life is bound to the thread that started it: threads of requests come and go.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="aside")

    async def ask(self, function: Callable[..., Made], *given: object) -> Made:
        """Return what a function answers to what it is given.

        Parameters
        ----------
        function
            A module's own, so that another process finds it.
        given
            Its arguments, which can be pickled as its answer can.

        Raises
        ------
        WorkerError
            If the process died or took too long.
        """
        return await to_thread.run_sync(partial(self._asked, function, given))

    def warm(self, module: str) -> None:
        """Let a process load a module before anything is asked for that needs it; once.

        Nobody waits, and nothing is said if it fails: the first question says so itself.
        """
        if not self._warmed:
            self._warmed = True
            self._starter.submit(self._submit, _load, (module,))

    def end(self) -> None:
        """End the processes for good."""
        self._end_pool()
        self._starter.shutdown(wait=True)

    def _end_pool(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            end_workers(pool)
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, function: Callable[..., Made], given: tuple[object, ...]) -> Future[Made]:
        return self._running().submit(function, *given)

    def _asked(self, function: Callable[..., Made], given: tuple[object, ...]) -> Made:
        try:
            asked = self._starter.submit(self._submit, function, given).result()
            return asked.result(self._seconds)
        except TimeoutError:
            self._end_pool()
            raise WorkerError(
                f"files: expected to be read within {self._seconds:g} seconds, found that they take"
                " longer; use the same command in a terminal, which waits"
            ) from None
        except BrokenProcessPool:
            self._end_pool()
            raise WorkerError(
                "files: the process that read them ended; one may be damaged, or larger than its"
                " memory. Save the table again"
            ) from None

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                with starting():
                    self._pool = ProcessPoolExecutor(
                        PROCESSES,
                        mp_context=multiprocessing.get_context("spawn"),
                        initializer=_start,
                        initargs=(self._memory, self._folder),
                    )
            return self._pool


def _start(memory_bytes: int, folder: Path | None) -> None:
    start_worker()
    if folder is not None:
        hold_to(folder)
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _load(module: str) -> None:
    import_module(module)
