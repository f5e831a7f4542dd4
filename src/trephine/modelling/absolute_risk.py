"""Absolute risk of the event where others may come first: a Cox model of every cause, combined.

As riskRegression's ``CSC`` (Benichou and Gail 1990): the rate of the event among those without any
is one Cox model, the rate of each competing event another, and the risk by t is the sum over event
times of P(no event yet) times the event's rate there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, ModelError
from trephine.modelling.terms import Term
from trephine.regression.cox_fit import CoxOptions, fit_cox, weighted_sum
from trephine.regression.cox_prediction import LARGEST_EXPONENT
from trephine.survival.baseline import BaselineHazard, hazard_of_all
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import FloatArray, Survival

FEWEST_EVENTS_PER_TERM = 10
# Cases are predicted in blocks of so many numbers at most.
_BLOCK = 4_000_000


@dataclass(frozen=True)
class OtherCause:
    """The rate of one competing event, by some of the terms of a model.

    Attributes
    ----------
    name
        Of the event.
    columns
        Places of its r terms among the model's.
    coefficients, centre
        Log hazard ratio per unit of each, and where the linear predictor is 0, shape (r,).
    times, cumulative_hazard
        At the centre, right-continuous steps, shape (m,).
    n_events
        In training.
    """

    name: str
    columns: tuple[int, ...]
    coefficients: FloatArray
    centre: FloatArray
    times: FloatArray
    cumulative_hazard: FloatArray
    n_events: int

    def hazard_before(self, times: FloatArray) -> FloatArray:
        """Return H0 just before each time."""
        place = np.searchsorted(self.times, times, side="left")
        found: FloatArray = np.append(0.0, self.cumulative_hazard)[place]
        return found

    def ratio(self, design: FloatArray) -> FloatArray:
        """Return the hazards of m cases over that of the centre, from the model's terms, (m,)."""
        own = design[:, list(self.columns)] - self.centre
        found: FloatArray = np.exp(
            np.minimum(weighted_sum(own, self.coefficients), LARGEST_EXPONENT)
        )
        return found


def other_causes(
    terms: Sequence[Term], design: FloatArray, survival: Survival
) -> tuple[OtherCause, ...]:
    """Fit the rate of each competing event, by all terms of a model or by fewer.

    All terms enter where the event was seen ten times for each; else the clinical ones, where it
    was seen ten times for each of those; else none, and its rate is the same for everybody. Terms
    with which the model cannot be fitted do not enter either.

    Parameters
    ----------
    terms, design
        Of the model of the event, shape (n, q).
    survival
        Of the n cases; without competing events there is nothing to fit.
    """
    if not isinstance(survival, CompetingSurvival):
        return ()
    clinical = [j for j, term in enumerate(terms) if not term.is_signature]
    found = []
    for name in survival.names:
        own = survival.of_competing(name)
        for columns in (list(range(len(terms))), clinical, []):
            if own.event.sum() < FEWEST_EVENTS_PER_TERM * len(columns):
                continue
            try:
                found.append(_fit(name, columns, terms, design, own))
            except (ModelError, InputError):
                continue
            break
    return tuple(found)


def _fit(
    name: str, columns: list[int], terms: Sequence[Term], design: FloatArray, own: Survival
) -> OtherCause:
    n_events = int(own.event.sum())
    if not columns:
        base, none = hazard_of_all(own), np.empty(0)
        return OtherCause(name, (), none, none, base.times, base.cumulative_hazard, n_events)
    fit = fit_cox(design[:, columns], tuple(terms[j].name for j in columns), own, CoxOptions())
    base = fit.baselines[0]
    return OtherCause(
        name, tuple(columns), fit.result.coefficients, fit.risk_sets.centre, base.times,
        base.cumulative_hazard, n_events,
    )  # fmt: skip


def absolute_risk(
    baseline: BaselineHazard,
    linear_predictor: FloatArray,
    others: Sequence[tuple[OtherCause, FloatArray]],
    times: npt.ArrayLike,
) -> FloatArray:
    """Return P(the event by t, before any other), shape (m, k); NaN past the last follow-up.

    Parameters
    ----------
    baseline
        Of the event's model.
    linear_predictor
        Of m cases, shape (m,).
    others
        Each competing event with the cases' hazards over that of its centre, shape (m,).
    times
        Shape (k,).
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if not asked.size:
        return np.empty((linear_predictor.size, 0))
    hazard = baseline.cumulative_hazard
    steps = np.diff(hazard, prepend=0.0)
    at = np.flatnonzero(steps > 0)
    jumps, before = steps[at], hazard[at] - steps[at]
    place = np.searchsorted(baseline.times[at], asked, side="right")
    own = np.exp(np.minimum(linear_predictor, LARGEST_EXPONENT))
    found = np.empty((own.size, asked.size))
    size = max(1, _BLOCK // max(at.size, 1))
    for first in range(0, own.size, size):
        rows = slice(first, first + size)
        total = np.outer(own[rows], before)
        for other, ratio in others:
            total += np.outer(ratio[rows], other.hazard_before(baseline.times[at]))
        reached = np.cumsum(np.exp(-total) * own[rows, None] * jumps, axis=1)
        found[rows] = np.hstack([np.zeros((len(reached), 1)), reached])[:, place]
    # A step of an estimated hazard may be above 1: a risk is not.
    return np.where(asked <= baseline.times[-1], np.minimum(found, 1.0), np.nan)
