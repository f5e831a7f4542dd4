"""Running one rater's page until it is asked to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from trephine.serve.desk.annotate.app import create_annotator
from trephine.serve.desk.annotate.benches import ready_place
from trephine.serve.desk.guarding import desk_aside
from trephine.serve.desk.listener import serve_alone


def serve_annotator(path: Path, rater: str, port: int, opened: Callable[[str], None]) -> None:
    """Serve the page of a rater on this computer's own address.

    Parameters
    ----------
    path
        The study file, or the folder of images.
    rater
        Whose readings are made.
    port
        To bind; a free one where 0.
    opened
        Called with the address that opens the page.

    Raises
    ------
    InputError
        If there is nothing to draw on.
    """
    whole = path.resolve()
    folder = whole if whole.is_dir() else whole.parent
    aside = desk_aside(folder)
    try:
        # The address is shown when the first picture is: a page that waits looks broken.
        place = asyncio.run(ready_place(aside, whole, rater))
        create = partial(
            create_annotator, path=whole, rater=rater, opened=opened, aside=aside, place=place
        )
        serve_alone(folder, port, create)
    finally:
        aside.end()
