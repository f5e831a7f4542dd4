"""``trephine export-calculator``: a locked model as one page that needs no network."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console


class LanguageChoice(StrEnum):
    """A language that pages open in."""

    en = "en"
    zh = "zh"


def export_calculator(
    bundle: Annotated[Path, typer.Argument(help="The model: a folder or a .zip.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path(
        "calculator.html"
    ),
    language: Annotated[
        LanguageChoice,
        typer.Option(help="Language in which the page opens; its reader can change it."),
    ] = LanguageChoice.en,
    signer: Annotated[
        str | None,
        typer.Option(help="Who must have signed the model: a fingerprint or a public key's file."),
    ] = None,
) -> None:
    """Write a model's calculator: one HTML file that works offline and can be sent by mail."""
    from trephine.modelling.signing_keys import signer_fingerprint
    from trephine.serve.offline import export_calculator as export

    demanded = None if signer is None else signer_fingerprint(signer)
    notes = export(bundle, out, language.value, demanded)
    console.print(f"Calculator: {out}", soft_wrap=True, markup=False)
    for note in notes:
        console.print(note, soft_wrap=True, markup=False)
