"""Smallest sample to validate predictions of a yes or no: Riley et al. 2021."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from trephine.errors import InputError
from trephine.evaluation.precision import (
    check_widths,
    half_width,
    log_ratio_error,
    smallest_n,
)
from trephine.survival.arrays import check_vector


@dataclass(frozen=True)
class BinaryValidationSize:
    """What precision asks for when everyone's outcome is known.

    Attributes
    ----------
    ratio_n, slope_n, c_n
        Cases for the intervals of observed over expected, of the calibration slope and of the
        C-statistic to be as narrow as asked.
    n, events
        The largest of the three, and the events to expect among so many.
    """

    ratio_n: int
    slope_n: int
    c_n: int
    n: int
    events: int


def binary_validation_size(
    linear_predictor: npt.ArrayLike,
    *,
    prevalence: float,
    c_statistic: float,
    ratio_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
) -> BinaryValidationSize:
    """Return the smallest sample to validate a logistic model (R: ``pmvalsampsize(type = "b")``).

    Criteria 1 to 3 of Riley et al. 2021 (Stat Med 40:4230) for a model that is well calibrated,
    with 1.96 for the normal quantile as there. The package searches the standard error of log(O/E)
    in steps of ``oeseincrement`` and stops past the width; here the width is met, as there with
    ever smaller steps. Its net benefit is not computed.

    Parameters
    ----------
    linear_predictor
        Shape (m,): log odds as they are expected in the validation's cases, for example those of
        the development, or many draws from a distribution.
    prevalence
        Share of cases with the event, between 0 and 1.
    c_statistic
        To expect, between 0.5 and 1.
    ratio_width, slope_width, c_width
        Widths of the 95 % intervals that are wanted, > 0.

    Raises
    ------
    InputError
        If a number is out of its range, or every linear predictor is the same.
    """
    found = [
        f"{name}: expected a number between {low:g} and 1, found {value}"
        for name, low, value in (("prevalence", 0, prevalence), ("C-statistic", 0.5, c_statistic))
        if not low < value < 1
    ]
    found += check_widths(ratio_width, slope_width, c_width)
    if found:
        raise InputError("; ".join(found))
    scores = np.asarray(linear_predictor, dtype=np.float64)
    scores = check_vector(scores, scores.size, "linear predictor")
    if scores.size < 2 or np.ptp(scores) == 0:
        raise InputError("linear predictor: expected values that differ, found one value only")
    chance = expit(scores)
    weight = chance * (1.0 - chance)
    none, one, two = (float((weight * scores**power).mean()) for power in (0, 1, 2))
    by_ratio = smallest_n((1.0 - prevalence) / prevalence, log_ratio_error(ratio_width))
    by_slope = smallest_n(none / (none * two - one**2), half_width(slope_width))
    by_c = _cases_for_c(prevalence, c_statistic, half_width(c_width))
    n = max(by_ratio, by_slope, by_c)
    return BinaryValidationSize(by_ratio, by_slope, by_c, n, int(np.ceil(n * prevalence)))


def _cases_for_c(prevalence: float, c: float, error: float) -> int:
    """Return the first n at which Newcombe's standard error of C is small enough.

    Newcombe 2006, Stat Med 25:559, method 4, with n / 2 in place of either group's size. The
    variance times n^2 is a line in n, so that the bound is the root of a square.
    """
    slope = (1.0 - c) / (2.0 - c) + c / (1.0 + c)
    scale = c * (1.0 - c) / (prevalence * (1.0 - prevalence)) / error**2
    line, rest = scale * slope / 2.0, scale * (1.0 - slope)
    return int(np.ceil((line + np.sqrt(line**2 + 4.0 * rest)) / 2.0))
