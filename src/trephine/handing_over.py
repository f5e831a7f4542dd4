"""What items of work share, handed to workers once, in a file; large arrays are not copied."""

from __future__ import annotations

import json
import mmap
import pickle
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any

from threadpoolctl import threadpool_limits

from trephine.limits import Stated, state_limits, stated_limits
from trephine.scratch import private_file, scratch_folder


@dataclass(frozen=True)
class HandedOver:
    """Where a worker finds what the items of an executor share."""

    name: str
    file: Path


@contextmanager
def hand_over(shared: tuple[Any, ...]) -> Iterator[HandedOver]:
    """Leave what is shared in a file for the time of a ``with`` block."""
    with scratch_folder() as folder:
        file = folder / "shared"
        with private_file(file) as stream:
            _write_shared(stream, shared)
        yield HandedOver(uuid.uuid4().hex, file)


# What this worker was handed over last, by the executor's name: the only state that a worker keeps.
_taken: dict[str, tuple[Any, ...]] = {}
_taking = Lock()


# What items share, and the limits that are stated.
_Shared = tuple[Stated, tuple[Any, ...]]

# Arrays of so many bytes are not copied by each worker: all look at those in the file.
_WORTH_LOOKING_AT = 1 << 20
_ALIGNED = 64


def packed(shared: tuple[Any, ...]) -> bytes:
    """Return what items share, and the limits that are stated, as bytes."""
    return pickle.dumps((stated_limits(), shared), protocol=pickle.HIGHEST_PROTOCOL)


def _write_shared(stream: IO[bytes], shared: tuple[Any, ...]) -> None:
    """Write what items share: sizes of the parts, what is not an array, and the large arrays."""
    arrays: list[memoryview] = []

    def is_small(buffer: pickle.PickleBuffer) -> bool:
        content = buffer.raw()
        if content.nbytes < _WORTH_LOOKING_AT:
            return True
        arrays.append(content)
        return False

    rest = pickle.dumps(
        (stated_limits(), shared),
        protocol=pickle.HIGHEST_PROTOCOL,
        buffer_callback=is_small,
    )
    sizes = [len(rest), *(array.nbytes for array in arrays)]
    stream.write(json.dumps(sizes).encode() + b"\n")
    for part in (memoryview(rest), *arrays):
        stream.write(bytes(-stream.tell() % _ALIGNED))
        stream.write(part)


def read_shared(file: Path) -> _Shared:
    """Return what `_write_shared` wrote; arrays lie in the file until they are written to."""
    with file.open("rb") as stream:
        sizes = json.loads(stream.readline())
        place = stream.tell()
        whole = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY))
    parts = []
    for size in sizes:
        place += -place % _ALIGNED
        parts.append(whole[place : place + size])
        place += size
    # Our own bytes, from a file that only this user can enter.
    shared: _Shared = pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301
    return shared


def taken(name: str, read: Callable[[], _Shared]) -> tuple[Any, ...]:
    """Return what the items of an executor share, made once in each worker.

    Parameters
    ----------
    name
        Of the executor.
    read
        Returns it, with the limits.
    """
    with _taking:
        if name not in _taken:
            limits, shared = read()
            state_limits(limits)
            # Only libraries that are loaded can be held to a thread, and function and arguments
            # have just loaded what they need.
            threadpool_limits(1)
            _taken.clear()
            _taken[name] = shared
        return _taken[name]
