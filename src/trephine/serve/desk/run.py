"""Running the desk until it is asked to stop."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path

from trephine.serve.desk.app import create_desk
from trephine.serve.desk.pages import DeskSettings
from trephine.serve.listening import listen

_WAITING = 128
# Streams of progress last longer than anybody waits after Ctrl-C; runs go on without us.
_LEAVE_SECONDS = 2


def serve_desk(folder: Path, port: int, opened: Callable[[str], None]) -> None:
    """Serve the desk of a folder on this computer's own address.

    Parameters
    ----------
    folder
        Nothing outside of it is opened or written.
    port
        To bind; a free one where 0.
    opened
        Called with the address that opens the desk.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((DeskSettings.host, port))
        # Before the address is shown: a browser that is quick waits for its turn.
        bound.listen(_WAITING)
        settings = DeskSettings(folder=folder.resolve(), port=bound.getsockname()[1])
        listen(
            create_desk(settings, opened),
            settings.host,
            settings.port,
            bound=bound,
            leave_seconds=_LEAVE_SECONDS,
            level=logging.WARNING,
        )
