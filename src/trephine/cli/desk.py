"""``trephine desk``: studies in the browser of this computer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.announcing import Announcer, until_stopped
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
    with until_stopped():
        serve_desk(folder, port, Announcer(browser))
