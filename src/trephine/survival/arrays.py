"""Checks of times, events, weights and groups, shared by every kernel of this room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.types import BoolArray, FloatArray, IntArray

_NEAR = float(np.sqrt(np.finfo(np.float64).eps))


def check_survival(time: npt.ArrayLike, event: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Return follow-up and events as contiguous arrays, or say which rows cannot be used.

    Parameters
    ----------
    time
        Shape (n,), finite, >= 0.
    event
        Shape (n,); True or 1 where the event was seen, False or 0 where censored.

    Raises
    ------
    InputError
        Empty input, unequal lengths, times that are not finite or negative, events other than
        0 and 1; the first bad row (0-based) and the count are given.
    """
    times = np.ascontiguousarray(time, dtype=np.float64)
    events = np.asarray(event)
    if times.ndim != 1 or events.shape != times.shape:
        raise InputError(
            f"expected time and event of one length, found shapes {times.shape} and {events.shape}"
        )
    if times.size == 0:
        raise InputError("expected at least one case, found none")
    bad = np.flatnonzero(~(np.isfinite(times) & (times >= 0)))
    if bad.size:
        raise InputError(
            f"time: expected finite values >= 0, found {float(times[bad[0]])!r} in row {bad[0]}"
            f" and {bad.size - 1} more"
        )
    if events.dtype != np.bool_:
        odd = np.flatnonzero(~np.isin(events, (0, 1)))
        if odd.size:
            raise InputError(
                f"event: expected 0 (censored) or 1 (event), found {events[odd[0]].item()!r} in"
                f" row {odd[0]} and {odd.size - 1} more; recode, for example 2 -> 1 and 1 -> 0"
            )
        events = events.astype(np.bool_)
    return times, np.ascontiguousarray(events)


def check_vector(values: npt.ArrayLike, n: int, name: str) -> FloatArray:
    """Return ``values`` as n finite floats.

    Raises
    ------
    InputError
        Another shape, or values that are not finite; the first bad row and the count are given.
    """
    vector = np.ascontiguousarray(values, dtype=np.float64)
    if vector.shape != (n,):
        raise InputError(f"{name}: expected shape ({n},), found {vector.shape}")
    bad = np.flatnonzero(~np.isfinite(vector))
    if bad.size:
        raise InputError(
            f"{name}: expected finite values, found {float(vector[bad[0]])!r} in row {bad[0]}"
            f" and {bad.size - 1} more"
        )
    return vector


def check_weights(weights: npt.ArrayLike | None, n: int) -> FloatArray:
    """Return case weights, 1 where none were given; they must be finite and > 0."""
    if weights is None:
        return np.ones(n)
    vector = check_vector(weights, n, "weights")
    bad = np.flatnonzero(vector <= 0)
    if bad.size:
        raise InputError(
            f"weights: expected values > 0, found {float(vector[bad[0]])!r} in row {bad[0]}"
            f" and {bad.size - 1} more; drop cases that should not count"
        )
    return vector


def group_codes(
    labels: npt.ArrayLike | None, n: int, name: str
) -> tuple[IntArray, npt.NDArray[np.generic]]:
    """Return codes 0..k-1 and the k sorted labels; one group where ``labels`` is None.

    Raises
    ------
    InputError
        Another length, or missing labels (None or NaN); the first bad row is given.
    """
    if labels is None:
        return np.zeros(n, dtype=np.int64), np.array(["all"])
    values = np.asarray(labels)
    if values.shape != (n,):
        raise InputError(f"{name}: expected shape ({n},), found {values.shape}")
    missing = np.flatnonzero(np.array([v is None or v != v for v in values.tolist()]))
    if missing.size:
        raise InputError(
            f"{name}: expected a label in every row, found none in row {missing[0]}"
            f" and {missing.size - 1} more"
        )
    if values.dtype == object:
        values = values.astype(str)
    levels, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), levels


def weight_at(position: IntArray, weights: FloatArray, size: int) -> FloatArray:
    """Return the sum of weights at each of ``size`` positions."""
    return np.asarray(np.bincount(position, weights, size), dtype=np.float64)


def merge_near_ties(time: FloatArray) -> FloatArray:
    """Return times in which values that differ by rounding only have become equal.

    Two neighbours are one time where they differ by at most 1.5e-8, absolutely or relative to
    the mean of the distinct times, as in R's ``survival::aeqSurv`` (``timefix = TRUE``): months
    computed from days must tie where the days tie.
    """
    ordered = np.sort(time)
    merged_in_order = merge_near_ties_in_order(ordered)
    if merged_in_order is ordered:
        return time
    merged = np.empty_like(time)
    merged[np.argsort(time)] = merged_in_order
    return merged


def merge_near_ties_in_order(ordered: FloatArray) -> FloatArray:
    """Return ascending times merged as by `merge_near_ties`; the same array where none tie."""
    gaps = np.diff(ordered)
    distinct = np.concatenate((ordered[:1], ordered[1:][gaps > 0]))
    near = gaps <= _NEAR * max(1.0, float(distinct.mean()))
    if not (near & (gaps > 0)).any():
        return ordered
    starts = np.concatenate(([True], ~near))
    merged: FloatArray = ordered[starts][np.cumsum(starts) - 1]
    return merged
