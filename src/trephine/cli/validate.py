"""``trephine validate``: a locked model on outside data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trephine.cli.problems import problems_shown
from trephine.cli.terminal import console, stages
from trephine.errors import InputError
from trephine.held import hold_to
from trephine.writing import write_text

if TYPE_CHECKING:
    from trephine.study.locked.validate import Update

UpdateChoice = Literal["tests", "baseline", "hazard", "slope", "refit"]


def validate(
    bundle: Annotated[
        Path,
        typer.Argument(help="The model: a folder or a .zip, or the .toml of a published equation."),
    ],
    study: Annotated[Path, typer.Argument(help="A study file for the outside data.")],
    out: Annotated[
        Path | None, typer.Option(help="Results folder; 'validation' beside the study by default.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; all processors by default.", min=1)
    ] = None,
    signer: Annotated[
        str | None,
        typer.Option(help="Who must have signed the model: a fingerprint or a public key's file."),
    ] = None,
    update: Annotated[
        Path | None,
        typer.Option(
            help="Folder for an updated model, changed no more than these cases require, by closed"
            " testing."
        ),
    ] = None,
    update_by: Annotated[
        UpdateChoice,
        typer.Option(help="What the updated model changes; by default what the tests choose."),
    ] = "tests",
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the result as JSON.")
    ] = None,
) -> None:
    """Measure a locked model on outside data: performance, calibration, case mix, report."""
    from trephine.modelling.signing_keys import signer_fingerprint
    from trephine.study.locked.validate import validate_bundle

    asked = _asked(update, update_by)
    demanded = None if signer is None else signer_fingerprint(signer)
    beside = None if update is None else update.resolve().parent  # a bundle appears as a whole
    hold_to(study, out, json_out, beside, read=[bundle])
    with problems_shown(study), stages("goes on") as show:
        result = validate_bundle(
            bundle, study, out, workers=workers, progress=show, signer=demanded, update=asked
        )
    for line in result.summary():
        console.print(line, soft_wrap=True, markup=False)
    if json_out is not None:
        write_text(json_out, result.to_json())


def _asked(folder: Path | None, by: UpdateChoice) -> Update | None:
    """Return the updated model that is asked for."""
    from trephine.study.locked.validate import Update

    if folder is not None:
        return Update(folder, None if by == "tests" else by)
    if by != "tests":
        raise InputError("--update-by: expected --update FOLDER with it, found none")
    return None
