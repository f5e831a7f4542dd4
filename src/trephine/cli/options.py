"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

from trephine.choices import MaskGeometry

ExecutorName = Annotated[
    str | None,
    typer.Option(
        help="Who does the work: serial, local, dask:local, or dask:ADDRESS of a scheduler whose"
        " workers see the same files. As the study file says, else local."
    ),
]

Retry = Annotated[
    bool,
    typer.Option(
        "--retry", help="Retry what took too long or twice ended its process in an earlier run."
    ),
]
Quality = Annotated[
    bool,
    typer.Option(
        "--quality",
        help="Also measure the image at each region: noise, sharpness, contrast with what lies"
        " round it, share of clipped grey.",
    ),
]
SpacingMm = Annotated[
    float | None,
    typer.Option(help="Pixel spacing of images that state none, such as PNG.", min=0.005),
]
Misplaced = Annotated[
    MaskGeometry,
    typer.Option(
        help="What to do with a mask whose header does not put it on its image: refuse it, keep"
        " the drawing on its pixels, or move it to where its header puts it."
    ),
]
