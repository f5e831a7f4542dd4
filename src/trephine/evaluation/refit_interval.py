"""The interval of one predicted survival, from what refits of its recipe say of the same case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.types import FloatArray

LEVEL = 0.95
# Percentiles of fewer refits say nothing.
FEWEST_REFITS = 20
# Survival nearer to 0 or 1 than this has no log(-log); its limits are then at that end.
_EDGE = 1e-12


@dataclass(frozen=True)
class RefitInterval:
    """Limits of predicted survival.

    Attributes
    ----------
    low, high
        Of the point predictions' shape; NaN where fewer than `FEWEST_REFITS` refits say anything.
    """

    low: FloatArray
    high: FloatArray


def refit_interval(
    point: npt.ArrayLike, refitted: npt.ArrayLike, *, widening: float = 1.0, level: float = LEVEL
) -> RefitInterval:
    """Return the interval that refits give a prediction.

    On the log(-log) scale, where survival of a Cox model is linear, the distances from the
    prediction to the refits' percentiles are multiplied by ``widening``. The interval always holds
    the prediction, and all that lies between the percentiles.

    Parameters
    ----------
    point
        Survival by the model, of any shape.
    refitted
        By its refits, shape (refits, *shape of point); NaN where one says nothing.
    widening
        1 where a model is fitted without penalty. A penalty draws predictions towards the middle,
        in the refits as in the model: the refits cannot show that error, and the distances are too
        short (``benchmarks/results/new_cases.md`` says by how much).
    level
        Share of the refits between the percentiles.

    Raises
    ------
    InputError
        If shapes do not fit, or the widening is below 1.
    """
    given, again = np.asarray(point, dtype=np.float64), np.asarray(refitted, dtype=np.float64)
    if again.shape[1:] != given.shape:
        raise InputError(
            f"refits: expected predictions of shape {given.shape} each, found {again.shape[1:]}"
        )
    if not widening >= 1:
        raise InputError(f"widening: expected 1 at least, found {widening:g}")
    known = np.isfinite(again).sum(axis=0) >= FEWEST_REFITS
    usable = known & np.isfinite(given)
    low, high = np.full(given.shape, np.nan), np.full(given.shape, np.nan)
    if usable.any():
        tails = ((1 - level) / 2, (1 + level) / 2)
        middle = _log_minus_log(given[usable])
        first, last = np.nanquantile(_log_minus_log(again[:, usable]), tails, axis=0)
        # More hazard is less survival.
        high[usable] = _survival(middle + widening * np.minimum(first - middle, 0.0))
        low[usable] = _survival(middle + widening * np.maximum(last - middle, 0.0))
    return RefitInterval(np.minimum(low, given), np.maximum(high, given))


def _log_minus_log(survival: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        found: FloatArray = np.log(-np.log(np.clip(survival, _EDGE, 1 - _EDGE)))
    return found


def _survival(hazard: FloatArray) -> FloatArray:
    found: FloatArray = np.exp(-np.exp(np.minimum(hazard, 700.0)))
    return found
