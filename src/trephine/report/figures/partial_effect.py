"""The effect of a variable that is no straight line: hazard ratios along its range."""

from __future__ import annotations

from functools import partial

import numpy as np

from trephine.facts import Facts
from trephine.facts.models import PartialEffect
from trephine.report.figures.assessed import headline_models
from trephine.report.figures.plate import Panel, Plate
from trephine.report.figures.series import as_array
from trephine.report.style import BLUE, COLUMN_MM, GREY, RULE, Area, place_axes
from trephine.report.trace import Text, Trace, join

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def draw_partial_effect(area: Area, effect: PartialEffect) -> None:
    """Draw hazard ratios on a log scale against the median, with the knots below."""
    axes = place_axes(area)
    at, ratio = as_array(effect.at), as_array(effect.ratio)
    low, high = as_array(effect.low), as_array(effect.high)
    axes.axhline(1, color=RULE, linewidth=0.7)
    axes.fill_between(at, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(at, ratio, color=BLUE)
    axes.set_yscale("log")
    bottom, top = float(np.nanmin(ratio)), float(np.nanmax(ratio))
    # A band that flares at the ends, where few cases are, must not flatten the curve.
    limits = max(float(np.nanmin(low)), bottom / 5), min(float(np.nanmax(high)), top * 5)
    axes.set(ylim=(limits[0] / 1.1, limits[1] * 1.1), xlim=(at[0], at[-1]))
    ticks = [step for step in _STEPS if limits[0] / 1.1 <= step <= limits[1] * 1.1]
    axes.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    knots = as_array(effect.knots)
    axes.plot(
        knots, np.full(knots.size, 0.03), linestyle="none", marker="^", markersize=3.2, color=GREY,
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
    unit = f" ({effect.unit})" if effect.unit else ""
    axes.set(xlabel=f"{effect.label}{unit}{_where(effect)}", ylabel="Hazard ratio (log scale)")


def _where(effect: PartialEffect) -> str:
    """Return at which values of others the effect is drawn, where they interact with it."""
    return f", where {effect.within}" if effect.within else ""


def partial_effect_plates(facts: Facts) -> list[Plate]:
    """Return the curved effects of the headline model, one plate a protocol."""
    plates = []
    for model, path in headline_models(facts):
        if not model.partial_effects:
            continue
        panels = [
            Panel(
                partial(draw_partial_effect, effect=one),
                COLUMN_MM,
                60.0,
                f"Hazard ratio along {one.label} against its median{_where(one)}, with 95%"
                " interval.",
            )
            for one in model.partial_effects
        ]
        plates.append(
            Plate(
                slug=f"figure-partial-effects-{model.protocol}",
                section="models",
                number="",
                title=("Effects in the ", path.name.words(), " model that need not be straight"),
                caption=(
                    "Line and band: hazard ratio against the median of the cases, other variables"
                    " held, with pointwise 95% interval. Triangles: knots of the restricted cubic"
                    " spline. ",
                    *join(_tests(path.partial_effects), between="; "),
                    ".",
                ),
                panels=tuple(panels),
                protocol=model.protocol,
            )
        )
    return plates


def _tests(effects: Trace) -> list[Text]:
    """Return the test of each variable, which is one whatever its others are held at."""
    return list({one.raw.name: _test(one) for one in effects}.values())


def _test(effect: Trace) -> Text:
    return (
        effect.label.words(), ": test of non-linearity, χ² ", effect.statistic.show("2"), " on ",
        effect.degrees_of_freedom.show("count"), " df, p ", effect.p.show("p"),
    )  # fmt: skip
