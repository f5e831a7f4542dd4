"""Shards that this process has not written, unpacked in a process that may die of them.

A Parquet file of a kilobyte can hold billions of numbers, and its footer need not say so. Its
library has no bound on memory, so it runs in a process that has (`trephine.apart.confinement`); one
process unpacks the shards of a store one after another.
"""

from __future__ import annotations

import json
import os
import sys
import time
import weakref

from trephine.apart.child_pipe import ChildPipe
from trephine.store.limits import ShardLimits
from trephine.store.shard_child import Unpacked

# Where modules lie comes as data, as the child's environment is empty.
_START = (
    "import json, sys; sys.path[:], most = json.loads(sys.argv[1]);"
    "from trephine.store.shard_child import serve; serve(most)"
)
# The largest shard takes seconds; a start on a busy machine takes some more.
_SECONDS = 300.0
_LONGEST_LINE = 1 << 12
# Of memory to write to: the libraries, what the bounds allow a few times over, and the file.
_LIBRARIES = 320 << 20
_COPIES = 4
_PARTS = ("names", "keys", "notes", "values")


class ShardReader:
    """Unpacks shards, in a process that is started by the first one."""

    def __init__(self) -> None:
        self._pipe: ChildPipe | None = None
        self._end: weakref.finalize[[], ShardReader] | None = None
        self._memory = 0

    def unpack(self, content: bytes, limits: ShardLimits) -> Unpacked | None:
        """Return what a shard holds; None for what is no shard, or asks for more than it may.

        Parameters
        ----------
        content
            Of the file.
        limits
            Bounds on it.
        """
        largest = max(8 * limits.values, limits.text_bytes)
        memory = _LIBRARIES + _COPIES * (min(largest, 128 * len(content)) + len(content))
        fresh = self._pipe is None or memory > self._memory
        try:
            return self._ask(content, limits, memory if fresh else self._memory)
        except (OSError, EOFError, ValueError):  # it was ended: by its limits, or by the deadline
            self.end()
        if fresh:
            return None
        # What others left in its memory is no fault of this one.
        try:
            return self._ask(content, limits, memory)
        except (OSError, EOFError, ValueError):
            self.end()
            return None

    def _ask(self, content: bytes, limits: ShardLimits, memory: int) -> Unpacked | None:
        deadline = time.monotonic() + _SECONDS
        pipe = self._started(memory)
        asked = {
            "size": len(content),
            "values": limits.values,
            "text_bytes": limits.text_bytes,
        }
        pipe.send(json.dumps(asked).encode() + b"\n", deadline)
        pipe.send(content, deadline)
        lengths = json.loads(pipe.line(_LONGEST_LINE, deadline))
        if lengths == {}:
            return None
        sizes = [int(lengths[name]) for name in _PARTS]
        if min(sizes) < 0 or sum(sizes[:3]) > limits.text_bytes or sizes[3] > 8 * limits.values:
            raise ValueError
        return Unpacked(*(pipe.read(size, deadline) for size in sizes))

    def _started(self, memory: int) -> ChildPipe:
        """Return the process, another one where it may have more memory than the last."""
        if self._pipe is None or memory > self._memory:
            self.end()
            paths = [os.path.abspath(path) for path in sys.path if path and os.path.exists(path)]
            given = json.dumps([paths, memory])
            self._pipe = ChildPipe([sys.executable, "-I", "-B", "-c", _START, given])
            self._end = weakref.finalize(self, self._pipe.end)
            self._memory = memory
        return self._pipe

    def end(self) -> None:
        """End the process; the next shard starts another."""
        if self._end is not None:
            self._end()
        self._pipe = self._end = None
