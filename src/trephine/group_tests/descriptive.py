"""Descriptions of a variable: mean, spread and quartiles, or counts of levels; missing counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from trephine.errors import InputError
from trephine.types import IntArray


@dataclass(frozen=True)
class ContinuousSummary:
    """A continuous variable in one group.

    Attributes
    ----------
    n, n_missing
        Observed and missing values.
    mean, standard_deviation
        NaN where there are too few values.
    minimum, quartile_1, median, quartile_3, maximum
        Quantiles of type 7 (R's default).
    """

    n: int
    n_missing: int
    mean: float
    standard_deviation: float
    minimum: float
    quartile_1: float
    median: float
    quartile_3: float
    maximum: float


@dataclass(frozen=True)
class CategoricalSummary:
    """A categorical variable in one group.

    Attributes
    ----------
    levels
        In the order asked for.
    counts
        Shape (levels,).
    n, n_missing
        Observed and missing values.
    """

    levels: tuple[str, ...]
    counts: IntArray
    n: int
    n_missing: int


def describe_continuous(values: npt.ArrayLike) -> ContinuousSummary:
    """Describe a continuous variable, shape (n,); NaN is missing.

    Raises
    ------
    InputError
        If a value is infinite or the shape is not (n,).
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or np.isinf(sample).any():
        raise InputError(
            f"expected one dimension of finite or missing values, found shape {sample.shape} with"
            f" {int(np.isinf(sample).sum())} infinite"
        )
    observed = sample[~np.isnan(sample)]
    missing = sample.size - observed.size
    if not observed.size:
        nan = float("nan")
        return ContinuousSummary(0, missing, nan, nan, nan, nan, nan, nan, nan)
    spread = float(observed.std(ddof=1)) if observed.size > 1 else float("nan")
    quantiles = (float(q) for q in np.quantile(observed, [0.0, 0.25, 0.5, 0.75, 1.0]))
    return ContinuousSummary(observed.size, missing, float(observed.mean()), spread, *quantiles)


def describe_categorical(values: Sequence[object], levels: Sequence[str]) -> CategoricalSummary:
    """Count the levels of a categorical variable; None and NaN are missing.

    Raises
    ------
    InputError
        If a value is not one of ``levels``.
    """
    column = pd.Series(list(values), dtype=object)
    observed = column[column.notna()].astype(str)
    unknown = sorted(set(observed) - set(levels))
    if unknown:
        raise InputError(f"expected the levels {list(levels)}, found {unknown[:3]} as well")
    counts = np.array([int((observed == level).sum()) for level in levels], dtype=np.int64)
    return CategoricalSummary(
        tuple(levels), counts, int(observed.size), int(column.size - observed.size)
    )
