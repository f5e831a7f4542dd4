"""Running the desk until it is asked to stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trephine.serve.desk.app import create_desk
from trephine.serve.desk.listener import serve_alone


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
    serve_alone(folder, port, lambda settings: create_desk(settings, opened))
