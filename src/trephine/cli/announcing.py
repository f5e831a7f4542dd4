"""A page's address in the terminal and in the browser, and the way out by Ctrl-C."""

from __future__ import annotations

import signal
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from trephine.cli.ending.stopping import Stopped
from trephine.cli.terminal import console


class Announcer:
    """Shows the address that opens a page, and opens the first one.

    Parameters
    ----------
    browser
        Whether the first one is opened.
    """

    def __init__(self, browser: bool) -> None:
        self._browser, self._first = browser, True

    def __call__(self, address: str) -> None:
        """Show an address; open it if it is the first."""
        said = "Open this address; Ctrl-C stops:" if self._first else "For another browser:"
        console.print(f"{said} {address}", soft_wrap=True, markup=False)
        first, self._first = self._first, False
        if first and self._browser:
            # Some browsers are programs of the terminal, and come back when they are closed.
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()


@contextmanager
def until_stopped() -> Iterator[None]:
    """Let Ctrl-C end what is served, without a word: uvicorn says again what it has heeded."""
    before = signal.set_wakeup_fd(-1)
    try:
        yield
    except (Stopped, KeyboardInterrupt):
        pass
    finally:
        signal.set_wakeup_fd(before)
