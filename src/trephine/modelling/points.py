"""A fitted model laid out as a nomogram, and a case read off it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from trephine.errors import ModelError
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term, reading_of
from trephine.regression.nomogram import (
    Axis,
    Nomogram,
    NomogramPredictor,
    Setting,
    make_nomogram,
    with_survival,
)
from trephine.regression.restricted_spline import spline_columns
from trephine.types import FloatArray


def nomogram_of(
    model: FittedModel,
    labels: Sequence[tuple[str, str]],
    horizons: Sequence[float],
    units: Mapping[str, str] | None = None,
) -> Nomogram:
    """Lay a model out as a nomogram.

    Of variables that interact one moves along an axis (a number if there is one, else that of most
    levels), and there is an axis for each level of the others, or for each quartile in training;
    none for two levels that no training case had together.

    Parameters
    ----------
    model
        With at least one term.
    labels
        Variable and the label of its axis, in the order of the axes.
    horizons
        Times of the survival axes.
    units
        Of variables, for values at which they are held.

    Raises
    ------
    ModelError
        If no term changes the risk, or an interaction stands without one of its variables.
    """
    nomogram = make_nomogram(
        list(_predictors(model, dict(labels), units or {})),
        centre=float(model.centre @ model.coefficients),
        horizons=horizons,
        survival_at_zero=[float(s) for s in model.baseline_survival(list(horizons))],
        linear_predictor_range=model.linear_predictor_range,
    )
    return with_survival(nomogram, model.typical_survival) if model.others else nomogram


@dataclass(frozen=True)
class AxisReading:
    """Where a case stands on an axis.

    Attributes
    ----------
    axis
        The axis.
    value
        Its value there, or the name of its group.
    points
        Its points; None on an axis that holds other variables at values that are not nearest to
        the case's. Where they are numbers, a case has the points of its own values, which lie
        between the axes.
    """

    axis: Axis
    value: float | str
    points: float | None


def read_case(
    model: FittedModel, nomogram: Nomogram, design: FloatArray
) -> tuple[AxisReading, ...]:
    """Read a case off a nomogram.

    Parameters
    ----------
    model, nomogram
        As `nomogram_of` lays it out.
    design
        The case's terms, shape (q,).
    """
    readings = []
    for axis in nomogram.axes:
        predictor = axis.predictor
        within = {predictor.drawn, *(one.name for one in predictor.settings)}
        effect = sum(
            float(model.coefficients[j] * design[j])
            for j, term in enumerate(model.terms)
            if {*(term.variables or (term.variable,))} <= within
        )
        counts = all(_nearest(one, nomogram, design) for one in predictor.settings)
        points = nomogram.points_per_unit * (effect - axis.minimum) if counts else None
        mains = _mains(model.terms)[predictor.drawn]
        value = reading_of([model.terms[j] for j in mains], [float(design[j]) for j in mains])
        readings.append(AxisReading(axis, value, points))
    return tuple(readings)


def _nearest(setting: Setting, nomogram: Nomogram, design: FloatArray) -> bool:
    """Say whether no axis holds a variable nearer to a case's value than this setting does."""

    def distance(one: Setting) -> float:
        return float(np.abs(design[list(one.columns)] - np.array(one.values)).sum())

    others = [one for axis in nomogram.axes for one in axis.predictor.settings]
    same = [one for one in dict.fromkeys(others) if one.name == setting.name]
    return min(same, key=distance) == setting


def _mains(terms: Sequence[Term]) -> dict[str, list[int]]:
    """Return the places of each variable's own columns, and of each signature's."""
    found: dict[str, list[int]] = {}
    for j, term in enumerate(terms):
        if not term.is_product:
            found.setdefault(term.variable, []).append(j)
    return found


def _predictors(
    model: FittedModel, labels: Mapping[str, str], units: Mapping[str, str]
) -> Iterator[NomogramPredictor]:
    """Yield the axes of a model's variables and signatures, in the order of the labels."""
    mains = _mains(model.terms)
    alone = {key for term in model.terms for key in term.variables} - {*mains}
    if alone:
        raise ModelError(f"nomogram: an interaction stands without {sorted(alone)}")
    done: set[str] = set()
    for variable in labels:
        if variable in done or variable not in mains:
            continue
        together = _interacting(model.terms, variable)
        done |= {*together}
        if len(together) == 1:
            yield _axis(model, variable, labels[variable])
            continue
        drawn, *held = sorted(together, key=lambda key: _room(model.terms, mains[key]))
        for settings in product(*(settings_of(model, key, units.get(key, "")) for key in held)):
            if _occurs(model.terms, settings):
                yield _held_axis(model, drawn, settings, labels)


