"""``trephine demo``: a simulated cohort, and the study on it as a user would run it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.choices import DemoImages
from trephine.cli.terminal import console, stages


def demo(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("demo-study"),
    images: Annotated[
        DemoImages,
        typer.Option(
            help="One radiograph per patient, or several images: a lateral film and an MR of each"
            " hip besides, with light validation."
        ),
    ] = "one",
    seed: Annotated[int, typer.Option(help="Seed of the simulation.", min=0)] = 2025,
    workers: Annotated[
        int | None, typer.Option(help="Processes; all processors by default.", min=1)
    ] = None,
) -> None:
    """Simulate 144 patients with 212 hips and run the paper's study on them."""
    from trephine.demo import write_demo_study
    from trephine.executors import workers_kept
    from trephine.serve.offline import calculator_beside
    from trephine.study import Study

    with workers_kept(workers), stages("starts again") as show:
        study = write_demo_study(
            out,
            seed=seed,
            images=images,
            workers=workers,
            progress=lambda done, total: show("Simulating radiographs", done, total),
        )
        result = Study.from_toml(study).run(workers=workers, progress=show)
    for line in [*result.summary(), *calculator_beside(result.bundle, result.folder)]:
        console.print(line, soft_wrap=True, markup=False)
