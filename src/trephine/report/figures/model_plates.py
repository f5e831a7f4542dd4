"""Plates of participants, selection and models."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from trephine.facts import CorrelationFacts, Facts, ModelFacts, NomogramFacts, PartShare
from trephine.report.figures.assessed import draw_titled, headline_models, protocols_of
from trephine.report.figures.contribution import contribution_height_mm, draw_contribution
from trephine.report.figures.correlation import correlation_height_mm, draw_correlation
from trephine.report.figures.flow import draw_flow, flow_height_mm
from trephine.report.figures.forest import draw_forest, forest_height_mm
from trephine.report.figures.lasso import draw_deviance, draw_paths
from trephine.report.figures.nomogram import draw_nomogram
from trephine.report.figures.nomogram_layout import lay_out_nomogram
from trephine.report.figures.over_time import draw_over_time
from trephine.report.figures.plate import Panel, Plate
from trephine.report.style import COLUMN_MM, PAGE_MM
from trephine.report.trace import Ref, Text, Trace, join

SHARED_AXES = (
    "A predictor that interacts with others has an axis for each of their levels, or for quartiles:"
    " take the points of the one that fits the case and leave the others. "
)


def flow_plates(facts: Facts) -> list[Plate]:
    """Return Figure 1a, participant flow."""
    protocol = facts.study.protocol

    def panel(width: float) -> Panel:
        return Panel(
            partial(draw_flow, facts=facts, protocol=protocol, width_mm=width),
            width,
            flow_height_mm(facts, protocol, width),
            "Participant flow: enrolled, left out with reasons, analysed, features and models.",
        )

    return [
        Plate(
            slug="figure-1a-flow",
            section="participants",
            number="Figure 1a",
            title=("Participant flow",),
            caption=("From the table to the models; all counts are from this run.",),
            panels=(panel(PAGE_MM),),
            narrow=(panel(COLUMN_MM),),
        )
    ]


def nomogram_plates(facts: Facts) -> list[Plate]:
    """Return Figure 1b, one nomogram a protocol."""
    trace = Trace.start(facts)
    risk_of = facts.competing.event if facts.competing is not None else ""

    def panel(nomogram: NomogramFacts, width: float) -> Panel:
        study = facts.study
        layout = lay_out_nomogram(nomogram, study.time_unit, study.outcome_name, width, risk_of)
        return Panel(
            partial(draw_nomogram, layout=layout),
            width,
            layout.height_mm,
            f"Nomogram of the {nomogram.model} model; the table of coefficients holds its numbers.",
        )

    plates = []
    for nomogram, path in zip(facts.nomograms, trace.nomograms, strict=True):
        read: tuple[str | Ref, ...] = (trace.study.outcome_name.words(),)
        if risk_of:
            read = ("risk of ", trace.competing.event.words())
        caption: list[str | Ref] = [
            "Read each predictor's points on the top axis, add them up, and read the ",
            *read, " below the total. ",
        ]  # fmt: skip
        if any(axis.settings for axis in nomogram.predictors):
            caption.append(SHARED_AXES)
        if risk_of:
            caption.append(
                "It takes the rates of competing events to be those of the average case; what the"
                " model predicts for a case counts its own. "
            )
        if nomogram.example:
            caption += ["In red, ", path.example.description.words(), "."]
        plates.append(
            Plate(
                slug=f"figure-1b-nomogram-{nomogram.protocol}",
                section="models",
                number="Figure 1b",
                title=("Nomogram of the ", path.model.words(), " model"),
                caption=tuple(caption),
                panels=(panel(nomogram, PAGE_MM),),
                narrow=(panel(nomogram, COLUMN_MM),),
                protocol=nomogram.protocol,
            )
        )
    return plates


def lasso_plates(facts: Facts) -> list[Plate]:
    """Return Figure 2, deviance and paths of each feature set, one plate a protocol."""
    plates = []
    trace = Trace.start(facts)
    for protocol in protocols_of(facts):
        panels: list[Panel] = []
        for part in facts.selection:
            if part.protocol != protocol or part.lasso is None:
                continue
            for name, draw in (("deviance", draw_deviance), ("coefficients", draw_paths)):
                title = f"{part.feature_set}: {name}"
                panels.append(
                    Panel(
                        partial(draw_titled, title=title, draw=partial(draw, lasso=part.lasso)),
                        COLUMN_MM,
                        62.0,
                        f"{title} of penalised Cox regression over the penalty.",
                    )
                )
        if panels:
            own = [part for part in trace.selection if part.raw.protocol == protocol]
            shown = [part for part in own if part.raw.lasso is not None]
            ridge = all(part.raw.lasso.mixture == 0 for part in shown)
            plates.append(
                Plate(
                    slug=f"figure-2-lasso-{protocol}",
                    section="selection",
                    number="Figure 2",
                    title=(_RIDGE_TITLE if ridge else _SELECTION_TITLE,),
                    caption=_penalised_caption(shown, ridge=ridge),
                    panels=tuple(panels),
                    protocol=protocol,
                )
            )
    return plates


_RIDGE_TITLE = "Penalised Cox regression"
_SELECTION_TITLE = "Feature selection by penalised Cox regression"


def _penalised_caption(parts: Sequence[Trace], *, ridge: bool) -> Text:
    """Say what is drawn, and of a ridge that it selects nothing and which of its models it is."""
    caption: list[str | Ref] = [
        "Cross-validated partial-likelihood deviance with its standard error, and coefficients,"
        " over the penalty. Dashed: λ min; dotted: λ 1se. "
    ]
    if not ridge:
        mixtures: list[Text] = [
            (part.feature_set.words(), " ", part.lasso.mixture.show("plain")) for part in parts
        ]
        return (
            *caption, "Numbers on top: features in the model. Elastic-net mixing parameter"
            " (1: lasso): ",
            *join(mixtures), ".",
        )  # fmt: skip
    caption.append("Ridge regression shrinks weights but selects nothing: all features stay.")
    averaged = [part for part in parts if part.raw.lasso.averaged > 1]
    if averaged:
        caption += [
            " The weights of a signature are a weighted mean over ",
            averaged[0].lasso.averaged.show("count"), " such models; the one with the lowest"
            " deviance is shown, with adaptivity ",
            *join([_adaptivity(part) for part in averaged]), ".",
        ]  # fmt: skip
    return tuple(caption)


def _adaptivity(part: Trace) -> Text:
    return (part.feature_set.words(), " ", part.lasso.adaptivity.show("plain"))


def contribution_plates(facts: Facts) -> list[Plate]:
    """Return what feature families and filtered images contribute, one plate a protocol."""
    plates = []
    for protocol in protocols_of(facts):
        panels = [
            _contribution_panel(f"{part.feature_set}, by {title}", shares)
            for part in facts.selection
            if part.protocol == protocol
            for title, shares in (("family", part.families), ("filtered image", part.image_types))
            if len(shares) > 1
        ]
        if panels:
            plates.append(
                Plate(
                    slug=f"figure-contribution-{protocol}",
                    section="selection",
                    number="",
                    title=("What the signatures are made of",),
                    caption=(
                        "Share of the variance of the signature's score among training cases that"
                        " each kind of feature accounts for, and how many features of that kind the"
                        " signature has.",
                    ),
                    panels=tuple(panels),
                    protocol=protocol,
                )
            )
    return plates


def _contribution_panel(title: str, shares: Sequence[PartShare]) -> Panel:
    return Panel(
        partial(draw_titled, title=title, draw=partial(draw_contribution, parts=shares)),
        COLUMN_MM,
        contribution_height_mm(shares) + 4.0,
        f"{title}: shares of the score; the numbers are in the table of contributions.",
    )


def forest_plates(facts: Facts) -> list[Plate]:
    """Return hazard ratios of the headline model, one plate a protocol."""
    plates = []
    for model, path in headline_models(facts):
        if not model.terms:
            continue
        plates.append(
            Plate(
                slug=f"figure-forest-{model.protocol}",
                section="models",
                number="",
                title=("Hazard ratios of the ", path.name.words(), " model"),
                caption=("Bars: 95% intervals.",),
                panels=(_forest_panel(model, PAGE_MM),),
                narrow=(_forest_panel(model, COLUMN_MM),),
                protocol=model.protocol,
            )
        )
    return plates


def _forest_panel(model: ModelFacts, width_mm: float) -> Panel:
    return Panel(
        partial(draw_forest, model=model),
        width_mm,
        forest_height_mm(model, width_mm),
        f"Hazard ratios of the {model.name} model; the numbers are in the table of coefficients.",
    )


def over_time_plates(facts: Facts) -> list[Plate]:
    """Return coefficients over time of the headline model, one plate a protocol."""
    plates = []
    for model, path in headline_models(facts):
        if not model.over_time:
            continue
        panels = [
            Panel(
                partial(
                    draw_titled,
                    title=one.label,
                    draw=partial(draw_over_time, found=one, unit=facts.study.time_unit),
                ),
                COLUMN_MM,
                56.0,
                f"Coefficient of {one.label} over time; the tests are in the table of"
                " proportional hazards.",
            )
            for one in model.over_time
        ]
        plates.append(
            Plate(
                slug=f"figure-over-time-{model.protocol}",
                section="models",
                number="",
                title=("Coefficients of the ", path.name.words(), " model over time"),
                caption=(
                    "Points: scaled Schoenfeld residuals plus the coefficient. Line and band: their"
                    " smooth, a natural cubic spline, with 95% interval. Dashed: the constant"
                    " coefficient of the model; where hazards are proportional, the band follows"
                    " it. The scale is 1 − the Kaplan-Meier estimate, labelled with time.",
                ),
                panels=tuple(panels),
                protocol=model.protocol,
            )
        )
    return plates


def correlation_plates(facts: Facts) -> list[Plate]:
    """Return correlations of selected features, one plate a protocol."""
    return [
        Plate(
            slug=f"figure-correlation-{matrix.protocol}",
            section="selection",
            number="",
            title=("Correlation between selected features",),
            caption=(
                f"{matrix.method} correlation. Area of a circle: absolute value; filled: positive;"
                " open: negative.",
            ),
            panels=(_correlation_panel(matrix, PAGE_MM),),
            narrow=(_correlation_panel(matrix, COLUMN_MM),),
            protocol=matrix.protocol,
        )
        for matrix in facts.correlation
        if len(matrix.features) > 1
    ]


def _correlation_panel(matrix: CorrelationFacts, width_mm: float) -> Panel:
    return Panel(
        partial(draw_correlation, facts=matrix),
        width_mm,
        correlation_height_mm(matrix, width_mm),
        "Correlation between the selected features, two by two.",
    )
