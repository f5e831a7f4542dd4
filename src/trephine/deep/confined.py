"""A network file, opened and run in a process that can do little else.

A program may do anything, and is held to numbers for numbers. ONNX is data, and is held to the
memory and time that its operators may use up.
"""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from trephine.apart.child_pipe import ChildPipe
from trephine.deep.checkpoint import NetworkFile
from trephine.deep.confined_child import MOST_VALUES
from trephine.deep.network_limits import PIXELS_IN_MEMORY, NetworkLimits
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError
from trephine.types import Float32Array

# Time on the wall for opening, and for each batch; a process that sleeps uses none of its own.
OPEN_SECONDS = 300.0
BATCH_SECONDS = 600.0
_LONGEST_REPLY = 1 << 16
_MOST_AXES = 8
_LONGEST_TEXT = 2000

# The child's own words: where modules lie comes as data, as its environment is empty. Its numpy has
# no arithmetic to share among threads, and their memory counts.
_START = (
    "import json, os, sys; sys.path[:], most = json.loads(sys.argv[1]);"
    "os.environ['OPENBLAS_NUM_THREADS'] = '1';"
    "from trephine.apart.confinement import confine; held = confine(sys.path, most);"
    "from trephine.deep.confined_child import serve; serve(held)"
)
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class _OutOfTurn(Exception):  # noqa: N818 - never leaves this module
    """The process answered something else than it may."""


@dataclass(frozen=True)
class _First:
    """What the process says of itself once it has opened the file."""

    runtime: str
    place: str
    fixed_batch: int | None
    lacking: list[str]


