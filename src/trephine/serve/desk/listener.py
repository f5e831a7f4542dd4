"""Listening on this computer's own address, before the address is shown to anybody."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from trephine.serve.desk.pages import DeskSettings
from trephine.serve.listening import listen

_WAITING = 128
# Streams of progress last longer than anybody waits after Ctrl-C; runs go on without us.
_LEAVE_SECONDS = 2


def serve_alone(folder: Path, port: int, create: Callable[[DeskSettings], ASGIApp]) -> None:
    """Serve an application on this computer's own address.

    Parameters
    ----------
    folder
        Nothing outside of it is opened or written.
    port
        To bind; a free one where 0.
    create
        Makes the application, once its port is known.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((DeskSettings.host, port))
        # Before the address is shown: a browser that is quick waits for its turn.
        bound.listen(_WAITING)
        settings = DeskSettings(folder=folder.resolve(), port=bound.getsockname()[1])
        listen(
            create(settings),
            settings.host,
            settings.port,
            bound=bound,
            leave_seconds=_LEAVE_SECONDS,
            level=logging.WARNING,
        )
