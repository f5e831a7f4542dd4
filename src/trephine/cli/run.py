"""``trephine run``: a study from its file to its report and model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.ending.following import StateFile, followed
from trephine.cli.options import ExecutorName, Retry
from trephine.cli.problems import problems_shown
from trephine.cli.terminal import console, stages
from trephine.held import hold_to


def run(
    study: Annotated[Path, typer.Argument(help="The study file.")] = Path("study.toml"),
    out: Annotated[
        Path | None, typer.Option(help="Results folder; 'results' beside the study by default.")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Use what an earlier run has already computed.")
    ] = True,
    workers: Annotated[
        int | None, typer.Option(help="Processes; all processors by default.", min=1)
    ] = None,
    executor: ExecutorName = None,
    retry: Retry = False,
    state: StateFile = None,
) -> None:
    """Run a study: features, signatures, models, validation, report, model bundle."""
    from trephine.serve.offline import calculator_beside
    from trephine.study import Study

    hold_to(study, out, state)

    with (
        problems_shown(study),
        stages("goes on") as shown,
        followed(state, "run", study, shown) as job,
    ):
        result = Study.from_toml(study).run(
            out,
            resume=resume,
            workers=workers,
            progress=job.show,
            executor=executor,
            retry=retry,
        )
        calculator = calculator_beside(result.bundle, result.folder)
        job.found(result.analysis.inputs)
    for line in [*result.summary(), *calculator]:
        console.print(line, soft_wrap=True, markup=False)
