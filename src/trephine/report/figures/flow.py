"""Figure 1 a: who was enrolled, who was left out and why, and what was made of the rest."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from trephine.choices import ProtocolName
from trephine.facts import Facts, FlowCount
from trephine.report.figures.fitting import wrapped
from trephine.report.style import (
    BODY_PT,
    COLUMN_MM,
    INK,
    MUTED,
    SMALL_PT,
    Area,
)
from trephine.report.wording import horizon_noun, plural, show

LINE_MM = 3.5
PAD_MM = 2.0
GAP_MM = 6.0


def flow_height_mm(facts: Facts, protocol: ProtocolName, width_mm: float) -> float:
    """Height that the flow needs at this width."""
    boxes = _upper_boxes(facts, width_mm)
    rows = sum(_box_mm(box) for box in boxes if box) + 2 * GAP_MM
    features = _features(facts, protocol)
    if features:
        tallest = max(_box_mm(_fold(box, _share_mm(width_mm, len(features)))) for box in features)
        rows += tallest + GAP_MM
    return rows + _box_mm(_fold(_models(facts, protocol), width_mm - 2.0)) + 2.0


def draw_flow(area: Area, facts: Facts, protocol: ProtocolName, width_mm: float) -> None:
    """Draw the participant flow from enrolment to the models of one protocol."""
    height = flow_height_mm(facts, protocol, width_mm)
    axes = area.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width_mm), ylim=(height, 0))
    axes.axis("off")
    centre = width_mm * (0.5 if width_mm > COLUMN_MM + 1 else 0.34)
    wide, aside, wide_aside = _widths_mm(width_mm)
    enrolled, excluded, analysed = _upper_boxes(facts, width_mm)
    y = _draw_box(axes, enrolled, centre, 1.0, wide)
    if excluded:
        middle = y + GAP_MM / 2 + _box_mm(excluded) / 2
        bottom = y + GAP_MM / 2 + _box_mm(excluded) + GAP_MM / 2
        _arrow(axes, (centre, y), (centre, bottom))
        _arrow(axes, (centre, middle), (aside, middle))
        _draw_box(
            axes, excluded, aside + wide_aside / 2, y + GAP_MM / 2, wide_aside, left_aligned=True
        )
        y = bottom
    else:
        _arrow(axes, (centre, y), (centre, y + GAP_MM))
        y += GAP_MM
    y = _draw_box(axes, analysed, centre, y, wide)
    features = _features(facts, protocol)
    if features:
        y = _draw_features(axes, features, centre, y, width_mm)
    else:
        _arrow(axes, (centre, y), (centre, y + GAP_MM))
        y += GAP_MM
    models = _fold(_models(facts, protocol), width_mm - 2.0)
    _draw_box(axes, models, width_mm / 2, y, width_mm - 2.0)


def _widths_mm(width_mm: float) -> tuple[float, float, float]:
    """Return the width of the middle boxes, and left edge and width of the one beside them."""
    page = width_mm > COLUMN_MM + 1
    aside = width_mm * (0.62 if page else 0.42)
    return 64.0 if page else 54.0, aside, width_mm - aside - 1.0


def _upper_boxes(facts: Facts, width_mm: float) -> tuple[list[str], list[str], list[str]]:
    """Return the lines of the boxes above the features: enrolled, left out, analysed."""
    wide, _, wide_aside = _widths_mm(width_mm)
    return (
        _fold(_enrolled(facts), wide),
        _fold(_excluded(facts), wide_aside),
        _fold(_analysed(facts), wide),
    )


def _draw_features(
    axes: Axes, features: list[list[str]], centre: float, y: float, width_mm: float
) -> float:
    share = _share_mm(width_mm, len(features))
    folded = [_fold(box, share) for box in features]
    tallest = max(_box_mm(box) for box in folded)
    rail = y + GAP_MM / 2
    middles = [1.0 + share / 2 + k * (share + 2.0) for k in range(len(features))]
    axes.plot((centre, centre), (y, rail), color=MUTED, linewidth=0.7)
    axes.plot(
        (min([*middles, centre]), max([*middles, centre])), (rail, rail), color=MUTED, linewidth=0.7
    )
    for box, middle in zip(folded, middles, strict=True):
        _arrow(axes, (middle, rail), (middle, y + GAP_MM))
        _draw_box(axes, box, middle, y + GAP_MM, share, height_mm=tallest)
        _arrow(axes, (middle, y + GAP_MM + tallest), (middle, y + 2 * GAP_MM + tallest))
    return y + 2 * GAP_MM + tallest


def _count(facts: Facts, count: FlowCount) -> str:
    cases = f"{show(count.cases, 'count')} {plural(facts.study.case_noun, count.cases)}"
    if facts.study.case_noun == facts.study.patient_noun:
        return cases
    patients = f"{show(count.patients, 'count')} {plural(facts.study.patient_noun, count.patients)}"
    return cases if count.patients == count.cases else f"{patients}, {cases}"


def _enrolled(facts: Facts) -> list[str]:
    return ["Enrolled", _count(facts, facts.flow.enrolled)]


def _excluded(facts: Facts) -> list[str]:
    noun = facts.study.case_noun
    rows = [
        f"{e.reason}: {show(e.cases, 'count')} {plural(noun, e.cases)}"
        for e in facts.flow.exclusions
        if e.cases
    ]
    return ["Left out", *rows] if rows else []


def _analysed(facts: Facts) -> list[str]:
    flow, study = facts.flow, facts.study
    lines = [
        "Analysed",
        _count(facts, flow.analysed),
        f"{study.event_noun}: {show(flow.events, 'count')} {plural(study.case_noun, flow.events)}"
        f" ({show(flow.event_percent, 'percent')})",
    ]
    lines += [
        f"{other.name} first: {show(other.cases, 'count')} {plural(study.case_noun, other.cases)}"
        f" ({show(other.percent, 'percent')})"
        for other in flow.competing
    ]
    if facts.missing is not None and facts.missing.incomplete:
        incomplete = facts.missing.incomplete
        lines.append(
            f"clinical value missing and imputed: {show(incomplete, 'count')}"
            f" {plural(study.case_noun, incomplete)}"
            f" ({show(facts.missing.incomplete_percent, 'percent')})"
        )
    others = bool(flow.competing)
    lines += [
        f"by {horizon_noun(row.horizon, study.time_unit)}: event in {show(row.events, 'count')}"
        f" {plural(study.case_noun, row.events)},"
        + (f" another in {show(row.competing, 'count')}," if others else "")
        + f" {show(row.at_risk, 'count')} still at risk"
        + (f", {show(row.not_yet, 'count')} not yet under observation" if row.not_yet else "")
        for row in flow.horizons
    ]
    return lines


def _features(facts: Facts, protocol: ProtocolName) -> list[list[str]]:
    boxes = [
        [
            f"{row.feature_set} features",
            f"{show(row.extracted, 'count')} per {facts.study.case_noun}",
            *_present(facts, row.feature_set),
            f"{show(len(row.selected), 'count')} selected",
        ]
        for row in facts.selection
        if row.protocol == protocol
    ]
    for table in facts.table2:
        if table.protocol == protocol:
            kept = sum(any(r.multivariable for r in v.rows) for v in table.variables)
            boxes.append(
                [
                    "Clinical variables",
                    f"{len(table.variables)} examined",
                    f"{kept} in the multivariable model",
                ]
            )
    return boxes


def _present(facts: Facts, feature_set: str) -> list[str]:
    """Say how many cases have the image of a feature set, where some lack it."""
    of_image = feature_set.rpartition(" ")[0].casefold()
    return [
        f"in {show(one.cases, 'count')} of {show(facts.flow.analysed.cases, 'count')}"
        for one in facts.methods.images
        if one.name.casefold() == of_image and one.cases < facts.flow.analysed.cases
    ]


def _models(facts: Facts, protocol: ProtocolName) -> list[str]:
    names = [model.name for model in facts.models if model.protocol == protocol]
    return ["Cox models", ", ".join(names) or "none"]


def _share_mm(width_mm: float, count: int) -> float:
    return (width_mm - 2.0 - 2.0 * (count - 1)) / count


def _fold(lines: list[str], width_mm: float) -> list[str]:
    """Break lines that are wider than their box; a heading stays one entry."""
    room = width_mm - 2 * PAD_MM
    folded: list[str] = []
    for number, line in enumerate(lines):
        if number:
            folded += wrapped(line, room, SMALL_PT)
        else:
            folded.append("\n".join(wrapped(line, room, BODY_PT, bold=True)))
    return folded


def _box_mm(lines: list[str]) -> float:
    return sum(1 + line.count("\n") for line in lines) * LINE_MM + 2 * PAD_MM - 0.6


def _draw_box(
    axes: Axes,
    lines: list[str],
    middle: float,
    top: float,
    width_mm: float,
    *,
    height_mm: float | None = None,
    left_aligned: bool = False,
) -> float:
    height = _box_mm(lines) if height_mm is None else height_mm
    axes.add_patch(
        FancyBboxPatch(
            (middle - width_mm / 2, top),
            width_mm,
            height,
            boxstyle="round,pad=0,rounding_size=0.8",
            facecolor="none",
            edgecolor=INK,
            linewidth=0.7,
        )
    )
    x = middle - width_mm / 2 + PAD_MM if left_aligned else middle
    row = 0
    for number, line in enumerate(lines):
        axes.text(
            x,
            top + PAD_MM + row * LINE_MM,
            line,
            ha="left" if left_aligned else "center",
            va="top",
            size=BODY_PT if number == 0 else SMALL_PT,
            weight="bold" if number == 0 else "normal",
            linespacing=1.25,
        )
        row += 1 + line.count("\n")
    return top + height


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>,head_length=0.25,head_width=0.12",
            "color": MUTED,
            "linewidth": 0.7,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
