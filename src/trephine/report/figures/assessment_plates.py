"""Plates of performance, by protocol and kind."""

from __future__ import annotations

from functools import partial

from trephine.choices import Kind, ProtocolName
from trephine.facts import Facts
from trephine.report.figures.assessed import (
    assessment_slug,
    by_assessment,
    draw_titled,
    headline_model,
)
from trephine.report.figures.calibration import draw_calibration
from trephine.report.figures.decision import draw_decision_curves
from trephine.report.figures.interventions import draw_interventions_avoided
from trephine.report.figures.kaplan_meier import draw_kaplan_meier
from trephine.report.figures.plate import Panel, Plate
from trephine.report.figures.roc import draw_roc
from trephine.report.phrases import estimator_of
from trephine.report.style import COLUMN_MM
from trephine.report.trace import Text, Trace, join
from trephine.report.wording import horizon_noun

# Two figures of four such panels share a page of a document, in type that can be read.
_RISK_GROUP_MM = 70.0


def roc_plates(facts: Facts) -> list[Plate]:
    """Return Figure 3, a panel a horizon."""
    plates = []
    for protocol, kind, rows in by_assessment(facts.roc):
        panels = []
        for horizon in dict.fromkeys(row.horizon for row in rows):
            title = horizon_noun(horizon, facts.study.time_unit)
            curves = [row for row in rows if row.horizon == horizon]
            panels.append(
                Panel(
                    partial(
                        draw_titled, title=title, draw=partial(draw_roc, curves=curves), kind=kind
                    ),
                    COLUMN_MM,
                    82.0,
                    f"ROC curves at {title}; the areas are in Table 3.",
                )
            )
        plates.append(
            Plate(
                slug=assessment_slug("figure-3-roc", protocol, kind),
                section="performance",
                number="Figure 3",
                title=("Time-dependent ROC curves",),
                caption=("Areas with 95% confidence intervals; diagonal: no better than chance.",),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def calibration_plates(facts: Facts) -> list[Plate]:
    """Return Figure 4, a panel a horizon."""
    plates = []
    for protocol, kind, rows in by_assessment(facts.calibration):
        headline = headline_model(facts, protocol)
        panels = []
        for horizon in dict.fromkeys(row.horizon for row in rows):
            title = horizon_noun(horizon, facts.study.time_unit)
            curves = [row for row in rows if row.horizon == horizon]
            draw = partial(draw_calibration, curves=curves, headline=headline)
            panels.append(
                Panel(
                    partial(draw_titled, title=title, draw=draw, kind=kind),
                    COLUMN_MM,
                    90.0,
                    f"Calibration at {title}, above the distribution of predicted risk.",
                )
            )
        plates.append(
            Plate(
                slug=assessment_slug("figure-4-calibration", protocol, kind),
                section="performance",
                number="Figure 4",
                title=("Calibration, and distribution of predicted risk",),
                caption=(
                    f"Lines: smooth calibration curves. Points and bars: groups of the {headline}"
                    f" model with {estimator_of(facts)} estimate and interval; below, the"
                    " distribution of its predicted risk.",
                ),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def decision_curve_plates(facts: Facts) -> list[Plate]:
    """Return Figure 5a and b, a panel a horizon."""
    plates = []
    for protocol, kind, rows in by_assessment(facts.decision_curves):
        headline = headline_model(facts, protocol)
        panels = []
        for row in rows:
            title = horizon_noun(row.horizon, facts.study.time_unit)
            draw = partial(draw_decision_curves, curves=row, headline=headline)
            panels.append(
                Panel(
                    partial(draw_titled, title=title, draw=draw, kind=kind),
                    COLUMN_MM,
                    70.0,
                    f"Net benefit of each model over threshold probabilities at {title}.",
                )
            )
        plates.append(
            Plate(
                slug=assessment_slug("figure-5ab-decision-curves", protocol, kind),
                section="performance",
                number="Figure 5a, b",
                title=("Decision curves",),
                caption=(
                    "Net benefit per case; horizontal line: treat none. Gaps: no case above that"
                    " threshold was followed to the horizon."
                    + (f" Shaded: interval of the {headline} model." if headline else ""),
                    *_harm(facts, protocol, kind),
                ),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def _harm(facts: Facts, protocol: ProtocolName, kind: Kind) -> Text:
    """Say what was taken off the curves; it is the same at every horizon."""
    costs: list[Text] = []
    for row in Trace.start(facts).decision_curves:
        if (row.raw.protocol, row.raw.kind) == (protocol, kind):
            costs = [
                (curve.model.words(), " ", curve.harm.show("plain"))
                for curve in row.models
                if curve.raw.harm
            ]
    return (" Subtracted as harm: ", *join(costs), ".") if costs else ()


def interventions_plates(facts: Facts) -> list[Plate]:
    """Return interventions avoided, a panel a horizon."""
    plates = []
    for protocol, kind, rows in by_assessment(facts.decision_curves):
        panels = []
        for row in rows:
            if not any(curve.interventions_avoided for curve in row.models):
                continue
            title = horizon_noun(row.horizon, facts.study.time_unit)
            draw = partial(draw_interventions_avoided, curves=row)
            panels.append(
                Panel(
                    partial(draw_titled, title=title, draw=draw, kind=kind),
                    COLUMN_MM,
                    70.0,
                    f"Interventions avoided per 100 cases over threshold probabilities at {title}.",
                )
            )
        if panels:
            plates.append(
                Plate(
                    slug=assessment_slug("figure-interventions-avoided", protocol, kind),
                    section="performance",
                    number="",
                    title=("Interventions avoided",),
                    caption=(
                        "The decision curves in another unit: how many fewer of every 100 cases"
                        " would be treated than if all were, with no net loss of events detected."
                        " Below the line, treating all is better.",
                    ),
                    panels=tuple(panels),
                    protocol=protocol,
                    kind=kind,
                )
            )
    return plates


def risk_group_plates(facts: Facts) -> list[Plate]:
    """Return Figure 5c, a panel a model."""
    plates = []
    for protocol, kind, rows in by_assessment(facts.risk_groups):
        panels = []
        for row in rows:
            draw = partial(
                draw_kaplan_meier,
                curves=row.curves,
                outcome_name=facts.study.outcome_name,
                time_unit=facts.study.time_unit,
                horizons=facts.study.horizons,
                logrank_p=row.logrank_p,
            )
            panels.append(
                Panel(
                    partial(draw_titled, title=f"{row.model} model", draw=draw, kind=kind),
                    COLUMN_MM,
                    _RISK_GROUP_MM,
                    f"Kaplan-Meier curves of the risk groups of the {row.model} model.",
                )
            )
        plates.append(
            Plate(
                slug=assessment_slug("figure-5c-risk-groups", protocol, kind),
                section="risk-groups",
                number="Figure 5c",
                title=("Survival by risk group",),
                caption=(
                    "Kaplan-Meier curves with 95%"
                    " intervals; ticks: censored; thin lines: horizons.",
                    *_ignoring(facts),
                ),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def _ignoring(facts: Facts) -> Text:
    """Say what a Kaplan-Meier curve is where events compete; nothing where none do."""
    if facts.competing is None:
        return ()
    return (
        " Competing events count as censored: the curve is of those whom nothing else befalls; how"
        " many have the event is under Competing events.",
    )


def overall_plates(facts: Facts) -> list[Plate]:
    """Return survival of all analysed cases."""
    if facts.survival is None or facts.visits is not None:
        return []  # between visits there is another curve
    draw = partial(
        draw_kaplan_meier,
        curves=(facts.survival,),
        outcome_name=facts.study.outcome_name,
        time_unit=facts.study.time_unit,
        horizons=facts.study.horizons,
    )
    return [
        Plate(
            slug="figure-overall-survival",
            section="participants",
            number="",
            title=("Survival of all analysed cases",),
            caption=(
                "Kaplan-Meier curve with 95% interval; ticks: censored.",
                *_ignoring(facts),
            ),
            panels=(
                Panel(
                    partial(draw_titled, title=facts.survival.label, draw=draw),
                    COLUMN_MM,
                    66.0,
                    "Kaplan-Meier curve of all analysed cases.",
                ),
            ),
        )
    ]
