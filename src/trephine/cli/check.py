"""``trephine check``: every problem of a study at once, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.ending.following import StateFile, followed
from trephine.cli.problems import as_json, forget_problems, problems_in_json, problems_shown
from trephine.cli.terminal import console, stages
from trephine.held import hold_to

if TYPE_CHECKING:
    from trephine.study.inputs import StudyInputs


def check(
    study: Annotated[Path, typer.Argument(help="The study file.")] = Path("study.toml"),
    out: Annotated[
        Path | None,
        typer.Option(
            help="File for all problems; by default check-problems.txt beside the study, where"
            " they do not fit on one screen."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Problems and notes as JSON.")] = False,
    state: StateFile = None,
) -> None:
    """List every problem of a study: plan, table, images, masks. Changes nothing."""
    from trephine.study.to_fit import read_study_to_fit

    hold_to(study, out, state)

    told = problems_in_json() if json else problems_shown(study, out)
    with told, stages("starts again") as shown, followed(state, "check", study, shown) as job:
        inputs = read_study_to_fit(
            study, lambda done, total: job.show("Opening images and masks", done, total)
        )
        job.found(inputs)
    if json:
        typer.echo(_json(inputs))
        return
    forget_problems(study)
    flow = inputs.flow
    console.print(f"No problem found: {_counts(inputs)}.", soft_wrap=True)
    same, total = inputs.unchanged
    if same:
        console.print(f"{same} of {total} images unchanged since the last check, not opened again.")
    for exclusion in flow.exclusions:
        if exclusion.n_cases:
            console.print(
                f"Left out, {exclusion.n_cases} cases: {exclusion.reason.lower()}.", soft_wrap=True
            )
    for remark in inputs.remarks:
        console.print(f"Note: {remark}", soft_wrap=True, markup=False)


def _counts(inputs: StudyInputs) -> str:
    from trephine.survival.competing_outcome import competing_counts

    flow, n_events = inputs.flow, int(inputs.survival.event.sum())
    told = f"{flow.analysed_cases} cases of {flow.analysed_patients} patients, {n_events} events"
    others = competing_counts(inputs.survival)
    if not others:
        return told
    return f"{told}, {_listed(others)} before it"


def _listed(others: dict[str, int]) -> str:
    return " and ".join(f"{count} {name}" for name, count in others.items())


def _json(inputs: StudyInputs) -> str:
    from trephine.survival.competing_outcome import competing_counts

    flow = inputs.flow
    return as_json(
        (),
        cases=flow.analysed_cases,
        patients=flow.analysed_patients,
        events=int(inputs.survival.event.sum()),
        competing=competing_counts(inputs.survival),
        left_out=[
            {"reason": exclusion.reason, "cases": exclusion.n_cases}
            for exclusion in flow.exclusions
            if exclusion.n_cases
        ],
        notes=list(inputs.remarks),
    )
