"""Subgroups: one model's figures in every group with their intervals, side by side."""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes

from trephine.facts import EstimateFact, Facts
from trephine.facts.subgroups import SubgroupFacts, SubgroupRow
from trephine.report.figures.assessed import protocols_of
from trephine.report.figures.fitting import shortened
from trephine.report.figures.plate import Panel, Plate
from trephine.report.style import (
    BLUE,
    BODY_PT,
    COLUMN_MM,
    INK,
    MUTED,
    PAGE_MM,
    RULE,
    SMALL_PT,
    Area,
    size_mm,
    text_width_mm,
)
from trephine.report.trace import Text, Trace, join
from trephine.report.wording import show

ROW_MM = 4.8
TOP_MM = 9.0
BOTTOM_MM = 9.0
GAP_MM = 5.0
_COLUMNS = (
    ("c_index", "C-index", 0.5),
    ("observed_expected", "Observed / expected", 1.0),
    ("slope", "Calibration slope", 1.0),
    ("net_benefit", "Net benefit", 0.0),
)
"""Fact, its name, and the value at which it says nothing or is perfect."""


def draw_subgroups(area: Area, found: tuple[SubgroupFacts, ...]) -> None:
    """Draw the groups as rows under the name of their variable, the measures as columns.

    In a column of a page C-index and observed / expected alone have room.
    """
    width, height = size_mm(area)
    columns = _COLUMNS if width > COLUMN_MM + 1 else _COLUMNS[:2]
    rows: list[tuple[str, SubgroupRow | None]] = []
    for variable in found:
        rows.append((variable.label, None))
        rows += [(f"{one.group} ({one.events}/{one.n})", one) for one in variable.groups]
    room = 0.34 * width
    names = [
        shortened(name, room, BODY_PT if one is None else SMALL_PT, bold=one is None)
        for name, one in rows
    ]
    left = 4.0 + max(
        text_width_mm(name, BODY_PT if one is None else SMALL_PT, bold=one is None)
        for name, (_, one) in zip(names, rows, strict=True)
    )
    each = (width - left - 3.0 - GAP_MM * (len(columns) - 1)) / len(columns)
    for k, (part, title, reference) in enumerate(columns):
        box = (
            (left + k * (each + GAP_MM)) / width,
            BOTTOM_MM / height,
            each / width,
            (height - TOP_MM - BOTTOM_MM) / height,
        )
        axes = area.add_axes(box)
        _draw_column(axes, rows, part, reference)
        axes.set_title(title, size=BODY_PT, color=INK, pad=4)
    first = area.axes[0]
    place = first.get_yaxis_transform()
    for y, (name, (_, one)) in enumerate(zip(names, rows, strict=True)):
        first.text(
            -2.0 / each, y, name, transform=place, ha="right", va="center",
            size=BODY_PT if one is None else SMALL_PT, weight="bold" if one is None else "normal",
        )  # fmt: skip


def _draw_column(
    axes: Axes, rows: list[tuple[str, SubgroupRow | None]], part: str, reference: float
) -> None:
    axes.axvline(reference, color=MUTED, linewidth=0.7)
    ends: list[float] = [reference]
    for y, (_, one) in enumerate(rows):
        if one is None:
            continue
        estimate: EstimateFact | None = getattr(one, part)
        if estimate is None or estimate.value is None:
            axes.text(reference, y, "–", ha="center", va="center", size=SMALL_PT, color=MUTED)
            continue
        low, high = estimate.low, estimate.high
        if low is not None and high is not None:
            axes.hlines(y, low, high, color=INK, linewidth=0.9)
            ends += [low, high]
        ends.append(estimate.value)
        axes.plot(estimate.value, y, marker="s", markersize=3.2, color=BLUE)
        if part == "net_benefit" and one.treat_all is not None:
            axes.plot(one.treat_all, y, marker="|", markersize=7, color=MUTED)
            ends.append(one.treat_all)
    for y in range(len(rows)):
        axes.axhline(y, color=RULE, linewidth=0.3, zorder=0)
    span = max(ends) - min(ends) or 1.0
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(min(ends) - 0.06 * span, max(ends) + 0.06 * span))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="x", labelsize=SMALL_PT)


def subgroup_plates(facts: Facts) -> list[Plate]:
    """Return the groups of every variable, one plate a protocol."""
    plates = []
    trace = Trace.start(facts)
    for protocol in protocols_of(facts):
        own = tuple(one for one in facts.subgroups if one.protocol == protocol)
        if not own:
            continue
        paths = [one for one in trace.subgroups if one.raw.protocol == protocol]
        tested = [_test(one) for one in paths if one.raw.slope_p is not None]
        caption: Text = (
            "Every case predicted by models that had not seen its patient; bars: 95% intervals by"
            " patient; in brackets events and cases. Lines: no ranking (C-index 0.5), perfect"
            " calibration, no benefit. Upright strokes: net benefit of acting on everybody, ",
            *_at(paths[0]),
        )
        if tested:
            caption = (
                *caption,
                " Tests that slopes differ between groups: ",
                *join(tested, between="; "),
                ".",
            )
        plates.append(
            Plate(
                slug=f"figure-subgroups-{protocol}",
                section="performance",
                number="",
                title=("The ", paths[0].model.words(), " model in subgroups"),
                caption=caption,
                panels=(_panel(own, PAGE_MM),),
                narrow=(_panel(own, COLUMN_MM),),
                protocol=protocol,
                kind="nested cross-validated",
            )
        )
    return plates


def _at(one: Trace) -> Text:
    if one.raw.horizon is None:
        return ("which no horizon allowed.",)
    return (
        "at ", one.horizon.show("horizon"), " and a threshold of ",
        one.threshold.show("share"), ".",
    )  # fmt: skip


def _test(one: Trace) -> Text:
    return (one.label.words(), ", p ", one.slope_p.show("p ="))


def _panel(found: tuple[SubgroupFacts, ...], width_mm: float) -> Panel:
    rows = sum(1 + len(one.groups) for one in found)
    text = "; ".join(
        f"{one.label}: "
        + ", ".join(
            f"{row.group} {show(row.c_index.value, '2')}"
            for row in one.groups
            if row.c_index is not None
        )
        for one in found
    )
    return Panel(
        partial(draw_subgroups, found=found),
        width_mm,
        TOP_MM + BOTTOM_MM + ROW_MM * rows,
        f"C-index by subgroup. {text}. The numbers are in the table of subgroups.",
    )
