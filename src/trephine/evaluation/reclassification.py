"""Net reclassification improvement of survival models, split into events and non-events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.choices import Scale
from trephine.errors import InputError
from trephine.evaluation.censoring_weights import check_horizon, check_risk
from trephine.survival.arrays import merge_near_ties
from trephine.survival.ipcw import nricens_uncensored_probability
from trephine.types import BoolArray, FloatArray, Survival

ReclassificationEstimator = Literal["kaplan-meier", "weighted"]


@dataclass(frozen=True)
class NetReclassification:
    """How a new model moves risks, compared with an old one.

    Attributes
    ----------
    total, events, non_events
        NRI = NRI+ + NRI-; NRI+ = P(up | event) - P(down | event); NRI- = P(down | no event) -
        P(up | no event). Read the two parts, not the sum: the sum weighs a moved event as much as
        a moved non-event.
    up_given_event, down_given_event, down_given_no_event, up_given_no_event
        The four probabilities.
    n_up, n_down, n
        Cases moved up, moved down, and all.
    horizon
        t, in the outcome's unit.
    kind, estimator
        What counts as a move, and how censoring is dealt with.
    note
        Why there is no answer; empty where there is one.
    """

    total: float
    events: float
    non_events: float
    up_given_event: float
    down_given_event: float
    down_given_no_event: float
    up_given_no_event: float
    n_up: int
    n_down: int
    n: int
    horizon: float
    kind: Scale
    estimator: ReclassificationEstimator
    note: str = ""


def continuous_reclassification(
    outcome: Survival,
    old_event_probability: npt.ArrayLike,
    new_event_probability: npt.ArrayLike,
    horizon: float,
    *,
    smallest_move: float = 0.0,
    estimator: ReclassificationEstimator = "kaplan-meier",
) -> NetReclassification:
    """Return the NRI by risk difference (R: ``nricens(updown = "diff")``).

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    old_event_probability, new_event_probability
        Shape (n,): probability of the event by ``horizon`` under the two models.
    horizon
        t > 0, in the unit of ``outcome``.
    smallest_move
        A case moves where its risk changes by more than this.
    estimator
        "kaplan-meier": Pencina, D'Agostino and Steyerberg 2011, by Bayes' rule from the survival
        of those moved up, moved down and of all. "weighted": events with T <= t weigh 1 / G(T),
        with the hazard of censoring c / Y, right-continuous; non-events are those beyond t.

    Raises
    ------
    InputError
        If probabilities leave [0, 1] or are missing, or the horizon is not positive.
    """
    old, new = _two_risks(outcome, old_event_probability, new_event_probability)
    if not 0.0 <= smallest_move < 1.0:
        raise InputError(f"smallest move: expected 0 <= move < 1, found {smallest_move}")
    change = new - old
    up, down = change > smallest_move, -change > smallest_move
    return _reclassification(outcome, up, down, horizon, "continuous", estimator)


def categorical_reclassification(
    outcome: Survival,
    old_event_probability: npt.ArrayLike,
    new_event_probability: npt.ArrayLike,
    horizon: float,
    cut_offs: Sequence[float],
    *,
    estimator: ReclassificationEstimator = "kaplan-meier",
) -> NetReclassification:
    """Return the NRI by risk category (R: ``nricens(updown = "category")``).

    Parameters
    ----------
    cut_offs
        Ascending, within (0, 1); a risk that equals a cut-off belongs to the category above.
    outcome, old_event_probability, new_event_probability, horizon, estimator
        As in `continuous_reclassification`.

    Raises
    ------
    InputError
        If cut-offs are not ascending within (0, 1), and as in `continuous_reclassification`.
    """
    old, new = _two_risks(outcome, old_event_probability, new_event_probability)
    edges = np.asarray(cut_offs, dtype=np.float64)
    if not edges.size or (np.diff(edges) <= 0).any() or edges[0] <= 0 or edges[-1] >= 1:
        raise InputError(f"cut-offs: expected ascending within (0, 1), found {edges.tolist()}")
    before, after = (np.searchsorted(edges, risk, side="right") for risk in (old, new))
    return _reclassification(
        outcome, after > before, after < before, horizon, "categorical", estimator
    )


def _two_risks(
    outcome: Survival, old: npt.ArrayLike, new: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    n = len(outcome)
    return (
        check_risk(old, n, "old event probability", probability=True),
        check_risk(new, n, "new event probability", probability=True),
    )


def _reclassification(
    outcome: Survival,
    up: BoolArray,
    down: BoolArray,
    horizon: float,
    kind: Scale,
    estimator: ReclassificationEstimator,
) -> NetReclassification:
    check_horizon(horizon)
    if estimator == "kaplan-meier":
        (up_event, up_free), (down_event, down_free), note = _by_kaplan_meier(
            outcome, up, down, horizon
        )
    else:
        (up_event, up_free), (down_event, down_free), note = _by_weights(outcome, up, down, horizon)
    events, non_events = up_event - down_event, down_free - up_free
    return NetReclassification(
        events + non_events,
        events,
        non_events,
        up_event,
        down_event,
        down_free,
        up_free,
        int(up.sum()),
        int(down.sum()),
        up.size,
        float(horizon),
        kind,
        estimator,
        note,
    )


_Shares = tuple[float, float]
_NONE: _Shares = (float("nan"), float("nan"))


def _by_kaplan_meier(
    outcome: Survival, up: BoolArray, down: BoolArray, horizon: float
) -> tuple[_Shares, _Shares, str]:
    when = outcome.when(horizon)
    if horizon > outcome.time.max():
        return _NONE, _NONE, f"nobody was followed to the horizon of {when}"
    free = _event_free(outcome, horizon)
    if free >= 1.0:
        return _NONE, _NONE, f"no event by the horizon of {when}"
    if free <= 0.0:
        return _NONE, _NONE, f"nobody is left without the event at the horizon of {when}"

    def shares(moved: BoolArray) -> _Shares:
        if not moved.any():
            return 0.0, 0.0
        of_moved, share = _event_free(outcome.take(moved), horizon), float(moved.mean())
        return (1.0 - of_moved) * share / (1.0 - free), of_moved * share / free

    return shares(up), shares(down), ""


def _event_free(outcome: Survival, horizon: float) -> float:
    """Return Kaplan-Meier's S(t) alone: the bootstrap asks for it thousands of times."""
    order = np.argsort(outcome.time, kind="stable")
    time = merge_near_ties(outcome.time)[order]
    starts = np.flatnonzero(np.append(True, np.diff(time) > 0.0))
    deaths = np.add.reduceat(outcome.event[order].astype(np.float64), starts)
    hazard = deaths / (time.size - starts)
    return float(np.prod(1.0 - hazard[time[starts] <= horizon]))


def _by_weights(
    outcome: Survival, up: BoolArray, down: BoolArray, horizon: float
) -> tuple[_Shares, _Shares, str]:
    time, event = outcome.time, outcome.event
    is_event = event & (time <= horizon)
    is_free = time > horizon
    if not is_event.any():
        return _NONE, _NONE, f"no event by the horizon of {outcome.when(horizon)}"
    if not is_free.any():
        return _NONE, _NONE, f"nobody was followed beyond the horizon of {outcome.when(horizon)}"
    weight = np.zeros(time.size)
    weight[is_event] = 1.0 / nricens_uncensored_probability(time, event, time[is_event])

    def shares(moved: BoolArray) -> _Shares:
        return float(weight[moved].sum() / weight.sum()), float(moved[is_free].mean())

    return shares(up), shares(down), ""
