"""The rates of competing events as a calculator needs them: at the event's own times."""

from __future__ import annotations

import numpy as np

from trephine.modelling.absolute_risk import OtherCause
from trephine.modelling.fitted_model import FittedModel
from trephine.study.locked.calculator_form import CalculatorCause, CalculatorRates
from trephine.study.locked.calculator_interval import numbers
from trephine.types import FloatArray


def rates_of(model: FittedModel) -> CalculatorRates | None:
    """Return every event's rate; None where no events compete."""
    if not model.others:
        return None
    hazard = model.baseline.cumulative_hazard
    steps = np.diff(hazard, prepend=0.0)
    at = np.flatnonzero(steps > 0)
    times = model.baseline.times[at]
    return CalculatorRates(
        times=numbers(times),
        steps=numbers(steps[at]),
        before=numbers(hazard[at] - steps[at]),
        last=float(model.baseline.times[-1]),
        causes=tuple(_cause(other, times) for other in model.others),
    )


def _cause(other: OtherCause, times: FloatArray) -> CalculatorCause:
    return CalculatorCause(
        name=other.name,
        columns=other.columns,
        coefficients=numbers(other.coefficients),
        centre=numbers(other.centre),
        before=numbers(other.hazard_before(times)),
    )
