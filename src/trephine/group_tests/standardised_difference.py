"""Standardised differences between two groups: continuous, binary and multilevel variables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.group_tests.contingency import contingency_table
from trephine.group_tests.hypothesis_test import observed_samples


def standardised_mean_difference(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the difference in means over the root mean variance (Austin 2009, equation 1).

    Parameters
    ----------
    first, second
        Shapes (n1,) and (n2,), without missing values.

    Returns
    -------
    float
        First minus second; 0 where both groups hold one and the same value, NaN where a group has
        fewer than two values or both are constant at different values.

    Raises
    ------
    InputError
        If a value is missing.
    """
    x, y = observed_samples([first, second], "standardised difference")
    if min(x.size, y.size) < 2:
        return float("nan")
    difference = float(x.mean() - y.mean())
    spread = float(np.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2.0))
    if spread == 0.0:
        return 0.0 if difference == 0.0 else float("nan")
    return difference / spread


def standardised_proportion_difference(counts: npt.ArrayLike) -> float:
    """Return the multilevel standardised difference (Yang and Dalton 2012).

    With p1 and p2 the proportions of all levels but one in the two groups and S the mean of their
    multinomial covariance matrices, sqrt((p1 - p2)' S^-1 (p1 - p2)). Whichever level is left out,
    the number is the same; with two levels it is |p1 - p2| / sqrt((p1 q1 + p2 q2) / 2).

    Parameters
    ----------
    counts
        Shape (levels, 2).

    Returns
    -------
    float
        Never negative; 0 for a variable with a single level, NaN where a group is empty or where
        the groups share no level (S has no inverse).

    Raises
    ------
    InputError
        If there are not two columns of counts.
    """
    raw = np.asarray(counts)
    if raw.ndim != 2 or raw.shape[1] != 2:
        raise InputError(f"standardised difference: expected shape (levels, 2), found {raw.shape}")
    table = contingency_table(raw)
    if table.ndim != 2 or table.shape[1] < 2:
        return float("nan")
    if table.shape[0] == 1:
        return 0.0
    share = (table / table.sum(axis=0))[1:]
    difference = share[:, 0] - share[:, 1]
    covariance = np.mean([np.diag(p) - np.outer(p, p) for p in share.T], axis=0)
    if np.linalg.matrix_rank(covariance) < covariance.shape[0]:
        return float("nan")
    return float(np.sqrt(difference @ np.linalg.solve(covariance, difference)))
