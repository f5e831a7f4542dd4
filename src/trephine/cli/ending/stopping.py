"""Stopping when asked to: by Ctrl-C, by a scheduler, by a closed terminal."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from trephine.scratch import remove_own
from trephine.workers import end_all_workers

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

# What is not stopped in order by then, as the main thread is deep in compiled code, ends anyway.
_DEADLINE_S = 1.5


class Stopped(BaseException):
    """Somebody asked this process to stop.

    Parameters
    ----------
    number
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a shell expects of a command that a signal ended."""
        return 128 + self.number


# What is shown to the user when the work that runs now is stopped; see `while_running`.
_farewell = "Stopped."
_asked: int | None = None


def farewell() -> str:
    """Return what to say now if the work is stopped."""
    return _farewell


def asked_to_stop() -> int | None:
    """Return the signal that asked this process to stop, if any did."""
    return _asked


@contextmanager
def on_stop(text: str) -> Iterator[None]:
    """Say this if the work in a ``with`` block is stopped."""
    global _farewell
    _farewell = text
    try:
        yield
    except Stopped:
        raise  # the text is still wanted
    except KeyboardInterrupt:
        raise Stopped(signal.SIGINT) from None
    except BaseException:
        if _asked is None:  # compiled code may have made another error of ours
            _farewell = "Stopped."
        raise
    _farewell = "Stopped."


@contextmanager
def signals_heeded() -> Iterator[None]:
    """Turn signals into ``Stopped`` for the time of a ``with`` block.

    A signal that the caller ignores, as `nohup` does with SIGHUP, stays ignored. Only the main
    thread can handle signals; elsewhere nothing changes.
    """
    global _asked, _farewell
    _asked, _farewell = None, "Stopped."
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    with _deadline(heeded), _lost_ones_quiet():
        for number in heeded:
            signal.signal(number, _stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _stop(number: int, _: FrameType | None) -> None:
    global _asked
    if _asked is None:
        _asked = number
        raise Stopped(number)


@contextmanager
def _lost_ones_quiet() -> Iterator[None]:
    """Say nothing of a ``Stopped`` that Python cannot pass on, as from a finaliser.

    The deadline ends the process then.
    """
    before = sys.unraisablehook

    def show(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, Stopped):
            before(unraisable)

    sys.unraisablehook = show
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _deadline(heeded: list[int]) -> Iterator[None]:
    """End the process a moment after a signal if it has not ended by itself.

    Python handles a signal between two of its own instructions only. The number of the signal is
    written to a socket at once, and a thread that waits there counts the time.
    """
    ours, signals = socket.socketpair()
    signals.setblocking(False)
    before = signal.set_wakeup_fd(signals.fileno(), warn_on_full_buffer=False)
    ended = threading.Event()
    thread = threading.Thread(target=_count, args=(ours, heeded, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        signals.close()
        thread.join()
        ours.close()


def _count(ours: socket.socket, heeded: list[int], ended: threading.Event) -> None:
    while received := ours.recv(1):
        if received[0] in heeded:
            break
    if not received or ended.wait(_DEADLINE_S):
        return
    end_all_workers()
    remove_own()
    os.write(2, f"\n{_farewell}\n".encode())
    os._exit(128 + received[0])
