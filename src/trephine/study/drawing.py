"""The report's figures for any Cox model, from Trephine or elsewhere.

Give the nomogram of a `CoxEquation`, or predicted event probabilities of any model; the figure is
matplotlib's, drawn by the same code as the report's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from trephine.choices import Kind, ProtocolName
from trephine.errors import InputError
from trephine.evaluation.calibration import calibration_groups
from trephine.evaluation.calibration_curve import calibration_curve
from trephine.evaluation.decision_curve import TREAT_ALL, TREAT_NONE, DecisionCurve
from trephine.facts import (
    AxisTick,
    CalibrationFacts,
    DecisionCurveFacts,
    NetBenefit,
    NomogramFacts,
    PredictorAxis,
    SurvivalAxisFact,
)
from trephine.regression.nomogram import Axis, Nomogram, SurvivalAxis
from trephine.regression.ticks import pretty
from trephine.report.figures.calibration import draw_calibration as _draw_calibration
from trephine.report.figures.decision import draw_decision_curves as _draw_decision_curves
from trephine.report.figures.nomogram import draw_nomogram as _draw_nomogram
from trephine.report.figures.nomogram_layout import lay_out_nomogram
from trephine.report.style import PAGE_MM, figure_style, new_figure
from trephine.study.calibration_groups import group_facts
from trephine.types import Survival, TimeUnit

_SIDE_MM = 85.0
# The facts of a study carry these; a figure shows neither.
_PROTOCOL: ProtocolName = "sound"
_KIND: Kind = "apparent"


def draw_nomogram(
    nomogram: Nomogram,
    *,
    time_unit: TimeUnit = "months",
    outcome_name: str = "survival",
    units: Mapping[str, str] | None = None,
    width_mm: float = PAGE_MM,
) -> Figure:
    """Draw a nomogram as the report does.

    Parameters
    ----------
    nomogram
        From ``CoxEquation.nomogram`` or `make_nomogram`.
    time_unit
        Unit of its horizons.
    outcome_name
        What the survival axes are called, for example "no-collapse survival".
    units
        Units to print behind an axis's label, by the name of the predictor.
    width_mm
        Width; the height follows from the axes.

    Examples
    --------
    >>> from trephine import CoxEquation, draw_nomogram
    >>> model = CoxEquation(("age", "male"), (0.03, 0.8), (12, 24), (0.1, 0.25), centre=1.5)
    >>> cases = [[35.0, 0.0], [70.0, 1.0]]
    >>> figure = draw_nomogram(model.nomogram(cases, [12, 24]), units={"age": "years"})
    >>> figure.savefig("nomogram.png", dpi=300)
    """
    facts = NomogramFacts(
        model="",
        protocol=_PROTOCOL,
        points_ticks=tuple(pretty(0.0, 100.0, 10)),
        predictors=tuple(_predictor(axis, units or {}) for axis in nomogram.axes),
        total_ticks=tuple(nomogram.total_points),
        survival=tuple(map(_survival, nomogram.survival_axes)),
        points_per_unit=nomogram.points_per_unit,
        zero_points_predictor=nomogram.offset,
    )
    with figure_style():
        layout = lay_out_nomogram(facts, time_unit, outcome_name, width_mm)
        figure = _paper(width_mm, layout.height_mm)
        _draw_nomogram(figure, layout)
    return figure


def draw_calibration(
    outcome: Survival,
    event_probabilities: Mapping[str, npt.ArrayLike],
    horizon: float,
    *,
    cluster: npt.ArrayLike | None = None,
    headline: str | None = None,
) -> Figure:
    """Draw smooth calibration curves, with groups and distribution of risk of one model.

    Parameters
    ----------
    outcome
        n cases.
    event_probabilities
        Of each model by its name: predicted probability of the event by ``horizon``, shape (n,).
    horizon
        Time of the prediction.
    cluster
        Shape (n,): the patient of each case, for the groups' intervals.
    headline
        Model whose groups and distribution are shown; the last by default.

    Raises
    ------
    InputError
        If there is no model, ``headline`` is none of them, or as `calibration_curve`.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, draw_calibration
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.uniform(0.1, 0.9, 300)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> figure = draw_calibration(outcome, {"ours": risk}, 24)
    >>> figure.savefig("calibration.png", dpi=300)
    """
    shown = _headline(headline, list(event_probabilities))
    curves = [
        _calibration(outcome, name, np.asarray(risk, dtype=np.float64), horizon, cluster)
        for name, risk in event_probabilities.items()
    ]
    with figure_style():
        figure = _paper(_SIDE_MM, _SIDE_MM)
        _draw_calibration(figure, curves, shown)
    return figure


def draw_decision_curves(
    curves: Mapping[str, DecisionCurve], *, headline: str | None = None
) -> Figure:
    """Draw the decision curves of one horizon as the report does.

    Parameters
    ----------
    curves
        From `decision_curves`: models, "treat all" and "treat none".
    headline
        Model whose interval is shaded, where there is one; the last by default.

    Raises
    ------
    InputError
        If there is no model, or ``headline`` is none of them.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, decision_curves, draw_decision_curves
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.uniform(0.1, 0.9, 300)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> curves = decision_curves(outcome, {"ours": risk}, 24, np.arange(0.05, 0.9, 0.05))
    >>> figure = draw_decision_curves(curves)
    """
    models = [name for name in curves if name not in (TREAT_ALL, TREAT_NONE)]
    shown = _headline(headline, models)
    if TREAT_ALL not in curves:
        raise InputError(f"curves: expected {TREAT_ALL!r} among them, found {list(curves)}")
    everybody = curves[TREAT_ALL]
    facts = DecisionCurveFacts(
        protocol=_PROTOCOL,
        kind=_KIND,
        horizon=everybody.horizon,
        thresholds=everybody.thresholds,
        treat_all=everybody.net_benefit,
        models=tuple(_net_benefit(name, curves[name]) for name in models),
    )
    with figure_style():
        figure = _paper(_SIDE_MM, 0.8 * _SIDE_MM)
        _draw_decision_curves(figure, facts, shown)
    return figure


def _paper(width_mm: float, height_mm: float) -> Figure:
    """Return an empty figure on white: the report's own stand on the page's colour."""
    figure = new_figure(width_mm, height_mm)
    figure.set_facecolor("white")
    return figure


def _headline(wanted: str | None, models: list[str]) -> str:
    if not models:
        raise InputError("expected at least one model, found none")
    if wanted is not None and wanted not in models:
        raise InputError(f"headline: expected one of {models}, found {wanted!r}")
    return models[-1] if wanted is None else wanted


def _predictor(axis: Axis, units: Mapping[str, str]) -> PredictorAxis:
    predictor = axis.predictor
    levels = predictor.levels or (None,) * axis.values.size
    return PredictorAxis(
        name=predictor.name,
        label=predictor.label,
        unit=units.get(predictor.name, ""),
        type="categorical" if predictor.levels else "continuous",
        ticks=tuple(
            AxisTick(value=value, label=f"{value:.10g}", points=points)
            if level is None
            else AxisTick(label=level, points=points)
            for level, value, points in zip(levels, axis.values, axis.points, strict=True)
        ),
    )


def _survival(axis: SurvivalAxis) -> SurvivalAxisFact:
    ticks = zip(axis.probabilities, axis.points, strict=True)
    return SurvivalAxisFact(
        horizon=axis.horizon,
        ticks=tuple(AxisTick(value=one, label=f"{one:g}", points=at) for one, at in ticks),
    )


def _calibration(
    outcome: Survival,
    name: str,
    risk: npt.NDArray[np.float64],
    horizon: float,
    cluster: npt.ArrayLike | None,
) -> CalibrationFacts:
    curve = calibration_curve(outcome, risk, horizon)
    edges = np.linspace(0, 1, 21)
    known = bool(np.isfinite(curve.observed).all())
    return CalibrationFacts(
        protocol=_PROTOCOL,
        kind=_KIND,
        model=name,
        horizon=horizon,
        groups=group_facts(calibration_groups(outcome, risk, horizon, cluster=cluster)),
        smooth_predicted=curve.predicted if known else (),
        smooth_observed=curve.observed if known else (),
        bin_edges=edges,
        bin_counts=np.histogram(risk, edges)[0],
    )


def _net_benefit(name: str, curve: DecisionCurve) -> NetBenefit:
    known = bool(np.isfinite(curve.net_benefit_low).any())
    return NetBenefit(
        model=name,
        net_benefit=curve.net_benefit,
        low=curve.net_benefit_low if known else (),
        high=curve.net_benefit_high if known else (),
        interventions_avoided=100 * curve.interventions_avoided,
        harm=curve.harm,
    )
