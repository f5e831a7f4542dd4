"""A Cox model as a nomogram: points a predictor, total points, survival at the horizons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.errors import InputError, ModelError
from trephine.regression.restricted_spline import spline_columns
from trephine.regression.ticks import pretty
from trephine.types import FloatArray

MAX_POINTS = 100.0
# Steps of the total axis between which a curved survival axis is taken as straight.
_FINE = 4001
SURVIVAL_TICKS = np.round(np.arange(0.05, 0.951, 0.05), 2)


@dataclass(frozen=True)
class Setting:
    """Another predictor of an interaction, held at one value on an axis.

    Attributes
    ----------
    name
        Of the other predictor.
    value, text
        At which it is held: a level or a number, and as printed, with its unit.
    columns
        Places of its own columns in the model.
    values
        Of these columns at that value.
    """

    name: str
    value: str
    text: str
    columns: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class NomogramPredictor:
    """What one axis stands for.

    Attributes
    ----------
    name
        Of the variable or signature.
    label
        To print beside the axis.
    levels
        Level names of a categorical predictor, reference included; empty for a continuous one.
    effects
        Log hazard ratio of each level against the reference (0 for the reference itself), or the
        single coefficient of a continuous predictor; with ``knots``, one of each spline column.
    low, high
        Limits of a continuous predictor's axis before they are made round.
    knots
        Of a continuous predictor whose effect is a restricted cubic spline; its axis bends back
        where the effect falls again.
    constant
        Added to a continuous predictor's effect: what the settings say by themselves.
    variable
        What moves along the axis, where ``name`` says more than that; else empty.
    settings
        Where predictors interact, those that are held on this axis; one of several axes then
        counts for a case. Empty for an axis of its own.
    together
        Name that the axes of predictors that interact share: they have one zero, as in rms.
    """

    name: str
    label: str
    effects: tuple[float, ...]
    levels: tuple[str, ...] = ()
    low: float = float("nan")
    high: float = float("nan")
    knots: tuple[float, ...] = ()
    constant: float = 0.0
    variable: str = ""
    settings: tuple[Setting, ...] = ()
    together: str = ""

    @property
    def group(self) -> str:
        """Name that axes which count once share; an axis of its own has its own."""
        return self.together or self.name

    @property
    def drawn(self) -> str:
        """The variable or signature that moves along the axis."""
        return self.variable or self.name

    def effect(self, values: FloatArray) -> FloatArray:
        """Return X b of values of a continuous predictor."""
        if not self.knots:
            return np.asarray(values * self.effects[0] + self.constant)
        columns = spline_columns(values, np.array(self.knots))
        return np.asarray(columns @ np.array(self.effects) + self.constant)


@dataclass(frozen=True)
class Axis:
    """Ticks of one predictor.

    Attributes
    ----------
    predictor
        What the axis stands for.
    values
        Tick values of a continuous predictor, or 0, 1, ... for the levels.
    points
        Points of each tick.
    minimum
        Smallest X b over the ticks, of all axes together where predictors interact; it gets 0
        points.
    """

    predictor: NomogramPredictor
    values: FloatArray
    points: FloatArray
    minimum: float


@dataclass(frozen=True)
class SurvivalAxis:
    """Survival probabilities at one horizon over total points."""

    horizon: float
    probabilities: FloatArray
    points: FloatArray


SurvivalOf = Callable[[FloatArray, float], FloatArray]
"""Survival by a horizon from centred linear predictors; it falls with them."""


@dataclass(frozen=True)
class Nomogram:
    """Points that add up to the model's own prediction.

    Attributes
    ----------
    axes
        One a predictor.
    points_per_unit
        Points for one unit of the linear predictor ("sc" in rms).
    offset
        Linear predictor (centred as ``survival_at_zero`` is) at 0 total points.
    total_points
        Ticks of the total axis.
    survival_axes
        One a horizon.
    survival_at_zero
        Baseline survival S0(t) at each horizon, where the centred linear predictor is 0.
    survival_of
        What the survival axes show where it is not S0(t)^exp(lp); None where it is.
    """

    axes: tuple[Axis, ...]
    points_per_unit: float
    offset: float
    total_points: FloatArray
    survival_axes: tuple[SurvivalAxis, ...]
    horizons: tuple[float, ...]
    survival_at_zero: tuple[float, ...]
    survival_of: SurvivalOf | None = None

    def points(self, name: str, value: float | str) -> float:
        """Return the points of one predictor's value (continuous) or level (categorical)."""
        axis = next((axis for axis in self.axes if axis.predictor.name == name), None)
        if axis is None:
            known = [axis.predictor.name for axis in self.axes]
            raise InputError(f"nomogram: expected one of {known}, found {name!r}")
        predictor = axis.predictor
        if predictor.levels:
            if value not in predictor.levels:
                raise InputError(f"{name}: expected one of {predictor.levels}, found {value!r}")
            effect = predictor.effects[predictor.levels.index(str(value))]
        else:
            effect = float(predictor.effect(np.array([float(value)]))[0])
        return self.points_per_unit * (effect - axis.minimum)

    def total(self, values: Mapping[str, float | str]) -> float:
        """Return the total points of one case; of axes that count once, by the one that is named.

        Raises
        ------
        InputError
            If a predictor has no value, or two of its axes have one.
        """
        groups = [axis.predictor.group for axis in self.axes]
        named = [axis.predictor.group for axis in self.axes if axis.predictor.name in values]
        if sorted(named) != sorted(set(groups)):
            raise InputError(f"nomogram: expected one value of each of {groups}, found {named}")
        return sum(self.points(name, value) for name, value in values.items())

    def linear_predictor(self, total_points: FloatArray) -> FloatArray:
        """Return the centred linear predictor at some total points."""
        return np.asarray(total_points) / self.points_per_unit + self.offset

    def survival_probability(self, total_points: FloatArray, horizon: float) -> FloatArray:
        """Return S(t) = S0(t)^exp(lp) at some total points, or what ``survival_of`` gives."""
        if self.survival_of is not None:
            return self.survival_of(self.linear_predictor(total_points), horizon)
        at_zero = self.survival_at_zero[self.horizons.index(horizon)]
        return np.asarray(at_zero ** np.exp(self.linear_predictor(total_points)))


