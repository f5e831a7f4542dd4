"""Predictions from radiographs take turns: so many at once, so many may wait, others come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from trephine.serve.metrics import Metrics


class Busy(Exception):  # noqa: N818 - becomes an answer, not a fault
    """All places are taken."""


class Turns:
    """Lets requests in one after the other.

    Parameters
    ----------
    at_once, waiting
        Requests that run, and that may wait.
    metrics
        Where it is counted.
    """

    def __init__(self, at_once: int, waiting: int, metrics: Metrics) -> None:
        self._turns, self._free = anyio.Semaphore(at_once), at_once + waiting
        self._metrics = metrics

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Take a place among those that run or wait.

        Raises
        ------
        Busy
            If none is left.
        """
        if self._free == 0:
            raise Busy
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until fewer than so many run."""
        async with self._turns:
            with self._metrics.running.track_inprogress():
                yield
