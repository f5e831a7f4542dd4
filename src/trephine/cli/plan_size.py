"""``trephine plan-size``: how many cases a time-to-event model needs, or its validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from trephine.cli.terminal import console
from trephine.errors import InputError


def plan_size(
    rate: Annotated[float, typer.Option(help="Events per case and unit of time.")],
    horizon: Annotated[float, typer.Option(help="Time of the prediction, in the same unit.")],
    parameters: Annotated[
        int | None,
        typer.Argument(help="Candidate parameters: every coefficient that could enter."),
    ] = None,
    follow_up: Annotated[
        float | None, typer.Option(help="Mean follow-up, in the same unit.")
    ] = None,
    r2: Annotated[
        float | None, typer.Option(help="Expected Cox-Snell R2; 15 % of its maximum if absent.")
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="Plan the validation of a model that exists.")
    ] = False,
    c_index: Annotated[
        float | None, typer.Option(help="With --validate: the C-index to expect.")
    ] = None,
    followed: Annotated[
        float | None,
        typer.Option(
            help="With --validate: share of cases that would be followed to the horizon if"
            " nobody had the event; from --follow-up if absent."
        ),
    ] = None,
) -> None:
    """Calculate how many cases and events a model, or its validation, needs (Riley et al.)."""
    of_a_model = {"PARAMETERS": parameters, "--r2": r2}
    of_a_test = {"--c-index": c_index, "--followed": followed}
    if validate:
        _refuse(of_a_model, "with --validate")
        _show_validation(rate, horizon, c_index, followed, follow_up)
    else:
        _refuse(of_a_test, "without --validate")
        _show_development(parameters, rate, follow_up, horizon, r2)


def _refuse(given: Mapping[str, float | None], when: str) -> None:
    """Refuse what has no meaning there, rather than passing over it."""
    odd = [name for name, value in given.items() if value is not None]
    if odd:
        raise InputError(f"{when}: expected no {' and no '.join(odd)}; leave it out")


def _show_validation(
    rate: float,
    horizon: float,
    c_index: float | None,
    followed: float | None,
    follow_up: float | None,
) -> None:
    from trephine.evaluation.validation_size import (
        share_followed,
        share_with_event,
        validation_size,
    )

    if c_index is None or (followed is None and follow_up is None):
        raise InputError(
            "with --validate: expected --c-index, and --followed or --follow-up; found one of them"
            " missing"
        )
    risk = share_with_event(rate, horizon)
    if followed is None:
        assert follow_up is not None
        followed = share_followed(rate, follow_up, horizon)
    found = validation_size(risk=risk, followed=followed, c_index=c_index)
    console.print(
        f"{found.n} cases with {found.events} events by the horizon, to validate a model."
    )
    console.print("95 % intervals that are wide at most")
    console.print(f"  0.2 for observed over expected:         {found.ratio_n} cases")
    console.print(f"  0.2 for the calibration slope:          {found.slope_n} cases")
    console.print(f"  0.1 for the C-index:                    {found.c_n} cases")
    console.print(
        f"Taken: risk at the horizon {risk:.3f}, {followed:.3f} followed to it, linear predictor"
        f" with a standard deviation of {found.spread:.3f}."
    )


def _show_development(
    parameters: int | None,
    rate: float,
    follow_up: float | None,
    horizon: float,
    r2: float | None,
) -> None:
    from trephine.evaluation.sample_size import sample_size

    if parameters is None or follow_up is None:
        raise InputError(
            "expected the number of candidate PARAMETERS and --follow-up, found one of them missing"
        )
    found = sample_size(
        parameters, event_rate=rate, mean_follow_up=follow_up, horizon=horizon, r2=r2
    )
    console.print(
        f"{found.n} cases with {found.events} events:"
        f" {found.events_per_parameter:.1f} events per candidate parameter."
    )
    console.print(f"  overfitting of 10 % at most:            {found.shrinkage_n} cases")
    console.print(f"  apparent R2 within 0.05 of adjusted:    {found.r2_difference_n} cases")
    console.print(f"  risk at the horizon known within 0.05:  {found.risk_n} cases")
    console.print(
        f"Expected Cox-Snell R2 {found.r2:.3f}, of {found.largest_r2:.3f} that are possible."
    )