def make_nomogram(
    predictors: Sequence[NomogramPredictor],
    *,
    centre: float,
    horizons: Sequence[float],
    survival_at_zero: Sequence[float],
    linear_predictor_range: tuple[float, float],
    n_ticks: int = 10,
) -> Nomogram:
    """Lay out a nomogram as rms does.

    ``sc = 100 / max_j range(X b_j)`` over the displayed values, and
    ``points_j = sc (X b_j - min_j)``. Predictors that interact are one j: their axes, one for each
    value at which the others are held, have range and minimum in common.

    Parameters
    ----------
    predictors
        One an axis; the model's linear predictor is the sum of their effects minus ``centre``.
    centre
        What the model subtracts from X b.
    horizons, survival_at_zero
        S0(t) at each horizon, where the centred linear predictor is 0.
    linear_predictor_range
        Smallest and largest centred linear predictor of the training cases; it sets how far the
        total axis reaches.
    n_ticks
        About how many intervals a continuous axis has.

    Raises
    ------
    ModelError
        If no predictor changes the risk, so that there are no points to give.
    """
    laid_out = [_ticks(predictor, n_ticks) for predictor in predictors]
    groups: dict[str, list[FloatArray]] = {}
    for predictor, (_, effects) in zip(predictors, laid_out, strict=True):
        groups.setdefault(predictor.group, []).append(effects)
    shown = {name: np.concatenate(own) for name, own in groups.items()}
    widths = [float(np.ptp(effects)) for effects in shown.values()]
    if not widths or max(widths) <= 0:
        raise ModelError("nomogram: no predictor of the model changes the risk")
    scale = MAX_POINTS / max(widths)
    lowest = {name: float(effects.min()) for name, effects in shown.items()}
    axes = tuple(
        Axis(one, values, scale * (effects - lowest[one.group]), lowest[one.group])
        for one, (values, effects) in zip(predictors, laid_out, strict=True)
    )
    offset = sum(lowest.values()) - centre
    lp_ticks = pretty(*linear_predictor_range, n_ticks)
    reach = max(float(lp_ticks[-1] - offset) * scale, MAX_POINTS)
    return Nomogram(
        axes=axes,
        points_per_unit=scale,
        offset=offset,
        total_points=pretty(0.0, reach, n_ticks),
        survival_axes=tuple(
            _survival_axis(horizon, at_zero, scale, offset, reach)
            for horizon, at_zero in zip(horizons, survival_at_zero, strict=True)
        ),
        horizons=tuple(horizons),
        survival_at_zero=tuple(survival_at_zero),
    )


def with_survival(nomogram: Nomogram, survival_of: SurvivalOf) -> Nomogram:
    """Return a nomogram whose survival axes show another function of the linear predictor.

    Parameters
    ----------
    nomogram
        As `make_nomogram` gives it.
    survival_of
        The function; round probabilities are placed where it passes them.
    """
    reach = float(nomogram.total_points[-1])
    points = np.linspace(0.0, reach, _FINE)
    axes = []
    for horizon in nomogram.horizons:
        falling = survival_of(nomogram.linear_predictor(points), horizon)
        shown = (falling[-1] <= SURVIVAL_TICKS) & (falling[0] >= SURVIVAL_TICKS)
        ticks = SURVIVAL_TICKS[shown]
        # interp wants what rises.
        axes.append(SurvivalAxis(horizon, ticks, np.interp(-ticks, -falling, points)))
    return replace(nomogram, survival_axes=tuple(axes), survival_of=survival_of)


def _ticks(predictor: NomogramPredictor, n_ticks: int) -> tuple[FloatArray, FloatArray]:
    """Return an axis's values and X b at each."""
    if predictor.levels:
        return np.arange(len(predictor.levels), dtype=np.float64), np.array(predictor.effects)
    values = pretty(predictor.low, predictor.high, n_ticks)
    return values, predictor.effect(values)


def _survival_axis(
    horizon: float, at_zero: float, scale: float, offset: float, reach: float
) -> SurvivalAxis:
    """Place round survival probabilities where the total axis reaches them."""
    if not 0 < at_zero < 1:
        return SurvivalAxis(horizon, np.empty(0), np.empty(0))
    lp = np.log(np.log(SURVIVAL_TICKS) / np.log(at_zero))
    points = (lp - offset) * scale
    shown = (points >= 0) & (points <= reach)
    return SurvivalAxis(horizon, SURVIVAL_TICKS[shown], points[shown])
