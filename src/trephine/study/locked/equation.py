"""A published equation as a locked model, to be put to the test like any other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from trephine import __version__
from trephine.cohort.schema import ClinicalVariable, label_of
from trephine.modelling.bundle import VERSION
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Predictor
from trephine.modelling.terms import CLINICAL, Term, cut_text
from trephine.plan.equation import Equation, EquationTerm
from trephine.plan.reading import read_section
from trephine.plan.sections import OutcomeSection
from trephine.study.locked.context import BundleContext, ExtractionContext, TableContext
from trephine.study.locked.model import LockedModel
from trephine.survival.baseline import BaselineHazard
from trephine.types import FloatArray

NAME = "Equation"
ENTERED = "A published equation, entered by hand: compare its numbers with the paper."
# Between two stated times the hazard counts as constant; so many steps follow it.
_STEPS = 100

# A term, its coefficient, its centre, lowest and highest value.
_StatedColumn = tuple[Term, float, float, float, float]


def is_equation(path: object) -> bool:
    """Say whether a model is named by the file of an equation, not by a bundle."""
    return isinstance(path, str | Path) and Path(path).suffix.casefold() == ".toml"


def read_equation(path: Path) -> LockedModel:
    """Read an equation and make the model of it.

    Raises
    ------
    StudyProblemsError
        With everything that is wrong with the file.
    """
    return equation_model(read_section(path, Equation))


def equation_model(equation: Equation) -> LockedModel:
    """Return an equation as a locked model of one Cox model, without variances."""
    variables = {key: _variable(term) for key, term in equation.terms.items()}
    columns = [
        column
        for key, term in equation.terms.items()
        for column in _columns(key, term, label_of(key, variables[key]))
    ]
    model = _model(equation, columns)
    predictor = Predictor({}, variables, None, {NAME: model})
    return LockedModel(predictor, _context(equation), _card(equation, model))


def _variable(term: EquationTerm) -> ClinicalVariable:
    if term.levels:
        levels = (term.reference, *term.levels)
        return ClinicalVariable(levels=levels, reference=term.reference, label=term.label)
    return ClinicalVariable(unit=term.unit, label=term.label)


def _columns(key: str, stated: EquationTerm, label: str) -> list[_StatedColumn]:
    values = stated.log_ratios
    if stated.levels:
        return [
            (
                Term(
                    f"{key}={level}", key, "level", f"{label}: {level}", level=level,
                    reference=stated.reference,
                ),
                value, 0.0, 0.0, 1.0,
            )
            for level, value in values.items()
        ]  # fmt: skip
    shown = f"{label} ({stated.unit})" if stated.unit else label
    if stated.at_least is not None:
        cut = stated.at_least
        term = Term(f"{key}>={cut:.6g}", key, "at-least", f"{shown} ≥ {cut_text(cut)}", cut=cut)
        return [(term, values[""], 0.0, 0.0, 1.0)]
    assert stated.range is not None
    return [(Term(key, key, "linear", shown), values[""], stated.centre, *stated.range)]


def _model(equation: Equation, columns: list[_StatedColumn]) -> FittedModel:
    """Return the Cox model, its baseline moved to where the sum of the terms is 0."""
    q = len(columns)
    coefficients, centre, low, high = (
        np.array([column[place] for column in columns], dtype=np.float64) for place in (1, 2, 3, 4)
    )
    ends = np.sort(np.vstack([coefficients * (low - centre), coefficients * (high - centre)]), 0)
    times, hazard = _hazard(equation)
    first, last = ends.sum(axis=1).tolist()
    return FittedModel(
        name=NAME,
        parts=(CLINICAL,),
        terms=tuple(column[0] for column in columns),
        coefficients=coefficients,
        covariance=np.zeros((q, q)),
        centre=centre,
        scale=np.ones(q),
        low=low,
        high=high,
        baseline=BaselineHazard(times, hazard, np.zeros(times.size), np.zeros((times.size, q))),
        linear_predictor_range=(first, last),
        risk_cut=equation.linear_predictor,
        n=equation.cases,
        n_events=equation.events,
    )


def _hazard(equation: Equation) -> tuple[FloatArray, FloatArray]:
    """Return times and the cumulative hazard where the linear predictor is 0."""
    corners = np.array([0.0, *equation.horizons])
    at_corners = np.array([0.0, *-np.log(equation.baseline_survival)])
    parts = [np.linspace(low, high, _STEPS + 1)[1:] for low, high in pairwise(corners.tolist())]
    times = np.concatenate(parts)
    hazard: FloatArray = np.interp(times, corners, at_corners)
    return times, hazard * float(np.exp(-equation.linear_predictor))


def _context(equation: Equation) -> BundleContext:
    return BundleContext(
        version=VERSION,
        trephine=__version__,
        title=equation.title,
        simulated="",
        protocol="published",
        primary_model=NAME,
        outcome=OutcomeSection(
            name=equation.outcome,
            event=equation.event,
            unit=equation.unit,
            horizons=equation.horizons,
            risk_cuts=equation.risk_cuts or (1 - equation.baseline_survival[0],),
        ),
        features=ExtractionContext.of_nothing(),
        table=TableContext(sides={}, read={}),
        centres=(),
        performance=(),
        nomograms={},
        equation=True,
    )


def _card(equation: Equation, model: FittedModel) -> str:
    """Return the equation as a card: what was entered, to be compared with the paper."""
    at = zip(equation.horizons, equation.baseline_survival, strict=True)
    lines = [
        f"# Equation: {equation.title}",
        "",
        "**Research use only. Not a medical device; not for decisions about patients.**",
        "",
        "Entered from its coefficients and its baseline survival; compare them with the paper.",
        "",
        f"Made from {equation.cases} cases with {equation.events} events. Where the sum of the"
        f" terms is {equation.linear_predictor:g}, survival is "
        + ", ".join(f"{value:g} at {horizon:g} {equation.unit}" for horizon, value in at)
        + ".",
        "",
        "| term | log hazard ratio | centre |",
        "|---|---|---|",
        *(
            f"| {term.label} | {model.coefficients[j]:.6g} | {model.centre[j]:g} |"
            for j, term in enumerate(model.terms)
        ),
        "",
    ]
    return "\n".join(lines)
