"""Concordance of a risk score with survival: Harrell's C, Uno's C and their relatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.survival.arrays import (
    check_survival,
    check_vector,
    check_weights,
    group_codes,
    merge_near_ties,
    merge_near_ties_in_order,
)
from trephine.survival.concordance_counts import add_survivors, count_pairs, dense_ranks
from trephine.survival.ipcw import censoring_distribution
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import BoolArray, FloatArray, IntArray

CensoredTies = Literal["count", "skip"]
TimeWeight = Literal["n", "S", "S/G", "n/G2", "I"]


@dataclass(frozen=True)
class Concordance:
    """Concordance with its infinitesimal-jackknife variance.

    Attributes
    ----------
    estimate
        (concordant + tied_x / 2) / (concordant + discordant + tied_x).
    variance
        Sum of squared influences, of clusters where given.
    influence
        Shape (n,): change of the estimate per case (weight times derivative by weight). The
        covariance of two models on the same cases is the product of theirs.
    concordant, discordant
        Comparable pairs (weighted) in which the earlier event has the higher, the lower score.
    tied_x, tied_y, tied_xy
        Comparable pairs of equal score; pairs of events at one time with different scores, and
        with equal ones.
    time_weight, ymax
        As asked for.
    n, n_events
        Cases and events.
    """

    estimate: float
    variance: float
    influence: FloatArray
    concordant: float
    discordant: float
    tied_x: float
    tied_y: float
    tied_xy: float
    time_weight: TimeWeight
    ymax: float | None
    n: int
    n_events: int

    @property
    def standard_error(self) -> float:
        """Square root of the variance."""
        return float(np.sqrt(self.variance))


def concordance(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    risk_score: npt.ArrayLike,
    *,
    time_weight: TimeWeight = "n",
    ymax: float | None = None,
    cluster: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
) -> Concordance:
    """Measure how well a score orders the events; a higher score means an earlier event.

    Equal to R's ``survival::concordance(Surv(time, event) ~ risk_score, reverse = TRUE)``. An
    event and a censoring at one time are comparable. The variance takes the time weights as
    fixed (Therneau and Atkinson, "Concordance", vignette of R's survival).

    Parameters
    ----------
    time, event, risk_score
        Shape (n,); the scores in any order, finite.
    time_weight
        Weight of an event time's pairs, Y the number at risk just before it: "n" 1 (Harrell);
        "S" n S(t-) / Y; "S/G" n S(t-) / (G(t-) Y) (Schemper); "n/G2" 1 / G(t-)^2 (Uno);
        "I" 1 / Y. In G events leave the risk set before the censorings at the same time.
    ymax
        Pairs whose earlier event lies after ``ymax`` do not count.
    cluster
        Shape (n,), labels; influences are summed within clusters before squaring.
    weights
        Shape (n,), > 0, case weights.
    strata
        Shape (n,), labels; only pairs within a stratum are compared.

    Raises
    ------
    InputError
        Unusable arrays, or no comparable pair.
    """
    times, events = check_survival(time, event)
    n = times.size
    score = check_vector(risk_score, n, "risk_score")
    case_weights = check_weights(weights, n)
    counts, by_case = count_by_case(times, events, score, case_weights, strata, time_weight, ymax)
    return concordance_of_counts(counts, by_case, events, case_weights, cluster, time_weight, ymax)


def concordance_of_counts(
    counts: FloatArray,
    by_case: FloatArray,
    events: BoolArray,
    case_weights: FloatArray,
    cluster: npt.ArrayLike | None,
    time_weight: TimeWeight,
    ymax: float | None,
) -> Concordance:
    """Return the estimate and its influences from pairs, in all and of each case.

    Parameters
    ----------
    counts, by_case
        Of `count_by_case`.
    events, case_weights
        Shape (n,).
    cluster, time_weight, ymax
        As in `concordance`.

    Raises
    ------
    InputError
        No comparable pair.
    """
    pairs = float(counts[:3].sum())
    if pairs <= 0:
        raise InputError(_no_pairs(events))
    estimate = float(counts[0] + counts[2] / 2) / pairs
    influence = case_weights * (by_case[:, 0] - estimate * by_case[:, 1]) / pairs
    return Concordance(
        estimate=estimate,
        variance=influence_covariance(influence[:, None], cluster)[0, 0].item(),
        influence=influence,
        concordant=float(counts[0]),
        discordant=float(counts[1]),
        tied_x=float(counts[2]),
        tied_y=float(counts[3]),
        tied_xy=float(counts[4]),
        time_weight=time_weight,
        ymax=ymax,
        n=events.size,
        n_events=int(events.sum()),
    )


def count_by_case(
    times: FloatArray,
    events: BoolArray,
    score: FloatArray,
    weights: FloatArray,
    strata: npt.ArrayLike | None,
    time_weight: TimeWeight,
    ymax: float | None,
) -> tuple[FloatArray, FloatArray]:
    """Return the weight of each kind of pair, and each case's concordant and comparable ones.

    Parameters as in `concordance`, checked; the shapes are (5,), as of `count_pairs`, and (n, 2).
    """
    ranks, n_ranks = dense_ranks(score, np.argsort(score))
    order = np.argsort(times)
    merged = merge_near_ties_in_order(times[order])
    counts, by_case = np.zeros(5), np.empty((times.size, 2))
    for part in _parts_of_order(order, strata):
        rows, t = order[part], merged[part]
        e, r, w = events[rows], ranks[rows], weights[rows]
        own = np.zeros((rows.size, 2))
        pair_weight = _time_weights(t, e, w, time_weight, ymax)
        counts += count_pairs(t, e, r, n_ranks, w, pair_weight, True, own)
        add_survivors(t, e, r, n_ranks, w, pair_weight, own)
        by_case[rows] = own
    return counts, by_case


def harrell_concordance(
    time: npt.ArrayLike, event: npt.ArrayLike, risk_score: npt.ArrayLike
) -> float:
    """Return Harrell's C alone, as `concordance` defines it, for loops over resamples.

    Raises
    ------
    InputError
        Unusable arrays, or no comparable pair.
    """
    times, events = check_survival(time, event)
    score = check_vector(risk_score, times.size, "risk_score")
    return estimate_of(merge_near_ties(times), events, score, np.ones(times.size), "count")


def influence_covariance(influence: FloatArray, cluster: npt.ArrayLike | None) -> FloatArray:
    """Return the infinitesimal-jackknife covariance of several estimates on the same cases.

    Parameters
    ----------
    influence
        Shape (n, k), a column an estimate.
    cluster
        Shape (n,), labels, or None for independent cases.
    """
    if cluster is not None:
        codes, labels = group_codes(cluster, influence.shape[0], "cluster")
        summed = [np.bincount(codes, column, labels.size) for column in influence.T]
        influence = np.column_stack(summed)
    covariance: FloatArray = influence.T @ influence
    return covariance


def estimate_of(
    times: FloatArray,
    events: BoolArray,
    score: FloatArray,
    time_weight: FloatArray,
    censored_ties: CensoredTies,
) -> float:
    """Return the concordance alone; arguments as ``counts_of``."""
    counts = counts_of(times, events, score, np.ones(times.size), time_weight, censored_ties)
    pairs = float(counts[:3].sum())
    if pairs <= 0:
        raise InputError(_no_pairs(events))
    return float(counts[0] + counts[2] / 2) / pairs


def counts_of(
    times: FloatArray,
    events: BoolArray,
    score: FloatArray,
    case_weights: FloatArray,
    time_weight: FloatArray,
    censored_ties: CensoredTies,
) -> FloatArray:
    """Count the pairs of cases in any order, as ``count_pairs``.

    ``censored_ties`` says whether a case censored at the time of an event counts as surviving it.
    """
    ranks, n_ranks = dense_ranks(score, np.argsort(score))
    order = np.argsort(times)
    return count_pairs(
        times[order],
        events[order],
        ranks[order],
        n_ranks,
        case_weights[order],
        time_weight[order],
        censored_ties == "count",
        np.empty((0, 2)),
    )


def _parts_of_order(order: IntArray, strata: npt.ArrayLike | None) -> list[slice | IntArray]:
    """Return, for each stratum, where its cases stand in the order of time."""
    if strata is None:
        return [slice(None)]
    codes, labels = group_codes(strata, order.size, "strata")
    return [np.flatnonzero(codes[order] == code) for code in range(labels.size)]


def _time_weights(
    times: FloatArray,
    events: BoolArray,
    case_weights: FloatArray,
    time_weight: TimeWeight,
    ymax: float | None,
) -> FloatArray:
    """Return the time weight of each row of one stratum (0 where the row has no event)."""
    counted = events if ymax is None else events & (times <= ymax)
    if time_weight == "n":
        return counted.astype(np.float64)
    curve = kaplan_meier(times, events, weights=case_weights)
    position = np.searchsorted(curve.times, times)
    at_risk = curve.n_at_risk[position]
    total = float(case_weights.sum())
    survival = np.append(1.0, curve.survival_probability)[position]
    uncensored = censoring_distribution(times, events, weights=case_weights).before(times)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = {
            "S": lambda: total * survival / at_risk,
            "S/G": lambda: total * survival / (uncensored * at_risk),
            "n/G2": lambda: uncensored**-2.0,
            "I": lambda: 1 / at_risk,
        }.get(time_weight)
        if weight is None:
            raise InputError(
                "time_weight: expected 'n', 'S', 'S/G', 'n/G2' or 'I', found " + repr(time_weight)
            )
        found = weight()
    return np.where(counted & np.isfinite(found), found, 0.0)


def _no_pairs(events: BoolArray) -> str:
    return (
        "concordance: expected an event (before ymax or tau) with a case followed longer, found"
        f" none among {events.size} cases with {int(events.sum())} events"
    )
