"""A network file that is a program, opened and run in a process that can do little else."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

import numpy as np

from trephine.deep.checkpoint import NetworkFile
from trephine.deep.network import Float32Array
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError

# Wall time for opening, and for each batch.
OPEN_SECONDS = 300.0
BATCH_SECONDS = 600.0
_LONGEST_REPLY = 1 << 16
_MOST_VALUES = 1 << 28

# The child's own words: where modules lie comes as data, as its environment is empty.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from trephine.deep.confinement import confine; held = confine(sys.path);"
    "from trephine.deep.confined_child import serve; serve(held)"
)
_log = logging.getLogger(__name__)


class ConfinedReader:
    """A ``.pt2`` or TorchScript file behind a pipe.

    The process gets the file's bytes and batches of numbers, and gives numbers back. It has no
    environment, no network, may read nothing but the libraries and write nothing, as far as the
    system can hold it to that; what it cannot is logged. Its answers are read as data.

    Parameters
    ----------
    settings, file
        As for the readers in `trephine.deep.torch_file`.

    Raises
    ------
    InputError
        If the file is refused, the process ends, or it takes too long.
    """

    fixed_batch: int | None

    def __init__(self, settings: DeepSettings, file: NetworkFile) -> None:
        self._name = file.name
        paths = [os.path.abspath(path) for path in sys.path if path and os.path.exists(path)]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _START, json.dumps(paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd=os.path.abspath(os.sep),
        )
        self._end = weakref.finalize(self, _finish, self._process)
        head = {"settings": settings.model_dump(mode="json"), "name": file.name}
        reply, _ = self._ask({**head, "size": len(file.content)}, file.content, OPEN_SECONDS)
        self.runtime, self.place = _text(reply, "runtime"), _text(reply, "place")
        batch = reply.get("fixed_batch")
        self.fixed_batch = batch if isinstance(batch, int) and 0 < batch < 1 << 16 else None
        if lacking := [str(part) for part in reply.get("lacking", [])]:
            _log.warning(
                "The network runs as a program, and this system cannot hold it to all: %s. Only"
                " use a file whose maker you know.",
                "; ".join(lacking)[:300],
            )

    def __call__(self, crops: Float32Array) -> Float32Array:
        """Return the layer's output for crops (n, channels, size, size)."""
        batch = np.ascontiguousarray(crops, dtype="<f4")
        reply, values = self._ask(
            {"shape": list(batch.shape), "size": batch.nbytes}, batch.tobytes(), BATCH_SECONDS
        )
        shape = tuple(int(n) for n in reply["shape"])
        return np.frombuffer(values, dtype="<f4").reshape(shape).astype(np.float32)

    def _ask(
        self, head: Mapping[str, Any], content: bytes, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + seconds
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(head).encode() + b"\n")
            self._process.stdin.write(content)
            self._process.stdin.flush()
            line = _read(self._process.stdout, None, deadline)
            reply = json.loads(line)
            if "error" in reply:
                raise InputError(_text(reply, "error"))
            shape = [int(n) for n in reply.get("shape", [])]
            n = int(np.prod(shape, dtype=object)) if shape else 0
            if len(shape) > 8 or min(shape, default=0) < 0 or n > _MOST_VALUES:
                raise ValueError("more than a network gives")
            return reply, _read(self._process.stdout, 4 * n, deadline)
        except InputError:
            raise
        except TimeoutError:
            self._end()
            raise InputError(
                f"deep.backbone: {self._name} gave no answer in {seconds:.0f} seconds and was ended"
            ) from None
        except (OSError, EOFError, ValueError, TypeError, AttributeError, RecursionError):
            self._end()
            raise InputError(
                f"deep.backbone: the process that runs {self._name} ended or answered out of turn;"
                " it may have asked for more memory than it is given, or tried what is not allowed"
            ) from None


def _environment() -> dict[str, str]:
    # Windows starts no process without this one.
    return {k: v for k, v in os.environ.items() if os.name == "nt" and k.upper() == "SYSTEMROOT"}


def _read(stream: IO[bytes], size: int | None, deadline: float) -> bytes:
    """Read ``size`` bytes, or a line if None, until the deadline."""
    made = bytearray()
    while size is None or len(made) < size:
        if os.name == "posix":
            ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
        wanted = 1 if size is None else min(size - len(made), 1 << 20)
        part = os.read(stream.fileno(), wanted)
        if not part:
            raise EOFError
        made += part
        if size is None and (part == b"\n" or len(made) > _LONGEST_REPLY):
            break
    return bytes(made)


def _text(reply: Mapping[str, Any], key: str) -> str:
    """Return a text of the process without what a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in str(reply[key])[:2000])


def _finish(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # what was still to be written has no reader
                stream.close()
