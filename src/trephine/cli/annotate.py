"""``trephine annotate``: regions and angles, drawn by one rater in the browser of this computer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.announcing import Announcer, until_stopped
from trephine.paths import CONFINED


def annotate(
    path: Annotated[Path, typer.Argument(help="The study file, or a folder of images.")],
    rater: Annotated[
        str, typer.Option(help="Who draws: small letters and digits, or consensus.")
    ] = "a",
    port: Annotated[
        int, typer.Option(help="Port to bind; a free one by default.", min=0, max=65535)
    ] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Draw regions and measure angles on images, as one rater. Stops with Ctrl-C."""
    from trephine.serve.extra import annotate_serving
    from trephine.study.annotating.items import rater_name

    serve_annotator = annotate_serving()
    rater_name(rater)
    # A study file is held to its folder, here and in the processes that are started.
    os.environ[CONFINED] = "1"
    with until_stopped():
        serve_annotator(path, rater, port, Announcer(browser))
