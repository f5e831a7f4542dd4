"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

ExecutorName = Annotated[
    str | None,
    typer.Option(
        help="Who does the work: serial, local, dask:local, or dask:ADDRESS of a scheduler whose"
        " workers see the same files. As the study file says, else local."
    ),
]
