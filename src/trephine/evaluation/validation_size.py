"""Smallest sample to validate a time-to-event model: Riley et al. 2022."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from trephine.errors import InputError
from trephine.evaluation.precision import (
    check_widths,
    half_width,
    log_ratio_error,
    smallest_n,
)
from trephine.evaluation.pseudo_values import survival_pseudo_values
from trephine.streams import generator
from trephine.survival.concordance import concordance
from trephine.types import FloatArray, Survival

SIMULATED = 200_000
"""Cases of the population whose variances are taken."""
FEWEST = 1_000
"""Of them with the event, and without it at the horizon: below, their variances are too rough."""
NODES = 400
"""Quantiles of the linear predictor, where a mean over it is a sum."""
WIDEST_SPREAD = 8.0
"""Standard deviation of the linear predictor up to which one is looked for."""


@dataclass(frozen=True)
class ValidationSize:
    """What the precision of a validation asks for (Riley et al. 2022, Stat Med 41:1280).

    Attributes
    ----------
    ratio_n, slope_n, c_n
        Cases for the 95 % intervals of observed over expected at the horizon, of the calibration
        slope there and of the C-index to be as narrow as asked.
    n, events
        The largest of the three, and the events to expect among so many up to the horizon.
    spread
        Standard deviation of the model's linear predictor.
    c_index
        Harrell's, in the simulated population, with follow-up to the horizon.
    """

    ratio_n: int
    slope_n: int
    c_n: int
    n: int
    events: int
    spread: float
    c_index: float


def validation_size(
    *,
    risk: float,
    followed: float,
    c_index: float | None = None,
    spread: float | None = None,
    ratio_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
    seed: int = 0,
) -> ValidationSize:
    """Return the smallest sample to validate a survival model's predictions at a horizon.

    R's and Python's pmvalsampsize have no time-to-event outcome; this is the procedure of Riley
    et al. 2022. Linear predictors are normal, hazards constant, censoring exponential, and the
    model is well calibrated. The slope is that of pseudo-values on log(-log(1 - p)), with
    the sandwich standard error of a Gaussian model with that link. All three variances fall as
    1 / n, so that they are taken once, from a population of 200,000 (to about 1 % of n) instead of
    from samples of each size that is tried. Where all are followed the variance of log(O/E) is
    the binary one of pmvalsampsize, criterion 1 (`binary_validation_size`).

    Parameters
    ----------
    risk
        Share of cases with the event by the horizon, between 0 and 1.
    followed
        Share of cases who would be followed to the horizon if none had the event: Kaplan-Meier's
        curve of the censoring there; above 0, at most 1.
    c_index
        C-index to expect with follow-up to the horizon; from it follows ``spread``.
    spread
        Standard deviation of the linear predictor (log hazard); Royston's D is 1.6 times as much.
        One of the two.
    ratio_width, slope_width, c_width
        Widths of the 95 % intervals that are wanted, > 0, around 1, 1 and the C-index.
    seed
        Of the population.

    Raises
    ------
    InputError
        If a number is out of its range (all are listed), or too few cases have the event or are
        followed to the horizon (0.5 %).

    Examples
    --------
    >>> from trephine import validation_size
    >>> validation_size(risk=0.3, followed=1.0, c_index=0.7).ratio_n
    900
    """
    found = check_widths(ratio_width, slope_width, c_width)
    if seed < 0:
        found.append(f"seed: expected a whole number >= 0, found {seed}")
    _check(risk, followed, c_index, spread, found)
    sigma = _spread_of(c_index, risk) if spread is None else spread
    hazard = _hazard(sigma, risk)
    rate = -float(np.log(followed))
    outcome, scores = _population(sigma, hazard, rate, generator(seed, "planned validation"))
    pseudo = survival_pseudo_values(outcome, 1.0)
    ordered = concordance(outcome.time, outcome.event, scores)
    by_ratio = smallest_n(_ratio_variance(sigma, hazard, rate), log_ratio_error(ratio_width))
    by_slope = smallest_n(slope_variance(1.0 - pseudo, hazard, scores), half_width(slope_width))
    by_c = smallest_n(ordered.variance * SIMULATED, half_width(c_width))
    n = max(by_ratio, by_slope, by_c)
    events = int(np.ceil(n * outcome.event.mean()))
    return ValidationSize(by_ratio, by_slope, by_c, n, events, sigma, ordered.estimate)


def _population(
    spread: float, hazard: float, censoring: float, rng: np.random.Generator
) -> tuple[Survival, FloatArray]:
    """Return cases followed to a horizon of 1, and their linear predictors."""
    # Stratified, so that the predictor's own distribution adds no noise.
    scores = spread * ndtri((np.arange(SIMULATED) + rng.random(SIMULATED)) / SIMULATED)
    failing = rng.exponential(size=SIMULATED) / (hazard * np.exp(scores))
    leaving = rng.exponential(size=SIMULATED)
    stop = np.minimum(leaving / censoring, 1.0) if censoring > 0 else np.ones(SIMULATED)
    outcome = Survival(np.minimum(failing, stop), failing <= stop)
    events, beyond = int(outcome.event.sum()), int((outcome.time >= 1.0).sum())
    if min(events, beyond) < FEWEST:
        raise InputError(
            f"of {SIMULATED} simulated cases expected at least {FEWEST} with the event and {FEWEST}"
            f" followed to the horizon without it, found {events} and {beyond}; take a horizon"
            " that more reach, or at which more events are seen"
        )
    return outcome, scores


def share_with_event(event_rate: float, horizon: float) -> float:
    """Return the risk at a horizon under a constant hazard, as `sample_size` has it.

    Parameters
    ----------
    event_rate
        Events per case and unit of time, > 0.
    horizon
        In that unit, > 0.

    Raises
    ------
    InputError
        If a number is out of its range.
    """
    _check_positive({"event rate": event_rate, "horizon": horizon})
    return float(-np.expm1(-event_rate * horizon))


def share_followed(event_rate: float, mean_follow_up: float, horizon: float) -> float:
    """Return the share followed to a horizon but for events, under a constant hazard of leaving.

    Follow-up ends at a rate of one over its mean, and what is not events is censoring. Where
    nearly all are followed to one date, more are followed than this says.

    Parameters
    ----------
    event_rate
        Events per case and unit of time, > 0.
    mean_follow_up, horizon
        In that unit, > 0.

    Raises
    ------
    InputError
        If a number is out of its range, or there were more than one event a case.
    """
    _check_positive(
        {"event rate": event_rate, "mean follow-up": mean_follow_up, "horizon": horizon}
    )
    events = event_rate * mean_follow_up
    if events > 1:
        raise InputError(
            "event rate times mean follow-up: expected at most 1 event a case, found"
            f" {events:.3g}; give both in the same unit of time"
        )
    return float(np.exp(-(1.0 / mean_follow_up - event_rate) * horizon))


def slope_variance(pseudo: FloatArray, hazard: float, scores: FloatArray) -> float:
    """Return one case's variance of the calibration slope, at a slope of 1.

    The sandwich of independent Gaussian errors around 1 - exp(-exp(a + b x)), with
    x = log(hazard) + score, the complementary log-log of the predicted probability.

    Parameters
    ----------
    pseudo
        Shape (n,): pseudo-values of the event probability at the horizon.
    hazard, scores
        Cumulative baseline hazard at the horizon, > 0; linear predictors, shape (n,).
    """
    x = np.log(hazard) + scores
    cumulative = np.exp(x)
    steepness = cumulative * np.exp(-cumulative)
    gradient = steepness[:, None] * np.column_stack([np.ones_like(x), x])
    residual = pseudo + np.expm1(-cumulative)
    bread = np.linalg.inv(gradient.T @ gradient / x.size)
    scored = gradient * residual[:, None]
    variance = bread @ (scored.T @ scored / x.size) @ bread
    return float(variance[1, 1])


def _check_positive(numbers: dict[str, float]) -> None:
    odd = [
        f"{name}: expected a number > 0, found {value}"
        for name, value in numbers.items()
        if not 0 < value < np.inf
    ]
    if odd:
        raise InputError("; ".join(odd))


def _check(
    risk: float, followed: float, c_index: float | None, spread: float | None, found: list[str]
) -> None:
    """Refuse what no population has, all of it at once; ``found`` is what is known already."""
    if not 0 < risk < 1:
        found.append(f"risk at the horizon: expected a number between 0 and 1, found {risk}")
    if not 0 < followed <= 1:
        found.append(f"share followed: expected a number above 0 and at most 1, found {followed}")
    if (c_index is None) == (spread is None):
        given = "neither" if c_index is None else "both"
        found.append(f"expected a C-index or the linear predictor's spread, found {given}")
    if c_index is not None and not 0.5 < c_index < 1:
        found.append(f"C-index: expected a number between 0.5 and 1, found {c_index}")
    if spread is not None and not 0 < spread <= WIDEST_SPREAD:
        found.append(
            f"spread: expected a number above 0 and at most {WIDEST_SPREAD:g}, found {spread}"
        )
    if found:
        raise InputError("; ".join(found))


def _nodes(spread: float) -> FloatArray:
    """Return equally likely linear predictors."""
    nodes: FloatArray = spread * ndtri((np.arange(NODES) + 0.5) / NODES)
    return nodes


def _hazard(spread: float, risk: float) -> float:
    """Return the hazard per horizon of a linear predictor of 0 that gives the overall risk."""
    relative = np.exp(_nodes(spread))

    def excess(log_hazard: float) -> float:
        return float(-np.expm1(-np.exp(log_hazard) * relative).mean()) - risk

    return float(np.exp(brentq(excess, -60.0, 60.0)))


def _spread_of(c_index: float | None, risk: float) -> float:
    """Return the spread that gives the C-index, with all followed to the horizon.

    A case of hazard a fails before the horizon and before one of hazard b with probability
    a / (a + b) (1 - exp(-a - b)).
    """
    assert c_index is not None

    def excess(spread: float) -> float:
        hazards = _hazard(spread, risk) * np.exp(_nodes(spread))
        both = hazards[:, None] + hazards
        first = hazards[:, None] / both * -np.expm1(-both)
        right = float(np.tril(first, -1).sum() + np.trace(first) / 2.0)
        return right / float(first.sum()) - c_index

    if excess(WIDEST_SPREAD) < 0:
        raise InputError(
            f"C-index: {c_index} is out of reach at a risk of {risk}, even with a linear"
            f" predictor's spread of {WIDEST_SPREAD:g}; expected a smaller one"
        )
    return float(brentq(excess, 1e-6, WIDEST_SPREAD, xtol=1e-6))


def _ratio_variance(spread: float, hazard: float, censoring: float) -> float:
    """Return one case's variance of the log of Kaplan-Meier's event probability at the horizon.

    Greenwood's limit: (S / (1 - S))^2 times the integral of dF / (S^2 G); (1 - risk) / risk where
    nobody is censored.
    """
    edges = np.linspace(0.0, 1.0, 2 * NODES + 1)
    event_free = np.exp(-np.outer(edges, hazard * np.exp(_nodes(spread)))).mean(axis=1)
    steps = np.diff(1.0 / event_free)  # dF / S^2, exactly
    middle = (edges[1:] + edges[:-1]) / 2.0
    integral = float((steps * np.exp(censoring * middle)).sum())
    return float(event_free[-1] / (1.0 - event_free[-1])) ** 2 * integral
