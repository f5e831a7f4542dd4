"""``trephine sign``: the signature by which a locked model's users know whose it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console


def sign(
    bundle: Annotated[Path, typer.Argument(help="The model: a folder or a .zip.")],
    key: Annotated[Path, typer.Option(help="Your secret key, which only you can read.")],
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="Make that key first, and beside it the public one (.pub)."),
    ] = False,
) -> None:
    """Sign a locked model, so that its users can distinguish it from a forged one."""
    from trephine.modelling.bundle import sign_bundle
    from trephine.modelling.bundle_signing import told
    from trephine.modelling.signing_keys import public_file

    found = sign_bundle(bundle, key, "new" if new_key else "existing")
    console.print(told(found), soft_wrap=True, markup=False)
    if new_key:
        console.print(
            f"New key: {key}. Keep it secret. {public_file(key).name} beside it is for everyone.",
            soft_wrap=True,
            markup=False,
        )
