"""Listening to browsers and programs until the process is asked to stop."""

from __future__ import annotations

import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from trephine.serve.logs import log_as_json

_IDLE_SECONDS = 10


def listen(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    bound: socket.socket | None = None,
    leave_seconds: int = 30,
    level: int = logging.INFO,
) -> None:
    """Serve an application until the process is asked to stop.

    Parameters
    ----------
    app
        What answers.
    host, port
        Address to bind.
    bound
        A socket that is bound to it already, if any.
    leave_seconds
        Requests that run are finished for so long; what takes longer is given up.
    level
        From which on events are logged.
    """
    log_as_json(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [logging.NullHandler()], False
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=leave_seconds,
        timeout_keep_alive=_IDLE_SECONDS,
        limit_concurrency=200,
    )
    uvicorn.Server(config).run(None if bound is None else [bound])
