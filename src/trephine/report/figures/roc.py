"""Figure 3: time-dependent ROC curves of all models at one horizon."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.facts import RocFacts
from trephine.report.figures.fitting import LEGEND_MM, shortened
from trephine.report.figures.series import as_array
from trephine.report.style import MUTED, RULE, SMALL_PT, Area, model_styles, place_axes
from trephine.report.wording import show


def draw_roc(area: Area, curves: Sequence[RocFacts]) -> None:
    """Draw the ROC curves of several models at one horizon.

    Parameters
    ----------
    area
        Where to draw.
    curves
        One a model, in the order of the legend.
    """
    axes = place_axes(area)
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.8)
    styles = model_styles([curve.model for curve in curves])
    for curve in curves:
        style = styles[curve.model]
        axes.plot(
            as_array(curve.false_positive),
            as_array(curve.true_positive),
            color=style.colour,
            linestyle=style.dashes,
            linewidth=style.width_pt,
            label=f"{shortened(curve.model, LEGEND_MM, SMALL_PT)}  {_area(curve)}",
        )
    axes.set(
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        xlabel="1 − specificity",
        ylabel="Sensitivity",
        aspect="equal",
        anchor="SW",
    )
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    legend = axes.legend(loc="lower right", title="AUC (95% CI)", alignment="left")
    legend.get_title().set(size=SMALL_PT, color=MUTED)


def _area(curve: RocFacts) -> str:
    text = show(curve.auc.value, "2")
    if curve.auc.low is not None and curve.auc.high is not None:
        text += f" ({show(curve.auc.low, '2')}–{show(curve.auc.high, '2')})"
    return text
