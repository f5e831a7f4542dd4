"""AUC and Brier score of predicted absolute risks under competing events, by inverse weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from trephine.errors import InputError
from trephine.evaluation.censoring_weights import check_horizon, check_risk
from trephine.evaluation.influence import influence_standard_error
from trephine.survival.aalen_johansen import CENSORED, check_causes
from trephine.survival.ipcw import censoring_distribution
from trephine.types import BoolArray, Estimate, FloatArray


@dataclass(frozen=True)
class CompetingScores:
    """How good absolute risks of one cause are at one horizon.

    Attributes
    ----------
    auc
        P(a case with the event of the cause by t has the higher risk than one without it): who
        had another event by t, and who is free of any, are both without. NaN without either.
    brier
        Mean squared distance of risk and event.
    null_brier
        Of the same risk for everybody, the incidence that Aalen and Johansen's curve gives.
    ipa
        1 - ``brier`` / ``null_brier``.
    horizon, n, n_cases
        t, all cases, and events of the cause by t.
    """

    auc: Estimate
    brier: Estimate
    null_brier: float
    ipa: float
    horizon: float
    n: int
    n_cases: int


def competing_scores(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    risk: npt.ArrayLike,
    horizon: float,
    *,
    of: int = 1,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CompetingScores:
    """Score predicted risks (Blanche and others 2013), as riskRegression's ``Score``.

    Parameters
    ----------
    time, cause
        As `trephine.cumulative_incidence`.
    risk
        Shape (n,): predicted probability of the event of the cause by ``horizon``.
    horizon
        t > 0.
    of
        The cause.
    cluster
        Shape (n,), labels: influences are added up within them. The weights are taken as known, as
        with ``conservative = TRUE``.
    level
        Coverage.

    Raises
    ------
    InputError
        Unusable values; nobody followed to the horizon or with an event by it.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine.evaluation import competing_scores
    >>> rng = np.random.default_rng(3)
    >>> risk = rng.uniform(0, 0.6, 400)
    >>> cause = np.where(rng.random(400) < risk, 1, rng.integers(0, 3, 400))
    >>> scores = competing_scores(rng.uniform(0, 40, 400), cause, risk, 24.0)
    >>> scores.auc.value > 0.5
    True
    """
    times, codes = check_causes(time, cause)
    check_horizon(horizon)
    predicted = check_risk(risk, times.size, "risk", probability=True)
    weight = _weights(times, codes, horizon)
    if not weight.any():
        raise InputError(f"horizon: expected somebody followed to {horizon:g}, found nobody")
    case: BoolArray = (times <= horizon) & (codes == of)
    labels = np.arange(times.size) if cluster is None else np.asarray(cluster)
    square = weight * (case - predicted) ** 2
    brier = float(square.mean())
    error = influence_standard_error(square - brier, labels)
    incidence = float((weight * case).mean())
    null = float((weight * (case - incidence) ** 2).mean())
    return CompetingScores(
        auc=_auc(predicted, weight, case, labels, level),
        brier=_estimate(brier, error, level),
        null_brier=null,
        ipa=1 - brier / null if null > 0 else float("nan"),
        horizon=float(horizon),
        n=int(times.size),
        n_cases=int(case.sum()),
    )


def _weights(times: FloatArray, codes: npt.NDArray[np.int64], horizon: float) -> FloatArray:
    """Return 1 / G at the event, or at the horizon of who is followed past it; else 0.

    Who has an event at a time is not at risk of being cut short there, as in ``prodlim``.
    """
    censoring = censoring_distribution(times, codes != CENSORED, estimator="events-first")
    there = float(censoring.at(horizon))
    seen = (times <= horizon) & (codes != CENSORED)
    past = times > horizon
    found = np.zeros(times.size)
    found[seen] = 1 / censoring.before(times[seen])
    found[past] = 1 / there if there > 0 else 0.0
    return found


def _auc(
    risk: FloatArray, weight: FloatArray, case: BoolArray, labels: npt.NDArray[np.generic],
    level: float,
) -> Estimate:  # fmt: skip
    """Return the weighted share of pairs in the right order, ties half."""
    yes, no = np.where(case, weight, 0.0), np.where(case, 0.0, weight)
    if not (yes.any() and no.any()):
        return Estimate(float("nan"), level=level)
    order = np.argsort(risk, kind="stable")
    levels, place = np.unique(risk, return_inverse=True)
    of_no = np.bincount(place, no, minlength=levels.size)
    of_yes = np.bincount(place, yes, minlength=levels.size)
    below = np.cumsum(of_no) - of_no / 2
    above = of_yes.sum() - np.cumsum(of_yes) + of_yes / 2
    n = order.size
    wins, pairs = float(yes @ below[place]) / n**2, float(yes.sum() * no.sum()) / n**2
    auc = wins / pairs
    # Influence of a ratio of two U-statistics, the weights known.
    on_wins = (yes * below[place] + no * above[place]) / n - 2 * wins
    on_pairs = (yes * no.sum() + no * yes.sum()) / n - 2 * pairs
    influence = (on_wins - auc * on_pairs) / pairs
    return _estimate(auc, influence_standard_error(influence, labels), level)


def _estimate(value: float, error: float, level: float) -> Estimate:
    half = float(ndtri(0.5 + level / 2)) * error
    return Estimate(value, value - half, value + half, level, error)
