"""``trephine plan-size``: how many cases a time-to-event model needs."""

from __future__ import annotations

from typing import Annotated

import typer

from trephine.cli.terminal import console


def plan_size(
    parameters: Annotated[
        int, typer.Argument(help="Candidate parameters: every coefficient that could enter.")
    ],
    rate: Annotated[float, typer.Option(help="Events per case and unit of time.")],
    follow_up: Annotated[float, typer.Option(help="Mean follow-up, in the same unit.")],
    horizon: Annotated[float, typer.Option(help="Time of the prediction, in the same unit.")],
    r2: Annotated[
        float | None, typer.Option(help="Expected Cox-Snell R2; 15 % of its maximum if absent.")
    ] = None,
) -> None:
    """Calculate how many cases and events a model needs (Riley et al. 2019, 2020)."""
    from trephine.evaluation.sample_size import sample_size

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
