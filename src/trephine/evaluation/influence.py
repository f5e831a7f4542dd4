"""Standard errors from influence functions, case by case or summed within patients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.survival.arrays import group_codes
from trephine.types import FloatArray


def influence_standard_error(influence: FloatArray, cluster: npt.ArrayLike | None = None) -> float:
    """Return the standard error of an estimate whose error is the mean influence.

    Parameters
    ----------
    influence
        Shape (n,).
    cluster
        Shape (n,). Influences of one patient are summed before they are squared; None takes every
        case for itself, and the result is sd(influence) / sqrt(n).

    Returns
    -------
    float
        NaN where there are fewer than two patients.

    Raises
    ------
    InputError
        If there is not one label per case.
    """
    n = influence.size
    sums = influence
    if cluster is not None:
        codes, _ = group_codes(cluster, n, "cluster")
        sums = np.zeros(int(codes.max()) + 1)
        np.add.at(sums, codes, influence)
    if sums.size < 2:
        return float("nan")
    return float(np.sqrt(sums.size) * sums.std(ddof=1) / n)
