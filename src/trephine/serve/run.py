"""Running the server of models until it is asked to stop."""

from __future__ import annotations

from trephine.serve.app import create_app
from trephine.serve.listening import listen
from trephine.serve.models import ServedModel
from trephine.serve.settings import ServeSettings


def serve_models(models: dict[str, ServedModel], settings: ServeSettings) -> None:
    """Serve some models until the process is asked to stop and all requests are answered."""
    listen(create_app(models, settings), settings.host, settings.port)
