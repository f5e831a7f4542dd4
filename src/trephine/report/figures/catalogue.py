"""Which figures a study's facts allow, in the order of the paper, with titles and captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from trephine.report.facts import (
    CorrelationFacts,
    Facts,
    Kind,
    ModelFacts,
    NomogramFacts,
    PictureFacts,
    Protocol,
)
from trephine.report.facts.evaluation import Assessed
from trephine.report.figures.calibration import draw_calibration
from trephine.report.figures.comparison import comparison_height_mm, draw_comparison
from trephine.report.figures.correlation import correlation_height_mm, draw_correlation
from trephine.report.figures.decision import draw_decision_curves
from trephine.report.figures.flow import draw_flow, flow_height_mm
from trephine.report.figures.forest import draw_forest, forest_height_mm
from trephine.report.figures.icc import draw_icc
from trephine.report.figures.kaplan_meier import draw_kaplan_meier
from trephine.report.figures.lasso import draw_deviance, draw_paths
from trephine.report.figures.nomogram import draw_nomogram, lay_out_nomogram
from trephine.report.figures.null_check import draw_null_check
from trephine.report.figures.pictures import draw_picture, picture_height_mm
from trephine.report.figures.plate import Panel, Plate
from trephine.report.figures.roc import draw_roc
from trephine.report.style import COLUMN_MM, PAGE_MM, Area, panel_title
from trephine.report.trace import Ref, Text, Trace
from trephine.report.wording import horizon_noun, kind_label, protocol_label

PROTOCOLS: tuple[Protocol, ...] = ("published", "sound")
_KINDS: tuple[Kind, ...] = (
    "apparent", "out-of-fold", "nested cross-validated", "optimism-corrected", "external",
)  # fmt: skip
_A = TypeVar("_A", bound=Assessed)


def make_plates(facts: Facts, pictures_folder: Path) -> tuple[Plate, ...]:
    """Return every figure that the facts allow, in the order of the paper."""
    return (
        *_comparison(facts),
        *_null_check(facts),
        *_flow(facts),
        *_nomograms(facts),
        *_lasso(facts),
        *_roc(facts),
        *_calibration(facts),
        *_decision_curves(facts),
        *_risk_groups(facts),
        *_overall(facts),
        *_pictures(facts, pictures_folder),
        *_icc(facts),
        *_forest(facts),
        *_correlation(facts),
    )


def headline_model(facts: Facts, protocol: Protocol) -> str:
    """Return the model that the nomogram shows, or else the last one fitted."""
    for nomogram in facts.nomograms:
        if nomogram.protocol == protocol:
            return nomogram.model
    names = [model.name for model in facts.models if model.protocol == protocol]
    names += [row.model for row in facts.performance if row.protocol == protocol]
    return names[-1] if names else ""


def _assessed(rows: Sequence[_A]) -> list[tuple[Protocol, Kind, list[_A]]]:
    """Group assessed facts by protocol and kind, in reading order."""
    groups = []
    for protocol in PROTOCOLS:
        for kind in _KINDS:
            found = [row for row in rows if row.protocol == protocol and row.kind == kind]
            if found:
                groups.append((protocol, kind, found))
    return groups


def _slug(stem: str, protocol: Protocol, kind: Kind) -> str:
    return f"{stem}-{protocol}-{kind.replace(' ', '-')}"


def _titled(area: Area, title: str, draw: Callable[[Area], None]) -> None:
    panel_title(area, title)
    draw(area)


def _flow(facts: Facts) -> list[Plate]:
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
            number="Figure 1a",
            title=("Participant flow",),
            caption=("From the table as read to the models; counts from this run.",),
            panels=(panel(PAGE_MM),),
            narrow=(panel(COLUMN_MM),),
        )
    ]


def _nomograms(facts: Facts) -> list[Plate]:
    trace = Trace.start(facts)

    def panel(nomogram: NomogramFacts, width: float) -> Panel:
        layout = lay_out_nomogram(nomogram, facts.study.time_unit, facts.study.outcome_name, width)
        return Panel(
            partial(draw_nomogram, layout=layout),
            width,
            layout.height_mm,
            f"Nomogram of the {nomogram.model} model; the table of coefficients holds its numbers.",
        )

    plates = []
    for nomogram, path in zip(facts.nomograms, trace.nomograms, strict=True):
        caption: list[str | Ref] = [
            "Read each predictor's points on the top axis, add them up, and read the ",
            trace.study.outcome_name.words(), " below the total. ",
        ]  # fmt: skip
        if nomogram.example:
            caption += ["In red, ", path.example.description.words(), "."]
        plates.append(
            Plate(
                slug=f"figure-1b-nomogram-{nomogram.protocol}",
                number="Figure 1b",
                title=("Nomogram of the ", path.model.words(), " model"),
                caption=tuple(caption),
                panels=(panel(nomogram, PAGE_MM),),
                narrow=(panel(nomogram, COLUMN_MM),),
                protocol=nomogram.protocol,
            )
        )
    return plates


def _lasso(facts: Facts) -> list[Plate]:
    plates = []
    trace = Trace.start(facts)
    for protocol in PROTOCOLS:
        panels: list[Panel] = []
        mixtures = []
        for part, path in zip(facts.selection, trace.selection, strict=True):
            if part.protocol != protocol or part.lasso is None:
                continue
            for name, draw in (("deviance", draw_deviance), ("coefficients", draw_paths)):
                title = f"{part.feature_set}: {name}"
                panels.append(
                    Panel(
                        partial(_titled, title=title, draw=partial(draw, lasso=part.lasso)),
                        COLUMN_MM,
                        62.0,
                        f"{title} of penalised Cox regression over the penalty.",
                    )
                )
            mixtures.append((path.feature_set.words(), " ", path.lasso.mixture.show("plain")))
        if panels:
            caption: list[str | Ref] = [
                "Cross-validated partial-likelihood deviance with its standard error, and"
                " coefficients, over the penalty. Dashed: λ min; dotted: λ 1se. Numbers on top:"
                " features in the model. Mixture (lasso is 1): "
            ]
            for number, mixture in enumerate(mixtures):
                caption += [", " if number else "", *mixture]
            plates.append(
                Plate(
                    slug=f"figure-2-lasso-{protocol}",
                    number="Figure 2",
                    title=("Feature selection by penalised Cox regression",),
                    caption=(*caption, "."),
                    panels=tuple(panels),
                    protocol=protocol,
                )
            )
    return plates


def _roc(facts: Facts) -> list[Plate]:
    plates = []
    for protocol, kind, rows in _assessed(facts.roc):
        panels = []
        for horizon in dict.fromkeys(row.horizon for row in rows):
            title = horizon_noun(horizon, facts.study.time_unit)
            curves = [row for row in rows if row.horizon == horizon]
            panels.append(
                Panel(
                    partial(_titled, title=title, draw=partial(draw_roc, curves=curves)),
                    COLUMN_MM,
                    82.0,
                    f"ROC curves at {title}; the areas are in Table 3.",
                )
            )
        plates.append(
            Plate(
                slug=_slug("figure-3-roc", protocol, kind),
                number="Figure 3",
                title=("Time-dependent ROC curves",),
                caption=(f"{protocol_label(protocol)}, {kind_label(kind)}.",),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def _calibration(facts: Facts) -> list[Plate]:
    plates = []
    for protocol, kind, rows in _assessed(facts.calibration):
        headline = headline_model(facts, protocol)
        panels = []
        for horizon in dict.fromkeys(row.horizon for row in rows):
            title = horizon_noun(horizon, facts.study.time_unit)
            curves = [row for row in rows if row.horizon == horizon]
            draw = partial(draw_calibration, curves=curves, headline=headline)
            panels.append(
                Panel(
                    partial(_titled, title=title, draw=draw),
                    COLUMN_MM,
                    90.0,
                    f"Calibration at {title}, above the distribution of predicted risk.",
                )
            )
        plates.append(
            Plate(
                slug=_slug("figure-4-calibration", protocol, kind),
                number="Figure 4",
                title=("Calibration, and distribution of predicted risk",),
                caption=(
                    f"{protocol_label(protocol)}, {kind_label(kind)}. Lines: smooth calibration"
                    f" curves. Points and bars: groups of the {headline} model with Kaplan-Meier"
                    " estimate and interval; below, its predicted risk.",
                ),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def _decision_curves(facts: Facts) -> list[Plate]:
    plates = []
    for protocol, kind, rows in _assessed(facts.decision_curves):
        headline = headline_model(facts, protocol)
        panels = []
        for row in rows:
            title = horizon_noun(row.horizon, facts.study.time_unit)
            draw = partial(draw_decision_curves, curves=row, headline=headline)
            panels.append(
                Panel(
                    partial(_titled, title=title, draw=draw),
                    COLUMN_MM,
                    70.0,
                    f"Net benefit of each model over threshold probabilities at {title}.",
                )
            )
        plates.append(
            Plate(
                slug=_slug("figure-5ab-decision-curves", protocol, kind),
                number="Figure 5a, b",
                title=("Decision curves",),
                caption=(
                    f"{protocol_label(protocol)}, {kind_label(kind)}. Net benefit per case; the"
                    " horizontal line is to treat none."
                    + (f" Shaded: interval of the {headline} model." if headline else ""),
                ),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def _risk_groups(facts: Facts) -> list[Plate]:
    plates = []
    for protocol, kind, rows in _assessed(facts.risk_groups):
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
                    partial(_titled, title=f"{row.model} model", draw=draw),
                    COLUMN_MM,
                    76.0,
                    f"Kaplan-Meier curves of the risk groups of the {row.model} model.",
                )
            )
        plates.append(
            Plate(
                slug=_slug("figure-5c-risk-groups", protocol, kind),
                number="Figure 5c",
                title=("Survival by risk group",),
                caption=(
                    f"{protocol_label(protocol)}, {kind_label(kind)}. Kaplan-Meier curves with 95%"
                    " intervals; ticks: censored; thin lines: horizons.",
                ),
                panels=tuple(panels),
                protocol=protocol,
                kind=kind,
            )
        )
    return plates


def _overall(facts: Facts) -> list[Plate]:
    if facts.survival is None:
        return []
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
            number="",
            title=("Survival of all analysed cases",),
            caption=("Kaplan-Meier curve with 95% interval; ticks: censored.",),
            panels=(
                Panel(
                    partial(_titled, title=facts.survival.label, draw=draw),
                    COLUMN_MM,
                    66.0,
                    "Kaplan-Meier curve of all analysed cases.",
                ),
            ),
        )
    ]


def _comparison(facts: Facts) -> list[Plate]:
    if len({(row.protocol, row.kind) for row in facts.performance}) < 2:
        return []
    rows = list(facts.performance)
    return [
        Plate(
            slug="figure-protocols",
            number="",
            title=("What each protocol reports",),
            caption=("The same models on the same cases. Dotted: 0.5, no better than chance.",),
            panels=(
                Panel(
                    partial(draw_comparison, rows=rows),
                    COLUMN_MM,
                    comparison_height_mm(rows),
                    "C-index of each model by protocol and kind; the numbers are in the table.",
                ),
            ),
        )
    ]


def _null_check(facts: Facts) -> list[Plate]:
    if not facts.null_check:
        return []
    return [
        Plate(
            slug="figure-null-check",
            number="",
            title=("Null check",),
            caption=(
                "C-index that the whole pipeline reports when outcomes are permuted by"
                f" {facts.study.patient_noun}, so that there is nothing to find.",
            ),
            panels=(
                Panel(
                    partial(draw_null_check, checks=facts.null_check),
                    COLUMN_MM,
                    10.0 + 32.0 * len(facts.null_check),
                    "Histograms of the C-index on permuted outcomes beside the observed one.",
                ),
            ),
        )
    ]


def _forest(facts: Facts) -> list[Plate]:
    plates = []
    trace = Trace.start(facts)
    for model, path in zip(facts.models, trace.models, strict=True):
        if model.name != headline_model(facts, model.protocol) or not model.terms:
            continue
        plates.append(
            Plate(
                slug=f"figure-forest-{model.protocol}",
                number="",
                title=("Hazard ratios of the ", path.name.words(), " model"),
                caption=(f"{protocol_label(model.protocol)}. Bars: 95% intervals.",),
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


def _correlation(facts: Facts) -> list[Plate]:
    return [
        Plate(
            slug=f"figure-correlation-{matrix.protocol}",
            number="",
            title=("Correlation between selected features",),
            caption=(
                f"{protocol_label(matrix.protocol)}. {matrix.method} correlation; the area of a"
                " circle is its size, filled positive, open negative.",
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


def _pictures(facts: Facts, folder: Path) -> list[Plate]:
    trace = Trace.start(facts)
    return [
        Plate(
            slug=f"figure-picture-{number + 1}-{picture.type}",
            number="",
            title=(_PICTURE_TITLES[picture.type],),
            caption=(path.caption.words(), *_dice(path)),
            panels=(_picture_panel(picture, folder),),
        )
        for number, (picture, path) in enumerate(zip(facts.pictures, trace.pictures, strict=True))
    ]


_PICTURE_TITLES = {
    "radiograph": "Radiograph with the regions of interest",
    "saliency": "Saliency of the deep signature",
}


def _dice(picture: Trace) -> Text:
    return () if picture.raw.dice is None else (" Dice ", picture.dice.show("2"), ".")


def _picture_panel(picture: PictureFacts, folder: Path) -> Panel:
    return Panel(
        partial(draw_picture, picture=picture, folder=folder),
        COLUMN_MM,
        picture_height_mm(picture, folder, COLUMN_MM),
        picture.caption,
    )


def _icc(facts: Facts) -> list[Plate]:
    rows = facts.agreement.icc if facts.agreement else ()
    if not rows:
        return []
    panels = []
    for feature_set in dict.fromkeys(row.feature_set for row in rows):
        draw = partial(draw_icc, comparisons=[r for r in rows if r.feature_set == feature_set])
        panels.append(
            Panel(
                partial(_titled, title=f"{feature_set} features", draw=draw),
                COLUMN_MM,
                52.0,
                f"Distribution of the ICC of the {feature_set} features.",
            )
        )
    return [
        Plate(
            slug="figure-icc",
            number="",
            title=("Agreement of features between and within raters",),
            caption=("Share of features over the ICC; dotted: threshold.",),
            panels=tuple(panels),
        )
    ]
