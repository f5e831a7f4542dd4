"""Figure 2: cross-validated deviance and coefficient paths of the penalised Cox regression."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from trephine.facts import LassoFacts
from trephine.report.figures.series import as_array, as_number
from trephine.report.style import BLUE, INK, MUTED, PAPER, RED, RULE, SMALL_PT, Area, place_axes
from trephine.types import FloatArray

TOP_MM = 11.5
LEFT_MM = 17.0
# Of the height of the axes, for the value of the chosen penalty.
_LABEL_SHARE = 0.1


def draw_deviance(area: Area, lasso: LassoFacts) -> None:
    """Draw the cross-validated partial-likelihood deviance over log lambda."""
    axes = place_axes(area, left_mm=LEFT_MM, top_mm=TOP_MM)
    x, deviance, se = _log_penalty(lasso), as_array(lasso.deviance), as_array(lasso.deviance_se)
    axes.vlines(x, deviance - se, deviance + se, color=RULE, linewidth=0.7)
    axes.plot(x, deviance, linestyle="none", marker="o", markersize=1.7, color=RED)
    axes.set(xlabel="log λ", ylabel="Partial-likelihood deviance")
    _room_for_its_value(axes)
    _mark_penalties(axes, lasso)
    _count_on_top(axes, lasso)


def draw_paths(area: Area, lasso: LassoFacts) -> None:
    """Draw each feature's coefficient over log lambda; those kept at the chosen one stand out."""
    axes = place_axes(area, left_mm=LEFT_MM, top_mm=TOP_MM)
    x = _log_penalty(lasso)
    chosen = int(np.argmin(np.abs(x - np.log(as_number(lasso.chosen)))))
    axes.axhline(0, color=INK, linewidth=0.5)
    for path in lasso.paths:
        coefficients = as_array(path.coefficients)
        at_choice = coefficients[chosen]
        axes.plot(
            x,
            coefficients,
            color=RED if at_choice > 0 else BLUE if at_choice < 0 else MUTED,
            linestyle=(0, (4.0, 1.4)) if at_choice < 0 else "solid",
            linewidth=0.4 if at_choice == 0 else 0.9,
        )
    axes.set(xlabel="log λ", ylabel="Coefficient")
    _room_for_its_value(axes)
    _mark_penalties(axes, lasso)
    _count_on_top(axes, lasso)


def _room_for_its_value(axes: Axes) -> None:
    """Leave a band free along the top, where the chosen penalty's value covers no curve."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + _LABEL_SHARE * (high - low))


def _log_penalty(lasso: LassoFacts) -> FloatArray:
    logarithm: FloatArray = np.log(as_array(lasso.penalties))
    return logarithm


def _mark_penalties(axes: Axes, lasso: LassoFacts) -> None:
    """Draw lines at lambda_min and lambda_1se, and the chosen one's value beside its line."""
    for value, dashes in ((lasso.lambda_min, (0, (4.0, 2.0))), (lasso.lambda_1se, (0, (1.0, 1.5)))):
        if value is not None:
            axes.axvline(np.log(value), color=INK, linewidth=0.7, linestyle=dashes)
    if lasso.chosen is None:
        return
    names = (("λ min", lasso.lambda_min), ("λ 1se", lasso.lambda_1se))
    # Where both are one penalty, both names stand, so that the figure agrees with the tables.
    name = " = ".join(word for word, value in names if value == lasso.chosen) or "λ"
    low, high = axes.get_xlim()
    right_half = np.log(lasso.chosen) > (low + high) / 2
    axes.annotate(
        f"{name} = {lasso.chosen:.3g}",
        (np.log(lasso.chosen), 0.985),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-2.5 if right_half else 2.5, 0),
        textcoords="offset points",
        ha="right" if right_half else "left",
        va="top",
        size=SMALL_PT,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
    )


def _count_on_top(axes: Axes, lasso: LassoFacts) -> None:
    """Print the number of features with a coefficient other than zero; ridge keeps all."""
    if lasso.mixture == 0:
        return
    x = _log_penalty(lasso)
    shown = np.unique(np.linspace(0, x.size - 1, 7).round().astype(int))
    top = axes.secondary_xaxis("top")
    top.set_xticks(x[shown], labels=[str(lasso.nonzero[k]) for k in shown])
    top.tick_params(length=2, colors=MUTED, labelcolor=MUTED, pad=1)
    top.spines["top"].set_visible(False)
