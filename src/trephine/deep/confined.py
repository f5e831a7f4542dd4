"""A network file that is a program, opened and run in a process that can do little else."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from trephine.deep.checkpoint import NetworkFile
from trephine.deep.child_pipe import ChildPipe
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError
from trephine.types import Float32Array

# Time on the wall for opening, and for each batch; a process that sleeps uses none of its own.
OPEN_SECONDS = 300.0
BATCH_SECONDS = 600.0
_LONGEST_REPLY = 1 << 16
_MOST_VALUES = 1 << 28
_MOST_AXES = 8
_LONGEST_TEXT = 2000

# The child's own words: where modules lie comes as data, as its environment is empty.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from trephine.deep.confinement import confine; held = confine(sys.path);"
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
    """A ``.pt2`` or TorchScript file behind a pipe.

    The process gets the file's bytes and batches of numbers, and gives numbers back. It has no
    environment, no network, may read nothing but the libraries, write nothing and start nothing, as
    far as the system can hold it to that; what it cannot is logged. Its answers are read as data.

    Parameters
    ----------
    settings, file
        As for the readers in `trephine.deep.torch_file`.

    Raises
    ------
    InputError
        If the file is refused, the process ends or answers falsely, or it takes too long.
    """

    fixed_batch: int | None

    def __init__(self, settings: DeepSettings, file: NetworkFile) -> None:
        self._name = file.name
        paths = [os.path.abspath(path) for path in sys.path if path and os.path.exists(path)]
        self._pipe = ChildPipe([sys.executable, "-I", "-B", "-c", _START, json.dumps(paths)])
        self._end = weakref.finalize(self, self._pipe.end)
        head = {"settings": settings.model_dump(mode="json"), "name": file.name}
        first = self._ask({**head, "size": len(file.content)}, file.content, OPEN_SECONDS, _first)
        self.runtime, self.place, self.fixed_batch = first.runtime, first.place, first.fixed_batch
        if first.lacking:
            _log.warning(
                "The network runs as a program, and this system cannot hold it to all: %s. Only"
                " use a file whose maker you know.",
                "; ".join(first.lacking)[:300],
            )

    def __call__(self, crops: Float32Array) -> Float32Array:
        """Return the layer's output for crops (n, channels, size, size)."""
        batch = np.ascontiguousarray(crops, dtype="<f4")
        head = {"shape": list(batch.shape), "size": batch.nbytes}
        return self._ask(head, batch.tobytes(), BATCH_SECONDS, self._values)

    def _ask(
        self,
        head: Mapping[str, Any],
        content: bytes,
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
            why = (
                "ended; it may have asked for more memory than it is given, or tried what is not"
                " allowed"
            )
        else:
            raise InputError(refusal)
        self._end()
        raise InputError(f"deep.backbone: the process that runs {self._name} {why}")

    def _values(self, reply: Mapping[str, Any], deadline: float) -> Float32Array:
        shape = reply.get("shape")
        if not isinstance(shape, list) or len(shape) > _MOST_AXES:
            raise _OutOfTurn("no shape of numbers")
        if not all(type(length) is int and length >= 0 for length in shape):
            raise _OutOfTurn("a shape that is none")
        count = math.prod(shape)
        if count > _MOST_VALUES:
            raise _OutOfTurn(f"more than {_MOST_VALUES} numbers")
        values = self._pipe.read(4 * count, deadline)
        return np.frombuffer(values, dtype="<f4").reshape(shape).astype(np.float32)


def _reply(line: bytes) -> dict[str, Any]:
    """Return the answer that one line holds."""
    if not line.endswith(b"\n"):
        raise _OutOfTurn(f"a line of more than {_LONGEST_REPLY} bytes")
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        raise _OutOfTurn("a line that is no answer") from None
    if not isinstance(reply, dict):
        raise _OutOfTurn("a line that is no answer")
    return reply


def _first(reply: Mapping[str, Any], deadline: float) -> _First:
    del deadline  # all of it is in the line
    lacking, batch = reply.get("lacking"), reply.get("fixed_batch")
    if not isinstance(lacking, list):
        raise _OutOfTurn("no word on what holds it")
    if batch is not None and not (type(batch) is int and 0 < batch < 1 << 16):
        raise _OutOfTurn("a number of cases that is none")
    runtime, place = _text(reply.get("runtime")), _text(reply.get("place"))
    return _First(runtime, place, batch, [_text(part) for part in lacking])


def _text(said: object) -> str:
    """Return a text of the process without what a terminal would obey."""
    if not isinstance(said, str):
        raise _OutOfTurn("something else than text")
    return "".join(c if c.isprintable() else " " for c in said[:_LONGEST_TEXT])
