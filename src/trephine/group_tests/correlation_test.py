"""Test of Pearson's correlation with Fisher's interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from trephine.errors import InputError
from trephine.group_tests.hypothesis_test import (
    HypothesisTest,
    observed_samples,
    unanswered,
)
from trephine.types import Estimate


def correlation_test(
    first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95
) -> HypothesisTest:
    """Test whether two variables are linearly correlated (R: ``cor.test``, Pearson).

    Parameters
    ----------
    first, second
        Shape (n,), without missing values.
    level
        Coverage of the interval, by Fisher's z.

    Raises
    ------
    InputError
        If the variables differ in length, or a value is missing.
    """
    x, y = observed_samples([first, second], "correlation")
    if x.size != y.size:
        raise InputError(f"correlation: expected equal lengths, found {x.size} and {y.size}")
    if x.size < 4:
        return unanswered("Pearson correlation", x.size, f"{x.size} cases; 4 are needed")
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return unanswered("Pearson correlation", x.size, "a variable is constant")
    dx, dy = x - x.mean(), y - y.mean()
    r = float(np.clip(dx @ dy / np.sqrt((dx @ dx) * (dy @ dy)), -1.0, 1.0))
    df = x.size - 2
    with np.errstate(divide="ignore"):
        statistic = float(np.sqrt(df) * r / np.sqrt(np.float64(1.0 - r**2)))
        centre = np.arctanh(r)
    half = float(stats.norm.isf((1.0 - level) / 2.0)) / np.sqrt(x.size - 3)
    return HypothesisTest(
        "Pearson correlation",
        statistic,
        2.0 * float(stats.t.sf(abs(statistic), df)),
        x.size,
        (float(df),),
        Estimate(r, float(np.tanh(centre - half)), float(np.tanh(centre + half)), level),
    )
