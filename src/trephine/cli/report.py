"""``trephine report``: the report again, from the results, without computing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console


def report(
    results: Annotated[Path, typer.Argument(help="A results folder.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write; the results folder by default.")
    ] = None,
) -> None:
    """Rebuild the report of a study from its results folder."""
    from trephine.facts import read_facts
    from trephine.report import write_report
    from trephine.serve.offline import calculator_beside

    facts = read_facts(results / "facts.json")
    written = write_report(facts, results / "pictures", out or results)
    for path in written:
        console.print(str(path), soft_wrap=True, markup=False)
    for line in calculator_beside(results / "model", out or results):
        console.print(line, soft_wrap=True, markup=False)
