"""A fitted model laid out as a nomogram."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import axis_of
from trephine.regression.nomogram import Nomogram, make_nomogram, with_survival


def nomogram_of(
    model: FittedModel, labels: Sequence[tuple[str, str]], horizons: Sequence[float]
) -> Nomogram:
    """Lay a model out as a nomogram.

    Parameters
    ----------
    model
        With at least one term.
    labels
        Variable and the label of its axis, in the order of the axes.
    horizons
        Times of the survival axes.
    """
    predictors = []
    for variable, label in labels:
        own = [j for j, term in enumerate(model.terms) if term.variable == variable]
        if own:
            terms = [model.terms[j] for j in own]
            coefficients = [float(model.coefficients[j]) for j in own]
            low, high = float(model.low[own[0]]), float(model.high[own[0]])
            predictors.append(axis_of(terms, label, coefficients, low, high))
    nomogram = make_nomogram(
        predictors,
        centre=float(model.centre @ model.coefficients),
        horizons=horizons,
        survival_at_zero=[float(s) for s in model.baseline_survival(list(horizons))],
        linear_predictor_range=model.linear_predictor_range,
    )
    return with_survival(nomogram, model.typical_survival) if model.others else nomogram
