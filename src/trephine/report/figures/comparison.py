"""What each protocol reports for the same models: published beside sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trephine.choices import Kind, ProtocolName
from trephine.facts import PerformanceFacts, ProtocolFact
from trephine.report.figures.fitting import shortened
from trephine.report.figures.series import as_number
from trephine.report.style import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    MUTED,
    PURPLE,
    RED,
    RULE,
    SMALL_PT,
    Area,
    SeriesStyle,
    place_axes,
    size_mm,
    text_width_mm,
)
from trephine.report.wording import assessed_briefly

Styles = Mapping[tuple[ProtocolName, Kind], SeriesStyle]
ROW_MM = 4.2
# Of the key's line, with its gaps.
_KEY_MM = 11.0


def compared(protocols: Sequence[ProtocolFact], rows: Sequence[PerformanceFacts]) -> Styles:
    """Return what is compared and how it is drawn.

    A protocol that is known by its apparent numbers stands beside what they come to in nested
    cross-validation, one that is known by these beside the correction by bootstrap.
    """
    styles: dict[tuple[ProtocolName, Kind], SeriesStyle] = {}
    honest = iter(((BLUE, GREEN), (PURPLE, AMBER)))
    for protocol in protocols:
        if protocol.judged == "apparent":
            styles[protocol.name, "apparent"] = SeriesStyle(RED, "solid", 1.1, "D")
            dotted = SeriesStyle(GREY, (0, (1, 1)), 1.1, "s")
            styles[protocol.name, "nested cross-validated"] = dotted
        else:
            first, second = next(honest)
            styles[protocol.name, protocol.judged] = SeriesStyle(first, "solid", 1.1, "o")
            dashed = SeriesStyle(second, (0, (3, 1.5)), 1.1, "^")
            styles[protocol.name, "optimism-corrected"] = dashed
    there = {(row.protocol, row.kind) for row in rows}
    return {key: style for key, style in styles.items() if key in there}


def comparison_height_mm(rows: Sequence[PerformanceFacts], kinds: Styles) -> float:
    """Height that the plot needs."""
    models = list(dict.fromkeys(row.model for row in rows))
    return len(models) * (len(kinds) * ROW_MM + 3.0) + 12.0 + 3.6 * len(kinds) + 3.0


def draw_comparison(area: Area, rows: Sequence[PerformanceFacts], kinds: Styles) -> None:
    """Draw the C-index of each model by protocol and kind, with intervals."""
    models = list(dict.fromkeys(row.model for row in rows))
    width, _ = size_mm(area)
    names = [shortened(model, 0.4 * width, SMALL_PT + 0.8, bold=True) for model in models]
    left = max(text_width_mm(name, SMALL_PT + 0.8, bold=True) for name in names) + 5.0
    axes = place_axes(
        area, left_mm=left, right_mm=4.5, top_mm=3.6 * len(kinds) + 4.0, bottom_mm=9.0
    )
    axes.axvline(0.5, color=MUTED, linewidth=0.7, linestyle=(0, (1, 1.5)))
    step = len(kinds) + 0.75
    lows = [as_number(row.c_index.low) for row in rows]
    for k, (key, style) in enumerate(kinds.items()):
        for m, model in enumerate(models):
            found = [r for r in rows if (r.protocol, r.kind) == key and r.model == model]
            for row in found[:1]:
                c = row.c_index
                y = m * step + k
                if c.low is not None and c.high is not None:
                    axes.plot(
                        (c.low, c.high), (y, y), color=style.colour, linewidth=1.0,
                        linestyle=style.dashes,
                    )  # fmt: skip
                axes.plot(
                    as_number(c.value), y, marker=style.marker, markersize=4,
                    color=style.colour, linestyle="none",
                )  # fmt: skip
        protocol, kind = key
        axes.plot(
            [], [], marker=style.marker, markersize=4, color=style.colour, linestyle=style.dashes,
            linewidth=1.0, label=assessed_briefly(protocol, kind),
        )  # fmt: skip
    for m in range(1, len(models)):
        axes.axhline(m * step - 0.875, color=RULE, linewidth=0.5)
    axes.set_yticks([m * step + (len(kinds) - 1) / 2 for m in range(len(models))], labels=names)
    axes.tick_params(axis="y", length=0)
    for label in axes.get_yticklabels():
        label.set_fontweight("bold")
    axes.spines["left"].set_visible(False)
    lowest = min([0.5, *(low for low in lows if low == low)])
    axes.set(ylim=(len(models) * step - 0.9, -0.9), xlabel="C-index (95% CI)")
    axes.set_xlim(lowest - 0.03, None)
    inner = width - left - 4.5
    key_mm = max(text_width_mm(assessed_briefly(*one), SMALL_PT) for one in kinds) + _KEY_MM
    # Where long names push the axes to the right, the key starts left of them.
    start = min(-0.02, (width - key_mm - left) / inner)
    axes.legend(loc="lower left", bbox_to_anchor=(start, 1.0))
