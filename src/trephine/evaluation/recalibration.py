"""What a locked model would need to fit outside cases: a new baseline, or a new slope as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import ModelError
from trephine.evaluation.normal_interval import with_interval
from trephine.evaluation.unfitted import why_unfitted
from trephine.regression.cox import CoxModel
from trephine.survival.late_entry import rows_by_time
from trephine.survival.late_outcome import entry_of
from trephine.types import Estimate, FloatArray, Survival


@dataclass(frozen=True)
class Recalibration:
    """An update of a locked model to outside cases.

    Attributes
    ----------
    slope
        Of the locked linear predictor among the outside cases: below 1 where the model's
        predictions are too far apart; NaN where none can be fitted.
    horizons
        Times of the baseline survival.
    locked_baseline
        Survival of the case at the model's centre, as locked.
    new_baseline
        The same from the outside cases, with the locked slope.
    new_baseline_and_slope
        The same, with the slope of the outside cases too.
    note
        Why something is missing; empty where nothing is.
    """

    slope: Estimate
    horizons: tuple[float, ...]
    locked_baseline: FloatArray
    new_baseline: FloatArray
    new_baseline_and_slope: FloatArray
    note: str = ""


def recalibrate(
    outcome: Survival,
    linear_predictor: npt.ArrayLike,
    horizons: Sequence[float],
    locked_baseline: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
) -> Recalibration:
    """Estimate what would bring a locked model's predictions in line with outside cases.

    The two updates of van Houwelingen (2000, Stat Med 19:3401) and Steyerberg et al. (2004, Stat
    Med 23:2567): the baseline alone, then baseline and slope. They are offered, never applied in
    silence: an updated model is a different model and needs its own validation.

    Parameters
    ----------
    outcome
        Of n outside cases.
    linear_predictor
        Of the locked model, centred; shape (n,).
    horizons
        Times, not past the last follow-up of the outside cases.
    locked_baseline
        Locked survival at the centre at each horizon.
    cluster
        For a slope with a robust interval, shape (n,).
    """
    lp = np.asarray(linear_predictor, dtype=np.float64)
    times = np.asarray(horizons, dtype=np.float64)
    slope, note = Estimate(float("nan")), ""
    try:
        fitted = CoxModel().fit(lp[:, np.newaxis], outcome, cluster=cluster).result_
        value = float(fitted.coefficients[0])
        slope = with_interval(value, float(fitted.standard_errors[0]) ** 2)
        both = breslow_baseline(outcome, value * lp, times)
    except ModelError as error:
        note = f"recalibration: {why_unfitted(error)}"
        both = np.full(times.size, np.nan)
    return Recalibration(
        slope=slope,
        horizons=tuple(horizons),
        locked_baseline=np.asarray(locked_baseline, dtype=np.float64),
        new_baseline=breslow_baseline(outcome, lp, times),
        new_baseline_and_slope=both,
        note=note,
    )


def breslow_baseline(
    outcome: Survival, linear_predictor: FloatArray, times: FloatArray
) -> FloatArray:
    """Return survival at linear predictor 0, the predictor's coefficient held at 1.

    Breslow's estimate with the predictor as offset; shape of ``times``.
    """
    rows = rows_by_time(outcome.time, outcome.event, entry_of(outcome))
    time, event, lp = rows.time, rows.event, linear_predictor[rows.case]
    shift = float(lp.max())
    at_risk = np.cumsum((rows.sign * np.exp(lp - shift))[::-1])[::-1]
    first = np.searchsorted(time, time, side="left")
    steps = np.zeros(time.size)
    steps[event] = np.exp(-shift) / at_risk[first[event]]
    cumulative = np.append(0.0, np.cumsum(steps))
    hazard: FloatArray = cumulative[np.searchsorted(time, times, side="right")]
    survival: FloatArray = np.exp(-hazard)
    return survival
