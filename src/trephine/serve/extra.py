"""The server's own libraries are an optional part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trephine.errors import MissingExtraError


def serving() -> tuple[Callable[..., Any], Callable[..., None]]:
    """Return what opens models and what serves them.

    Raises
    ------
    MissingExtraError
        If the optional part is not installed.
    """
    try:
        from trephine.serve.models import open_models
        from trephine.serve.run import serve_models
    except ModuleNotFoundError as absent:
        if absent.name and absent.name.partition(".")[0] == "trephine":
            raise
        raise MissingExtraError("trephine serve", "serve") from None
    return open_models, serve_models
