"""Bytes to and from a process that may hang, die or write on and on: all waits have deadlines."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Literal

_PART = 1 << 20
if sys.platform != "win32":
    import fcntl

_ON_POSIX = os.name == "posix"


class ChildPipe:
    """A process behind its standard input and output, in a session of its own.

    Parameters
    ----------
    command
        The program with its arguments. It starts without an environment, in the root folder.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
            cwd=os.path.abspath(os.sep),
            start_new_session=True,
        )
        self.pid = self._process.pid
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        self._ahead = bytearray()  # read, but not yet asked for
        if _ON_POSIX:
            os.set_blocking(self._questions.fileno(), False)
            _widen(self._questions, self._answers)

    def ended_by(self, number: int | None) -> bool:
        """Return whether the process was ended by this signal; call `end` before."""
        return number is not None and self._process.returncode == -number

    def send(self, content: bytes | memoryview, deadline: float) -> None:
        """Write all bytes.

        Parameters
        ----------
        content
            What to write.
        deadline
            On `time.monotonic`'s clock.

        Raises
        ------
        TimeoutError
            If they were not taken by then.
        OSError
            If the process has ended.
        """
        if self._process.returncode is not None:
            raise BrokenPipeError
        place, left = self._questions.fileno(), memoryview(content)
        with self._killed_at(deadline):
            while left:
                _wait_for(place, "write", deadline)
                left = left[os.write(place, left[:_PART]) :]

    def line(self, longest: int, deadline: float) -> bytes:
        """Read up to a line's end, or ``longest`` bytes of a line that has none.

        Raises
        ------
        TimeoutError, EOFError, OSError
            If the line is not there by the deadline, or the process has ended.
        """
        while (end := self._ahead.find(b"\n")) < 0 and len(self._ahead) < longest:
            self._read_on(longest, deadline)
        return self._taken(min(end + 1, longest) if end >= 0 else longest)

    def read(self, size: int, deadline: float) -> bytes:
        """Read so many bytes.

        Raises
        ------
        TimeoutError, EOFError, OSError
            If they are not there by the deadline, or the process has ended.
        """
        while len(self._ahead) < size:
            self._read_on(size - len(self._ahead), deadline)
        return self._taken(size)

    def _read_on(self, size: int, deadline: float) -> None:
        """Read what is there, ``size`` bytes at most."""
        place = self._answers.fileno()
        with self._killed_at(deadline):
            _wait_for(place, "read", deadline)
            part = os.read(place, min(size, 1 << 20))
            if not part:
                raise EOFError
        self._ahead += part

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken

    def end(self) -> None:
        """End the process and all that it started; a second time does nothing."""
        if self._process.returncode is None:
            self._kill()
            self._process.wait()
        for stream in (self._questions, self._answers):
            with suppress(OSError):  # what was still to be written has no reader
                stream.close()

    def _kill(self) -> None:
        """Kill the process, and its group while its own number still holds the group's."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    @contextmanager
    def _killed_at(self, deadline: float) -> Iterator[None]:
        """Kill the process at a deadline, where a pipe cannot be waited for (Windows)."""
        if _ON_POSIX:
            yield
            return
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._kill)
        timer.start()
        try:
            yield
        except (EOFError, OSError):
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()


def _widen(*pipes: IO[bytes]) -> None:
    """Let a pipe hold a batch, so that it is not handed over in sixteen parts (Linux)."""
    if sys.platform == "linux":
        for pipe in pipes:
            with suppress(OSError):  # the system allows this account no more
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PART)


def _wait_for(place: int, way: Literal["read", "write"], deadline: float) -> None:
    """Wait until a pipe can be read or written, where that can be waited for."""
    if sys.platform != "win32":
        waiting = select.poll()  # unlike select, for any number of open files
        waiting.register(place, select.POLLIN if way == "read" else select.POLLOUT)
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError


def _environment() -> dict[str, str]:
    # Windows starts no process without this one.
    return {k: v for k, v in os.environ.items() if os.name == "nt" and k.upper() == "SYSTEMROOT"}