class ConfinedReader:
    """A network file behind a pipe.

    The process gets the file's bytes and batches of numbers, and gives numbers back. It has no
    environment, no network, may read nothing but the libraries, write nothing and start nothing, as
    far as the system can hold it to that; what it cannot is logged. Its answers are read as data.

    Parameters
    ----------
    settings, file
        As for the readers in `trephine.deep.torch_file` and `trephine.deep.onnx_file`.
    limits
        What it may use up; None for a program, which has limits of its own
        (`trephine.apart.confinement`).

    Raises
    ------
    InputError
        If the file is refused, the process ends or answers falsely, or it takes too long.
    """

    fixed_batch: int | None

    def __init__(
        self, settings: DeepSettings, file: NetworkFile, limits: NetworkLimits | None = None
    ) -> None:
        self._name, self._limits = file.name, limits
        self._pixels = math.prod(settings.input_shape[1:])
        paths = [os.path.abspath(path) for path in sys.path if path and os.path.exists(path)]
        self._memory: int | None = None
        if limits is not None:
            sent = len(file.content)
            self._memory = limits.memory_for(sent, self._pixels, settings.threads)
        given = json.dumps([paths, self._memory])
        self._pipe = ChildPipe([sys.executable, "-I", "-B", "-c", _START, given])
        self._end = weakref.finalize(self, self._pipe.end)
        wanted = {
            **settings.model_dump(mode="json", include={"layer", "threads", "device"}),
            "dimensions": settings.dimensions,
            "seconds": None if limits is None else limits.seconds,
        }
        head = {"settings": wanted, "name": file.name, "size": len(file.content)}
        first = self._ask(head, file.content, OPEN_SECONDS, _first)
        self.runtime, self.place, self.fixed_batch = first.runtime, first.place, first.fixed_batch
        self._warn(first.lacking)

    def __call__(self, crops: Float32Array) -> Float32Array:
        """Return the layer's output for crops (n, channels, size, size)."""
        at_once = len(crops)
        if self._limits is not None and self.fixed_batch is None:
            at_once = max(1, PIXELS_IN_MEMORY // self._pixels)
        if at_once >= len(crops):
            return self._run(crops)
        parts = [self._run(crops[i : i + at_once]) for i in range(0, len(crops), at_once)]
        try:
            return np.concatenate(parts)
        except ValueError:
            raise InputError(
                f"deep.layer: expected one vector a case, found {parts[0].shape} and"
                f" {parts[-1].shape} from {self._name}; name a layer behind the network's pooling"
            ) from None

    def _run(self, crops: Float32Array) -> Float32Array:
        batch = np.ascontiguousarray(crops, dtype="<f4")
        limits = self._limits
        seconds = None if limits is None else limits.seconds_for(len(crops), self._pixels)
        head = {"shape": list(batch.shape), "size": batch.nbytes, "seconds": seconds}
        return self._ask(head, batch.data.cast("B"), BATCH_SECONDS, self._values)

    def _ask(
        self,
        head: Mapping[str, Any],
        content: bytes | memoryview,
        seconds: float,
        taken: Callable[[Mapping[str, Any], float], _T],
    ) -> _T:
        """Ask, wait for the answer, and return what ``taken`` makes of it before the deadline."""
        deadline = time.monotonic() + seconds
        try:
            self._pipe.send(json.dumps(head).encode() + b"\n", deadline)
            self._pipe.send(content, deadline)
            reply = _reply(self._pipe.line(_LONGEST_REPLY, deadline))
            if "error" not in reply:
                return taken(reply, deadline)
            refusal = _text(reply["error"])
        except TimeoutError:
            why = f"gave no answer in {seconds:g} seconds and was ended"
        except _OutOfTurn as found:
            why = f"answered with {found}, which no network does, and was ended"
        except (OSError, EOFError):
            self._end()
            why = self._why_it_ended(head)
        else:
            raise InputError(refusal)
        self._end()
        raise InputError(f"deep.backbone: the process that runs {self._name} {why}")

    def _why_it_ended(self, head: Mapping[str, Any]) -> str:
        if self._limits is None or self._memory is None:
            return (
                "ended; it may have asked for more memory than it is given, or tried what is not"
                " allowed"
            )
        if self._pipe.ended_by(getattr(signal, "SIGXCPU", None)):
            seconds = head["seconds"] if "shape" in head else self._limits.seconds
            return (
                f"took more than {seconds} seconds of a processor and was ended;"
                f" {_raise('seconds', 10 * self._limits.seconds)}"
            )
        return (
            f"ended; it may have asked for more than {self._memory >> 20} MiB of memory;"
            f" {_raise('memory_bytes', 4 * self._limits.memory_bytes)}"
        )

    def _warn(self, lacking: list[str]) -> None:
        """Log what this system cannot hold the process to."""
        if not lacking:
            return
        what = (
            "network runs as a program"
            if self._limits is None
            else "ONNX network runs in a process of its own"
        )
        _log.warning(
            "The %s, and this system cannot hold it to all: %s. Only use a file whose maker you"
            " know.",
            what,
            "; ".join(lacking)[:300],
        )

    def _values(self, reply: Mapping[str, Any], deadline: float) -> Float32Array:
        shape = reply.get("shape")
        if not isinstance(shape, list) or len(shape) > _MOST_AXES:
            raise _OutOfTurn("no shape of numbers")
        if not all(type(length) is int and length >= 0 for length in shape):
            raise _OutOfTurn("a shape that is not one")
        count = math.prod(shape)
        if count > MOST_VALUES:
            raise _OutOfTurn(f"more than {MOST_VALUES} numbers")
        values = self._pipe.read(4 * count, deadline)
        return np.frombuffer(values, dtype="<f4").reshape(shape).astype(np.float32)


def _raise(limit: str, number: int) -> str:
    """Return the words for what raises a limit."""
    return (
        f"if the network is real, raise {limit} under [limits.network] in the study file, or"
        f" {NetworkLimits.raised_by(limit, number)} in the environment"
    )


def _reply(line: bytes) -> dict[str, Any]:
    """Return the answer that one line holds."""
    if not line.endswith(b"\n"):
        raise _OutOfTurn(f"a line of more than {_LONGEST_REPLY} bytes")
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        raise _OutOfTurn("a line that is not an answer") from None
    if not isinstance(reply, dict):
        raise _OutOfTurn("a line that is not an answer")
    return reply


def _first(reply: Mapping[str, Any], deadline: float) -> _First:
    del deadline  # all of it is in the line
    lacking, batch = reply.get("lacking"), reply.get("fixed_batch")
    if not isinstance(lacking, list):
        raise _OutOfTurn("no word on what holds it")
    if batch is not None and not (type(batch) is int and 0 < batch < 1 << 16):
        raise _OutOfTurn("a number of cases that is not a number")
    runtime, place = _text(reply.get("runtime")), _text(reply.get("place"))
    return _First(runtime, place, batch, [_text(part) for part in lacking])


def _text(said: object) -> str:
    """Return a text of the process without what a terminal would obey."""
    if not isinstance(said, str):
        raise _OutOfTurn("something else than text")
    return "".join(c if c.isprintable() else " " for c in said[:_LONGEST_TEXT])
