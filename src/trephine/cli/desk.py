"""``trephine desk``: studies in the browser of this computer."""

from __future__ import annotations

import os
import signal
import webbrowser
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from trephine.cli.ending.stopping import Stopped
from trephine.cli.terminal import console
from trephine.errors import InputError
from trephine.paths import CONFINED


def desk(
    folder: Annotated[
        Path, typer.Argument(help="Folder with studies, or with a table and images.")
    ] = Path(),
    port: Annotated[
        int, typer.Option(help="Port to bind; a free one by default.", min=0, max=65535)
    ] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open a page for a folder's studies: data, check, run, report, model. Stops with Ctrl-C."""
    from trephine.serve.extra import desk_serving

    serve_desk = desk_serving()
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder, found none")
    # A study file is held to its folder, here and in the processes that are started.
    os.environ[CONFINED] = "1"
    before = signal.set_wakeup_fd(-1)
    try:
        serve_desk(folder, port, _Announcer(browser))
    except (Stopped, KeyboardInterrupt):
        pass  # uvicorn says again what it has heeded
    finally:
        signal.set_wakeup_fd(before)


class _Announcer:
    """Shows the address that opens the desk, and opens the first one."""

    def __init__(self, browser: bool) -> None:
        self._browser, self._first = browser, True

    def __call__(self, address: str) -> None:
        said = "Open this address; Ctrl-C stops:" if self._first else "For another browser:"
        console.print(f"{said} {address}", soft_wrap=True, markup=False)
        first, self._first = self._first, False
        if first and self._browser:
            # Some browsers are programs of the terminal, and come back when they are closed.
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()
