"""Incidence of an event where others may come first, and the terms of a model read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trephine.errors import InputError, ModelError
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.pooled_model import fit_over
from trephine.regression.fine_gray import FineGrayModel, fit_fine_gray
from trephine.regression.rubin import pool_fine_gray
from trephine.survival.aalen_johansen import cumulative_incidence
from trephine.survival.competing_outcome import THE_EVENT, CompetingSurvival
from trephine.survival.gray_test import GrayTest, gray_test
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import Estimate, FloatArray, IntArray, Survival


@dataclass(frozen=True)
class Incidence:
    """Incidence of one kind of event in some cases, and what ignoring the others would say.

    Attributes
    ----------
    n, n_events, n_others
        Cases, events of the kind, other events.
    times
        Shape (m,), from 0 on.
    incidence, low, high
        By each time, with its interval by patient; NaN where nothing was seen yet.
    ignoring
        1 - Kaplan-Meier by each time, the others' events counted as censored.
    horizons
        Those that follow-up reaches.
    at_horizons, ignoring_at_horizons
        At each of them.
    """

    n: int
    n_events: int
    n_others: int
    times: FloatArray
    incidence: FloatArray
    low: FloatArray
    high: FloatArray
    ignoring: FloatArray
    horizons: tuple[float, ...]
    at_horizons: tuple[Estimate, ...]
    ignoring_at_horizons: tuple[Estimate, ...]


def incidence_of(
    survival: CompetingSurvival, kind: int, patient: IntArray | None, horizons: Sequence[float]
) -> Incidence:
    """Return the incidence of one kind of event.

    Parameters
    ----------
    survival
        Of the cases.
    kind
        Code of the event.
    patient
        Whom errors are added up by, shape (n,); each case its own where None.
    horizons
        Times; those past the last follow-up are left out.
    """
    seen = survival.cause == kind
    others = (survival.cause > 0) & ~seen
    last = float(survival.time.max())
    reached = tuple(horizon for horizon in horizons if horizon <= last)
    counts = (len(survival), int(seen.sum()), int(others.sum()))
    if not seen.any():
        flat, none = np.zeros(2), np.full(2, np.nan)
        nothing = (Estimate(0.0),) * len(reached)
        ends = np.array([0.0, last])
        return Incidence(*counts, ends, flat, none, none, flat, reached, nothing, nothing)
    found = cumulative_incidence(survival.time, survival.cause, cluster=patient)
    column = found.causes.index(kind)
    alone = kaplan_meier(survival.time, seen, cluster=patient)
    place = np.searchsorted(found.times, reached, side="right")
    incidence = np.append(0.0, found.incidence[:, column])
    low, high = (np.append(np.nan, limit[:, column]) for limit in (found.low, found.high))
    at = alone.at(np.array(reached))
    return Incidence(
        *counts,
        np.append(0.0, found.times),
        incidence,
        low,
        high,
        np.append(0.0, 1 - alone.at(found.times).survival_probability),
        reached,
        tuple(Estimate(float(incidence[p]), float(low[p]), float(high[p])) for p in place),
        tuple(
            Estimate(1 - float(s), 1 - float(most), 1 - float(least))
            for s, least, most in zip(at.survival_probability, at.low, at.high, strict=True)
        ),
    )


def between_groups(survival: CompetingSurvival, group: IntArray) -> GrayTest | None:
    """Return Gray's test of the event between groups; None where there is nothing to compare."""
    if np.unique(group).size < 2 or not survival.event.any():
        return None
    return gray_test(survival.time, survival.cause, group, of=THE_EVENT)


@dataclass(frozen=True)
class ReadAgain:
    """A final model's terms in a model of any competing event, and in Fine and Gray's.

    Attributes
    ----------
    competing, subdistribution
        None where it cannot be fitted.
    notes
        Why.
    """

    competing: FittedModel | None
    subdistribution: FineGrayModel | None
    notes: tuple[str, ...]


def read_again(
    model: FittedModel, designs: FloatArray, survival: CompetingSurvival, patient: IntArray | None
) -> ReadAgain:
    """Fit a model's terms to the other events, and to the incidence of its own.

    Parameters
    ----------
    model
        With at least one term.
    designs
        What it was fitted to, shape (m, n, terms); m is 1 without multiple imputation.
    survival, patient
        Of the n cases.
    """
    names = pd.Index([term.name for term in model.terms])
    notes = []
    competing = subdistribution = None
    any_other = Survival(survival.time, survival.competing, survival.unit)
    try:
        competing = fit_over("competing", (), model.terms, designs, any_other, cluster=patient)
    except (ModelError, InputError) as error:
        notes.append(f"No hazard ratios of competing events: {error}")
    try:
        fits = [
            fit_fine_gray(
                pd.DataFrame(design, columns=names), survival.time, survival.cause, cluster=patient
            )
            for design in designs
        ]
        subdistribution = fits[0] if len(fits) == 1 else pool_fine_gray(fits)
    except (ModelError, InputError) as error:
        notes.append(f"No Fine-Gray model: {error}")
    return ReadAgain(competing, subdistribution, tuple(notes))