def _occurs(terms: Sequence[Term], settings: Sequence[Setting]) -> bool:
    """Say whether training had each two of these levels together, as far as terms tell."""
    at = {
        one.name: {terms[j].name for j, v in zip(one.columns, one.values, strict=True) if v == 1}
        for one in settings
    }
    for one, other in combinations(at, 2):
        own = [t.parts for t in terms if t.is_group and {*t.variables} == {one, other}]
        both = any(all(p.name in at[p.variable] for p in pair) for pair in own)
        if own and at[one] and at[other] and not both:
            return False
    return True


def _interacting(terms: Sequence[Term], variable: str) -> tuple[str, ...]:
    """Return a variable and all that it interacts with, directly or through others, in order."""
    found = {variable}
    for _ in terms:
        for term in terms:
            if found & {*term.variables}:
                found |= {*term.variables}
    order = dict.fromkeys(key for term in terms for key in term.variables or (term.variable,))
    return tuple(key for key in order if key in found)


def _room(terms: Sequence[Term], own: Sequence[int]) -> tuple[bool, int]:
    """Return by what variables are sorted that might move along an axis: numbers come first."""
    return terms[own[0]].is_group, -len(own)


def _axis(model: FittedModel, variable: str, label: str) -> NomogramPredictor:
    own = _mains(model.terms)[variable]
    terms, first = [model.terms[j] for j in own], model.terms[own[0]]
    effects = tuple(float(model.coefficients[j]) for j in own)
    if first.is_group:
        groups = (first.reference_group, *(term.group for term in terms))
        return NomogramPredictor(variable, label, (0.0, *effects), groups)
    low, high = float(model.low[own[0]]), float(model.high[own[0]])
    return NomogramPredictor(variable, label, effects, low=low, high=high, knots=first.knots)


def settings_of(model: FittedModel, variable: str, unit: str) -> list[Setting]:
    """Return the values at which a variable is held: its groups, or its quartiles in training."""
    own = _mains(model.terms)[variable]
    terms = [model.terms[j] for j in own]
    if terms[0].is_group:
        values = texts = [terms[0].reference_group, *(term.group for term in terms)]
        rows = np.vstack([np.zeros(len(own)), np.eye(len(own))])
    else:
        parts = [part for term in model.terms for part in term.parts if part.variable == variable]
        at = np.array(parts[0].held)
        knots = np.array(terms[0].knots)
        rows = spline_columns(at, knots) if knots.size else at[:, np.newaxis]
        gap = "" if unit in ("%", "‰", "°") or not unit else " "
        values = [f"{value:.10g}" for value in at]
        texts = [f"{value}{gap}{unit}" for value in values]
    return [
        Setting(variable, value, text, tuple(own), tuple(row.tolist()))
        for value, text, row in zip(values, texts, rows, strict=True)
    ]


def _held_axis(
    model: FittedModel, drawn: str, settings: Sequence[Setting], labels: Mapping[str, str]
) -> NomogramPredictor:
    """Return the axis of one variable where those that it interacts with are held."""
    own = _mains(model.terms)[drawn]
    first = model.terms[own[0]]
    at = {
        model.terms[j].name: value
        for one in settings
        for j, value in zip(one.columns, one.values, strict=True)
    }
    slopes = {model.terms[j].name: float(model.coefficients[j]) for j in own}
    constant = sum(
        float(model.coefficients[j]) * value
        for one in settings
        for j, value in zip(one.columns, one.values, strict=True)
    )
    for term, coefficient in zip(model.terms, model.coefficients.tolist(), strict=True):
        names = [part.name for part in term.parts]
        held = [at[name] for name in names if name in at]
        moves = [name for name in names if name in slopes]
        if moves and held:
            slopes[moves[0]] += coefficient * held[0]
        elif len(held) == len(names) > 0:
            constant += coefficient * held[0] * held[1]
    effects = tuple(slopes.values())
    low, high = float(model.low[own[0]]), float(model.high[own[0]])
    said = ", ".join(f"{labels.get(one.name, one.name)} {one.text}" for one in settings)
    levels: tuple[str, ...] = ()
    if first.is_group:
        levels = (first.reference_group, *(model.terms[j].group for j in own))
        effects = (constant, *(constant + effect for effect in effects))
        low, high, constant = float("nan"), float("nan"), 0.0
    return NomogramPredictor(
        name=f"{drawn}, " + ", ".join(f"{one.name}={one.value}" for one in settings),
        label=f"{labels.get(drawn, drawn)}, {said}",
        effects=effects,
        levels=levels,
        low=low,
        high=high,
        knots=first.knots,
        constant=constant,
        variable=drawn,
        settings=tuple(settings),
        together=":".join(sorted({drawn, *(one.name for one in settings)})),
    )
