"""Figures 5 a and b: decision curves at one horizon."""

from __future__ import annotations

import numpy as np

from trephine.facts import DecisionCurveFacts
from trephine.report.figures.fitting import LEGEND_MM, shortened
from trephine.report.figures.series import as_array
from trephine.report.style import INK, MUTED, SMALL_PT, Area, model_styles, place_axes


def draw_decision_curves(area: Area, curves: DecisionCurveFacts, headline: str) -> None:
    """Draw net benefit over thresholds: models, treat all, treat none.

    Parameters
    ----------
    area
        Where to draw.
    curves
        Net benefit of all models at one horizon.
    headline
        Model whose interval is shaded.
    """
    axes = place_axes(area, left_mm=14.0)
    thresholds = as_array(curves.thresholds)
    treat_all = as_array(curves.treat_all)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.plot(thresholds, treat_all, color=MUTED, linewidth=0.8, label="Treat all")
    styles = model_styles([curve.model for curve in curves.models])
    top = np.nanmax(treat_all, initial=0.01)
    for curve in curves.models:
        style = styles[curve.model]
        benefit = as_array(curve.net_benefit)
        if curve.model == headline and curve.low:
            axes.fill_between(
                thresholds,
                as_array(curve.low),
                as_array(curve.high),
                color=style.colour,
                alpha=0.12,
                linewidth=0,
            )
        axes.plot(
            thresholds,
            benefit,
            color=style.colour,
            linestyle=style.dashes,
            linewidth=style.width_pt,
            label=shortened(curve.model, LEGEND_MM, SMALL_PT),
        )
        top = max(top, np.nanmax(benefit, initial=0.01))
    axes.set(
        xlim=(float(np.nanmin(thresholds)), float(np.nanmax(thresholds))),
        ylim=(-0.28 * top, 1.12 * top),
        xlabel="Threshold probability of the event",
        ylabel="Net benefit",
    )
    axes.annotate(
        "Treat none", (0.005, 0), xycoords=("axes fraction", "data"), xytext=(1.5, -1.5),
        textcoords="offset points", va="top", ha="left", size=SMALL_PT, color=MUTED,
    )  # fmt: skip
    axes.legend(loc="upper right")
