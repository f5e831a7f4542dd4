"""Plates of instability, one per protocol and horizon."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from trephine.facts import Facts, InstabilityFacts
from trephine.report.figures.assessed import draw_titled
from trephine.report.figures.instability import (
    draw_calibration_curves,
    draw_errors,
    draw_net_benefit,
    draw_predictions,
)
from trephine.report.figures.plate import Panel, Plate
from trephine.report.style import COLUMN_MM, Area
from trephine.report.trace import Trace
from trephine.report.wording import horizon_noun, plural

_HEIGHT_MM = 68.0


def instability_plates(facts: Facts) -> list[Plate]:
    """Return the instability of the models that have curves of it."""
    return [_plate(facts, found) for found in Trace.start(facts).instability if found.raw.original]


def _plate(facts: Facts, trace: Trace) -> Plate:
    found: InstabilityFacts = trace.raw
    at = horizon_noun(found.horizon, facts.study.time_unit)
    case = facts.study.case_noun
    cases = plural(case, 2)
    return Plate(
        slug=f"figure-instability-{found.protocol}-{found.horizon:g}",
        section="performance",
        number="",
        title=("Instability at ", trace.horizon.show("horizon")),
        caption=(
            "The whole recipe was refitted to ",
            trace.refits.show("count"),
            " bootstrap samples, and each refit of ",
            trace.model.words(),
            f" predicts the same {cases} (Riley and Collins 2023). Predictions: some of the refits'"
            f" predictions, and the 2.5th and 97.5th percentile of all for each {case}, smoothed"
            " by local regression (dashed)."
            " Errors: mean absolute difference from the model's prediction (MAPE) of each"
            f" {case}{_groups(found)}. Calibration and net benefit: smooth calibration curves, by"
            " Cox regression on the transformed prediction, and decision curves: ",
            trace.drawn.show("count"),
            " refits in grey, the model in red. They show how far"
            " refits differ, not how well the model does elsewhere.",
        ),
        panels=(
            _panel("Predictions", partial(draw_predictions, found=found), f"Refits at {at}."),
            _panel("Errors", partial(draw_errors, found=found), f"Each {case}'s MAPE at {at}."),
            _panel(
                "Calibration",
                partial(draw_calibration_curves, found=found),
                f"Calibration of refits at {at}.",
            ),
            _panel(
                "Net benefit",
                partial(draw_net_benefit, found=found),
                f"Net benefit of refits at {at}.",
            ),
        ),
        protocol=found.protocol,
    )


def _groups(found: InstabilityFacts) -> str:
    """Say what stands below the errors, where there are risk groups."""
    if not found.changed_of_case:
        return ""
    return (
        ", below the share of refits that put it into a different risk group from the model"
        " (line: the model's cut)"
    )


def _panel(title: str, draw: Callable[[Area], None], alt: str) -> Panel:
    return Panel(partial(draw_titled, title=title, draw=draw), COLUMN_MM, _HEIGHT_MM, alt)
