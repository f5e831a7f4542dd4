"""``trephine check``: every problem of a study at once, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console, stages


def check(
    study: Annotated[Path, typer.Argument(help="The study file.")] = Path("study.toml"),
) -> None:
    """List every problem of a study: plan, table, images, masks. Writes nothing."""
    from trephine.study.inputs import read_study

    with stages("starts again") as show:
        inputs = read_study(
            study, lambda done, total: show("Opening images and masks", done, total)
        )
    flow = inputs.flow
    n_events = int(inputs.survival.event.sum())
    console.print(
        f"No problem found: {flow.analysed_cases} cases of {flow.analysed_patients} patients,"
        f" {n_events} events.",
        soft_wrap=True,
    )
    for exclusion in flow.exclusions:
        if exclusion.n_cases:
            console.print(
                f"Left out, {exclusion.n_cases} cases: {exclusion.reason.lower()}.", soft_wrap=True
            )
    for remark in inputs.remarks:
        console.print(f"Note: {remark}", soft_wrap=True, markup=False)
