"""The server's own libraries are an optional part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from trephine.errors import MissingExtraError


def serving() -> tuple[Callable[..., Any], Callable[..., None]]:
    """Return what opens models and what serves them.

    Raises
    ------
    MissingExtraError
        If the optional part is not installed.
    """
    with _needed("trephine serve"):
        from trephine.serve.models import open_models
        from trephine.serve.run import serve_models
    return open_models, serve_models


def desk_serving() -> Callable[..., None]:
    """Return what serves the desk.

    Raises
    ------
    MissingExtraError
        If the optional part is not installed.
    """
    with _needed("trephine desk"):
        from trephine.serve.desk.run import serve_desk
    return serve_desk


def annotate_serving() -> Callable[..., None]:
    """Return what serves a rater's page.

    Raises
    ------
    MissingExtraError
        If the optional part is not installed.
    """
    with _needed("trephine annotate"):
        from trephine.serve.desk.annotate.run import serve_annotator
    return serve_annotator


@contextmanager
def _needed(part: str) -> Iterator[None]:
    """Say which optional part a library of a ``with`` block belongs to, where it is missing."""
    try:
        yield
    except ModuleNotFoundError as absent:
        if absent.name and absent.name.partition(".")[0] == "trephine":
            raise
        raise MissingExtraError(part, "serve") from None
