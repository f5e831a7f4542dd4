"""Tests of normality that know their parameters were estimated: Lilliefors and Shapiro-Wilk."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from trephine.group_tests.hypothesis_test import HypothesisTest, observed_sample, unanswered
from trephine.group_tests.kolmogorov_smirnov import fitted_normal_distance, why_no_normal
from trephine.types import FloatArray

# Stephens (1974) modified statistic: upper end of a range, coefficients of its powers 0 to 4.
_STEPHENS_RANGES = (
    (0.5, (2.76773, -19.828315, 80.709644, -138.55152, 81.218052)),
    (0.9, (-4.901232, 40.662806, -97.490286, 94.029866, -32.355711)),
    (1.31, (6.198765, -19.558097, 23.186922, -12.234627, 2.423045)),
)
_STEPHENS_CERTAIN = 0.302
# Royston (1995): corrections of the two outermost weights, powers 0 to 5 of 1 / sqrt(n).
_ROYSTON_ENDS = (
    (0.0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056),
    (0.0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633),
)


def lilliefors_test(values: npt.ArrayLike) -> HypothesisTest:
    """Test normality with mean and standard deviation fitted (R: ``nortest::lillie.test``).

    The p value is Dallal and Wilkinson's (1986) where it is at most 0.1, and otherwise a
    polynomial in Stephens' (1974) modified statistic, as nortest has it.

    Raises
    ------
    InputError
        If a value is missing.
    """
    sample = observed_sample(values, "Lilliefors test")
    note = why_no_normal(sample, 5)
    if note:
        return unanswered("Lilliefors", sample.size, note)
    distance = fitted_normal_distance(sample)
    return HypothesisTest("Lilliefors", distance, _lilliefors_p(distance, sample.size), sample.size)


def shapiro_wilk_test(values: npt.ArrayLike) -> HypothesisTest:
    """Test normality by Royston's algorithm AS R94 (1995; R: ``shapiro.test``).

    SciPy's version takes normal quantiles from a short polynomial and differs from R's in the
    seventh digit of p; this one takes them exactly, as R does. Holds for 3 to 5,000 values.

    Raises
    ------
    InputError
        If a value is missing.
    """
    sample = observed_sample(values, "Shapiro-Wilk test")
    note = why_no_normal(sample, 3)
    if not note and sample.size > 5000:
        note = f"{sample.size} observed values; the approximation holds up to 5,000"
    if note:
        return unanswered("Shapiro-Wilk", sample.size, note)
    weights = _shapiro_weights(sample.size)
    centred = np.sort(sample) - sample.mean()
    scale = math.sqrt(float(weights @ weights) * float(centred @ centred))
    product = float(weights @ centred)
    lack = (scale - product) * (scale + product) / scale**2  # 1 - W without cancellation
    return HypothesisTest("Shapiro-Wilk", 1.0 - lack, _shapiro_p(lack, sample.size), sample.size)


def _shapiro_weights(n: int) -> FloatArray:
    """Return Royston's approximation of the weights of the order statistics, shape (n,)."""
    if n == 3:
        return np.array([-math.sqrt(0.5), 0.0, math.sqrt(0.5)])
    m = stats.norm.ppf((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    square = float(m @ m)
    weights = m / math.sqrt(square)
    ends = 2 if n > 5 else 1
    corrected = [
        weights[n - 1 - k] + _polynomial(1.0 / math.sqrt(n), _ROYSTON_ENDS[k]) for k in range(ends)
    ]
    inner = slice(ends, n - ends)
    outer_m = 2.0 * sum(float(m[k]) ** 2 for k in range(ends))
    outer_a = 2.0 * sum(a**2 for a in corrected)
    weights[inner] = m[inner] / math.sqrt((square - outer_m) / (1.0 - outer_a))
    for k, a in enumerate(corrected):
        weights[k], weights[n - 1 - k] = -a, a
    return np.asarray(weights, dtype=np.float64)


def _shapiro_p(lack: float, n: int) -> float:
    """Return the p value of 1 - W = ``lack`` by Royston's normalising transformation."""
    if n == 3:
        exact = 6.0 / math.pi * (math.asin(math.sqrt(1.0 - lack)) - math.asin(math.sqrt(0.75)))
        return max(0.0, exact)
    y = math.log(lack)
    if n <= 11:
        limit = _polynomial(n, (-2.273, 0.459))
        if y >= limit:
            return 1e-99
        y = -math.log(limit - y)
        centre = _polynomial(n, (0.544, -0.39978, 0.025054, -6.714e-4))
        spread = math.exp(_polynomial(n, (1.3822, -0.77857, 0.062767, -0.0020322)))
    else:
        log_n = math.log(n)
        centre = _polynomial(log_n, (-1.5861, -0.31082, -0.083751, 0.0038915))
        spread = math.exp(_polynomial(log_n, (-0.4803, -0.082676, 0.0030302)))
    return float(stats.norm.sf((y - centre) / spread))


def _lilliefors_p(distance: float, n: int) -> float:
    size = min(n, 100)
    scaled = distance * (n / 100.0) ** 0.49 if n > 100 else distance
    p_value = math.exp(
        -7.01256 * scaled**2 * (size + 2.78019)
        + 2.99587 * scaled * math.sqrt(size + 2.78019)
        - 0.122119
        + 0.974598 / math.sqrt(size)
        + 1.67997 / size
    )
    if p_value <= 0.1:
        return p_value
    modified = (math.sqrt(n) - 0.01 + 0.85 / math.sqrt(n)) * distance
    if modified <= _STEPHENS_CERTAIN:
        return 1.0
    for upper, coefficients in _STEPHENS_RANGES:
        if modified <= upper:
            return _polynomial(modified, coefficients)
    return 0.0


def _polynomial(x: float, coefficients: Sequence[float]) -> float:
    return sum(coefficient * x**power for power, coefficient in enumerate(coefficients))
