"""What a worker process does before its first item, and how workers are ended."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from weakref import WeakSet

# From <linux/prctl.h>: the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG = 1

# What Ctrl-C and a closed terminal send to the whole group: stopping is the parent's decision.
_LEFT_TO_THE_PARENT = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)
)

_pools: WeakSet[ProcessPoolExecutor] = WeakSet()


def start_worker() -> None:
    """Bind this worker's life to its parent's, however that ends."""
    for number in _LEFT_TO_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEFT_TO_THE_PARENT)
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        # The kernel's own word reaches a worker even in the middle of compiled code.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent.pid:
            os._exit(1)
    sentinel = parent.sentinel
    threading.Thread(target=_end_with, args=(sentinel,), daemon=True, name="parent").start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


@contextmanager
def starting() -> Iterator[None]:
    """Keep Ctrl-C from workers that start in a ``with`` block, until they can ignore it.

    A signal for this process waits until the block ends; it is not lost.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT_TO_THE_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def watch_over(pool: ProcessPoolExecutor) -> None:
    """Count a pool among those that ``end_workers`` ends."""
    _pools.add(pool)


def end_workers(pool: ProcessPoolExecutor) -> None:
    """End a pool's workers without waiting for what they do: nobody wants it any more."""
    # `ProcessPoolExecutor.kill_workers` does this from Python 3.14 on; before, the processes are
    # private.
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.kill()


def end_all_workers() -> None:
    """End the workers of every pool of this process."""
    for pool in list(_pools):
        end_workers(pool)
