"""What became of each reading: who is left out rests on it, and the log of a run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from trephine.errors import InputError


class FailedError(InputError):
    """A reading that cannot be measured; ``kind`` says in a word what failed."""

    def __init__(self, text: str, kind: str = "region") -> None:
        super().__init__(text)
        self.kind = kind


# What is wrong with one case. That a file or a disk went away is none of it, and ends the work.
OF_THE_CASE = (FailedError, MemoryError)


@dataclass(frozen=True)
class Fate:
    """What became of one reading of a case.

    Attributes
    ----------
    position
        Of the case among those analysed.
    row
        Of the case in the study's table.
    kind, problem
        What failed, in a word (image, mask, region, memory) and in a sentence without names; empty
        where it was measured.
    seconds, processor_seconds
        That it took; the first reading of an image takes the image's own.
    """

    position: int
    row: int
    kind: str = ""
    problem: str = ""
    seconds: float = 0.0
    processor_seconds: float = 0.0


def failure_of(error: FailedError | MemoryError) -> tuple[str, str]:
    """Return what failed, in a word and in a sentence."""
    if isinstance(error, MemoryError):
        return "memory", "expected enough memory to measure it, found too little"
    return error.kind, str(error)


@dataclass
class Clock:
    """Seconds on the clock and on the processor, from one reading of it to the next."""

    _began: float = field(default_factory=time.perf_counter)
    _processor: float = field(default_factory=time.process_time)

    def lap(self) -> tuple[float, float]:
        """Return both since the last call."""
        now, processor = time.perf_counter(), time.process_time()
        took = now - self._began, processor - self._processor
        self._began, self._processor = now, processor
        return took
