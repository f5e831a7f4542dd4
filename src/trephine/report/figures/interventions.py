"""Interventions avoided: the decision curve as cases that need not be acted on."""

from __future__ import annotations

import numpy as np

from trephine.facts import DecisionCurveFacts
from trephine.report.figures.fitting import LEGEND_MM, shortened
from trephine.report.figures.series import as_array
from trephine.report.style import INK, MUTED, SMALL_PT, Area, model_styles, place_axes


def draw_interventions_avoided(area: Area, curves: DecisionCurveFacts) -> None:
    """Draw interventions avoided per 100 cases over thresholds, against treating all.

    Parameters
    ----------
    area
        Where to draw.
    curves
        Of all models at one horizon.
    """
    axes = place_axes(area, left_mm=14.0)
    thresholds = as_array(curves.thresholds)
    axes.axhline(0, color=INK, linewidth=0.8)
    styles = model_styles([curve.model for curve in curves.models])
    bottom, top = 0.0, 10.0
    for curve in curves.models:
        if not curve.interventions_avoided:
            continue
        avoided = as_array(curve.interventions_avoided)
        style = styles[curve.model]
        axes.plot(
            thresholds,
            avoided,
            color=style.colour,
            linestyle=style.dashes,
            linewidth=style.width_pt,
            label=shortened(curve.model, LEGEND_MM, SMALL_PT),
        )
        top = max(top, float(np.nanmax(avoided, initial=0.0)))
        # At low thresholds a single case weighs far more than the figure can show.
        bottom = min(bottom, max(-10.0, float(np.nanmin(avoided, initial=0.0))))
    axes.set(
        xlim=(float(np.nanmin(thresholds)), float(np.nanmax(thresholds))),
        ylim=(bottom - 0.08 * top, 1.12 * top),
        xlabel="Threshold probability of the event",
        ylabel="Interventions avoided per 100",
    )
    axes.annotate(
        "Treat all", (1, 0), xycoords=("axes fraction", "data"), xytext=(-1.5, -1.5),
        textcoords="offset points", va="top", ha="right", size=SMALL_PT, color=MUTED,
    )  # fmt: skip
    axes.legend(loc="upper left")
