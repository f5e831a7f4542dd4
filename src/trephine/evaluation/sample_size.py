"""Smallest sample to develop a time-to-event model: the criteria of Riley et al."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from trephine.errors import InputError

SHRINKAGE = 0.9
R2_DIFFERENCE = 0.05
RISK_MARGIN = 0.05
LEVEL = 0.95


@dataclass(frozen=True)
class SampleSize:
    """What the criteria ask for (Riley et al. 2019, Stat Med 38:1276, sections 4 to 6).

    Attributes
    ----------
    shrinkage_n
        Criterion 1: cases for an expected shrinkage of 0.9, that is at most 10 % overfitting.
    r2_difference_n
        Criterion 2: for apparent and adjusted Nagelkerke R2 to differ by 0.05 at most.
    risk_n
        Criterion 3: for the overall risk at the horizon to be known to within 0.05, under a
        constant hazard.
    n, events
        The largest of the three, and the events to expect among so many.
    events_per_parameter
        ``events`` over ``parameters``.
    parameters
        Candidate parameters: every coefficient that could enter, selected or not.
    r2, largest_r2
        Cox-Snell's R2 that is expected, and the largest that the event rate allows.
    """

    shrinkage_n: int
    r2_difference_n: int
    risk_n: int
    n: int
    events: int
    events_per_parameter: float
    parameters: int
    r2: float
    largest_r2: float


def sample_size(
    parameters: int,
    *,
    event_rate: float,
    mean_follow_up: float,
    horizon: float,
    r2: float | None = None,
    nagelkerke_r2: float = 0.15,
) -> SampleSize:
    """Return the smallest sample to develop a Cox model (R: ``pmsampsize(type = "s")``).

    Parameters
    ----------
    parameters
        Candidate parameters. With a penalised signature, all features that it could use count.
    event_rate
        Events per case and unit of time.
    mean_follow_up, horizon
        In the same unit.
    r2
        Cox-Snell's R2 to expect, adjusted for optimism; from ``nagelkerke_r2`` where None.
    nagelkerke_r2
        Share of the largest possible R2; 0.15 where nothing better is known (Riley et al. 2020,
        BMJ 368:m441).

    Raises
    ------
    InputError
        If a number is out of its range, or the R2 larger than the event rate allows.

    Examples
    --------
    >>> from trephine import sample_size
    >>> needed = sample_size(10, event_rate=0.02, mean_follow_up=36, horizon=24)
    >>> needed.n, needed.events
    (653, 471)
    """
    for name, value in (
        ("parameters", parameters),
        ("event rate", event_rate),
        ("mean follow-up", mean_follow_up),
        ("horizon", horizon),
    ):
        if not value > 0:
            raise InputError(f"{name}: expected a number > 0, found {value}")
    events_per_case = event_rate * mean_follow_up
    largest = largest_r2(events_per_case)
    expected = nagelkerke_r2 * largest if r2 is None else r2
    if not 0 < expected < min(largest, SHRINKAGE):
        limit = min(largest, SHRINKAGE)
        raise InputError(f"R2: expected a number between 0 and {limit:.3g}, found {expected:.3g}")
    by_shrinkage = cases_for_shrinkage(parameters, expected, SHRINKAGE)
    tolerated = expected / (expected + R2_DIFFERENCE * largest)
    by_difference = cases_for_shrinkage(parameters, expected, tolerated)
    by_risk = _cases_for_risk(event_rate, mean_follow_up, horizon)
    n = max(by_shrinkage, by_difference, by_risk)
    events = int(np.ceil(n * events_per_case))
    return SampleSize(
        shrinkage_n=by_shrinkage,
        r2_difference_n=by_difference,
        risk_n=by_risk,
        n=n,
        events=events,
        events_per_parameter=events / parameters,
        parameters=parameters,
        r2=expected,
        largest_r2=largest,
    )


def largest_r2(events_per_case: float) -> float:
    """Return the largest Cox-Snell R2 of an exponential model with so many events a case.

    1 - exp(2 log L0 / n) with log L0 / n = e log e - e (Riley et al. 2019, section 4.3).
    """
    null = events_per_case * np.log(events_per_case) - events_per_case
    return float(-np.expm1(2.0 * null))


def cases_for_shrinkage(parameters: int, r2: float, shrinkage: float) -> int:
    """Return n = p / ((S - 1) log(1 - R2 / S)), rounded up (Riley et al. 2019, eq. 11)."""
    return int(np.ceil(parameters / ((shrinkage - 1.0) * np.log1p(-r2 / shrinkage))))


def supported_parameters(n: int, r2: float, shrinkage: float = SHRINKAGE) -> int:
    """Return how many candidate parameters n cases allow at a shrinkage."""
    return int(np.floor(n * (shrinkage - 1.0) * np.log1p(-r2 / shrinkage)))


def _cases_for_risk(event_rate: float, mean_follow_up: float, horizon: float) -> int:
    """Return n at which both limits of the risk at the horizon are within the margin.

    The rate's standard error is sqrt(rate / person-time); the margin on the risk is turned into
    the one on the rate, and the narrower side decides.
    """
    z = float(ndtri(0.5 + LEVEL / 2.0))
    risk = -np.expm1(-event_rate * horizon)
    tolerated = []
    if risk + RISK_MARGIN < 1.0:
        tolerated.append(-np.log1p(-(risk + RISK_MARGIN)) / horizon - event_rate)
    if risk > RISK_MARGIN:
        tolerated.append(event_rate + np.log1p(-(risk - RISK_MARGIN)) / horizon)
    if not tolerated:
        return 1
    return int(np.ceil(event_rate * (z / min(tolerated)) ** 2 / mean_follow_up))
