"""Running the server until it is asked to stop."""

from __future__ import annotations

import logging

import uvicorn

from trephine.serve.app import create_app
from trephine.serve.logs import log_as_json
from trephine.serve.models import ServedModel
from trephine.serve.settings import ServeSettings

# Requests that run are finished for so long; a prediction that takes longer is given up.
_LEAVE_SECONDS = 30
_IDLE_SECONDS = 10


def serve_models(models: dict[str, ServedModel], settings: ServeSettings) -> None:
    """Serve some models until the process is asked to stop and all requests are answered."""
    log_as_json()
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [logging.NullHandler()], False
    config = uvicorn.Config(
        create_app(models, settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LEAVE_SECONDS,
        timeout_keep_alive=_IDLE_SECONDS,
        limit_concurrency=200,
    )
    uvicorn.Server(config).run()
