"""The stages of a run: each is named, shown while it runs, and timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from trephine.validation.tasks import Running

Made = TypeVar("Made")

# Called with (stage, done, total).
StageProgress = Callable[[str, int, int], None]


class Stopwatch:
    """Seconds by stage, in the order in which stages ran.

    Attributes
    ----------
    told
        Called with (stage, seconds) as each ends; None for nobody.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.told: Callable[[str, float], None] | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens in a ``with`` block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + took
            if self.told is not None:
                self.told(name, took)


@dataclass(frozen=True)
class Stages:
    """How a protocol's stages run: processes, progress, clock, and what an earlier run left.

    Attributes
    ----------
    workers
        Processes.
    show
        Called with (stage, done, total).
    watch
        Keeps the seconds of each stage.
    ledger
        Where finished resamples are kept.
    retry
        Measure again what took too long or ended its process in an earlier run.
    """

    workers: int | None
    show: StageProgress
    watch: Stopwatch
    ledger: Path
    retry: bool = False

    def once(self, stage: str, make: Callable[[], Made]) -> Made:
        """Run a stage that has one step."""
        with self.watch.stage(stage):
            self.show(stage, 0, 1)
            made = make()
            self.show(stage, 1, 1)
        return made

    def resample(self, stage: str, judge: Callable[[Running], Made]) -> Made:
        """Run a resampling, which is given processes, progress and ledger, as one stage."""
        with self.watch.stage(stage):
            return judge(Running(self.workers, partial(self.show, stage), self.ledger))
