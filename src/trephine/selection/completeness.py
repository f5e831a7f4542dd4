"""Features that cannot be used as they are: missing, constant or wild values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.columns import blocks
from trephine.errors import InputError
from trephine.selection.audit import AuditRow, SelectionStepResult
from trephine.types import BoolArray, FloatArray

CompletenessReason = Literal["kept", "missing values", "no variance", "outliers"]
SMALLEST_RELATIVE_SPREAD = 1e-13  # below it a feature is constant but for rounding


@dataclass(frozen=True)
class CompletenessResult(SelectionStepResult):
    """A selection step that also says what is wrong with each feature.

    Attributes
    ----------
    reasons
        One for each of the p features; "kept" for those that stay.
    missing_share, outlier_share
        Share of the cases whose value is missing, or (of those that have one) lies beyond the
        fences, shape (p,); the latter NaN where outliers are not asked for.
    """

    reasons: tuple[CompletenessReason, ...]
    missing_share: FloatArray
    outlier_share: FloatArray


def keep_complete(
    values: npt.ArrayLike,
    *,
    max_missing_share: float = 0.0,
    fence: float = 3.0,
    max_outlier_share: float = 0.05,
) -> CompletenessResult:
    """Keep the features that are complete, vary, and have few wild values.

    Parameters
    ----------
    values
        Shape (n, p); NaN and infinities count as missing.
    max_missing_share
        Share of missing values that is tolerated.
    fence
        A value is an outlier beyond the quartiles by more than ``fence`` times their distance:
        3 for Tukey's "far out" (1977, Exploratory Data Analysis). Where the quartiles coincide,
        no value is an outlier: such a feature is discrete rather than wild.
    max_outlier_share
        Share of outliers that is tolerated; 1 switches the rule off.

    Raises
    ------
    InputError
        Another shape than (n, p), shares outside 0 to 1, a fence that is not positive.
    """
    given = np.asarray(values, dtype=np.float64)
    _check(given.shape, max_missing_share, fence, max_outlier_share)
    p = given.shape[1]
    missing_share, outlier_share, constant = np.empty(p), np.full(p, np.nan), np.empty(p, np.bool_)
    for part in blocks(*given.shape):
        array = np.array(given[:, part])
        array[~np.isfinite(array)] = np.nan
        missing_share[part] = np.isnan(array).mean(axis=0)
        array[:, missing_share[part] == 1.0] = 0.0
        constant[part] = _is_constant(array)
        # The quartiles of thousands of columns take their time, and nothing asks for them then.
        if max_outlier_share < 1:
            outlier_share[part] = _outlier_share(array, fence)
    empty = missing_share == 1.0

    reasons: list[CompletenessReason] = [
        "missing values"
        if empty[j] or missing_share[j] > max_missing_share
        else "no variance"
        if constant[j]
        else "outliers"
        if outlier_share[j] > max_outlier_share
        else "kept"
        for j in range(p)
    ]
    keep = np.array([reason == "kept" for reason in reasons], dtype=np.bool_)
    removed: dict[str, int] = {
        reason: reasons.count(reason) for reason in sorted(set(reasons)) if reason != "kept"
    }
    detail = f"missing in at most {max_missing_share:.0%} of the cases, not constant"
    if max_outlier_share < 1:
        detail += (
            f", and more than {fence:g} interquartile ranges beyond a quartile in at most"
            f" {max_outlier_share:.0%}"
        )
    if filled := int(np.sum(keep & (missing_share > 0))):
        plural = "" if filled == 1 else "s"
        detail += f"; missing values in {filled} kept feature{plural} were replaced by the mean"
    audit = AuditRow("completeness", keep.size, int(keep.sum()), max_missing_share, detail, removed)
    return CompletenessResult(keep, audit, tuple(reasons), missing_share, outlier_share)


def _check(
    shape: tuple[int, ...], max_missing_share: float, fence: float, max_outlier_share: float
) -> None:
    if len(shape) != 2 or shape[0] == 0:
        raise InputError(f"values: expected shape (cases, features), found {shape}")
    for name, share in (
        ("max_missing_share", max_missing_share),
        ("max_outlier_share", max_outlier_share),
    ):
        if not 0.0 <= share <= 1.0:
            raise InputError(f"{name}: expected a share between 0 and 1, found {share}")
    if not fence > 0.0:
        raise InputError(f"fence: expected a number > 0, found {fence}")


def _is_constant(array: FloatArray) -> BoolArray:
    low, high = np.nanmin(array, axis=0), np.nanmax(array, axis=0)
    largest = np.maximum(np.abs(low), np.abs(high))
    return np.asarray(high - low <= SMALLEST_RELATIVE_SPREAD * largest)


def _outlier_share(array: FloatArray, fence: float) -> FloatArray:
    first, third = _quartiles(array)
    reach = fence * (third - first)
    outside = ((array < first - reach) | (array > third + reach)) & (third > first)
    share: FloatArray = outside.sum(axis=0) / (~np.isnan(array)).sum(axis=0)
    return share


def _quartiles(array: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return R's type-7 quartiles of each column's known values."""
    incomplete = np.isnan(array).any(axis=0)
    quartiles = np.empty((2, array.shape[1]))
    quartiles[:, ~incomplete] = np.quantile(array[:, ~incomplete], (0.25, 0.75), axis=0)
    if incomplete.any():
        # numpy's own for missing values goes column by column, a hundred times as slow.
        quartiles[:, incomplete] = np.nanquantile(array[:, incomplete], (0.25, 0.75), axis=0)
    return quartiles[0], quartiles[1]
