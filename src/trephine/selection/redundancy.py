"""Pruning of features that repeat one another, by a rule that knows no column order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.stats import rankdata

from trephine.columns import all_finite, blocks, roomy, take_columns
from trephine.errors import InputError
from trephine.selection.audit import SelectionStepResult, step_result
from trephine.types import BoolArray, FloatArray, IntArray

TIE_DIGITS = 10  # mean correlations that agree to so many digits are equal


def correlation_matrix(values: npt.ArrayLike) -> FloatArray:
    """Return Pearson's correlation of the columns of ``values`` (n, p), shape (p, p).

    A column that does not vary has correlation 0 with every other.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 2:
        raise InputError(f"values: expected shape (cases, features), found {array.shape}")
    odd = np.flatnonzero(~all_finite(array))
    if odd.size:
        raise InputError(
            f"values: expected finite ones, found missing or infinite ones in column {odd[0]} and"
            f" {odd.size - 1} more columns; run the completeness step before"
        )
    scaled = roomy(array.shape, "F" if array.flags.f_contiguous else "C")
    for part in blocks(*array.shape):
        centred = array[:, part] - array[:, part].mean(axis=0)
        length = np.sqrt(np.einsum("ij,ij->j", centred, centred))
        scaled[:, part] = centred / np.where(length > 0, length, 1.0)
    matrix: FloatArray = np.clip(scaled.T @ scaled, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def rank_columns(values: npt.ArrayLike) -> FloatArray:
    """Return mid-ranks within each column: Pearson's correlation of these is Spearman's."""
    ranks: FloatArray = rankdata(np.asarray(values, dtype=np.float64), axis=0)
    return ranks


def prune_correlated(
    values: npt.ArrayLike, threshold: float = 0.9, *, names: Sequence[str] | None = None
) -> SelectionStepResult:
    """Keep features of which no two correlate beyond ``threshold``.

    The rule: features are taken in the order of their mean absolute correlation with all others,
    the smallest first, equal ones (to ten digits) by name; each is kept unless it correlates
    beyond ``threshold`` with one already kept. So of a pair the one that repeats the rest less
    stays, every removed feature has a kept one that stands for it, and the outcome does not depend
    on the order of the columns.

    Parameters
    ----------
    values
        Shape (n, p).
    threshold
        Largest absolute Pearson correlation that is tolerated.
    names
        Of the features, unique; without them equal features are taken in the order of their bytes.

    Raises
    ------
    InputError
        Missing values, names that are not unique, a threshold outside 0 to 1.
    """
    array = np.asarray(values, dtype=np.float64)
    if not 0.0 < threshold <= 1.0:
        raise InputError(f"threshold: expected a number in (0, 1], found {threshold}")
    if names is not None and (len(names) != array.shape[1] or len(set(names)) != len(names)):
        raise InputError(
            f"names: expected {array.shape[1]} unique ones, found {len(set(names))} among"
            f" {len(names)}"
        )
    # In one canonical order the sums below round the same way whatever the order of the columns.
    canonical = np.argsort(np.asarray(names)) if names is not None else _by_content(array)
    strength = np.abs(correlation_matrix(take_columns(array, canonical)))
    others = max(array.shape[1] - 1, 1)
    mean = np.round((strength.sum(axis=0) - 1.0) / others, TIE_DIGITS)
    kept = _greedy(strength, np.argsort(mean, kind="stable"), threshold)
    keep = np.zeros(array.shape[1], dtype=np.bool_)
    keep[canonical] = kept
    return step_result(
        "correlation",
        keep,
        reason=f"|r| above {threshold:g} with a kept feature",
        threshold=threshold,
        detail=(
            f"of features with |Pearson r| > {threshold:g}, the one with the smallest mean |r| is"
            " kept"
        ),
    )


def _by_content(array: FloatArray) -> IntArray:
    columns = np.ascontiguousarray(array.T + 0.0)  # + 0.0 makes -0.0 a plain zero
    if columns.shape[1] == 0:
        return np.arange(columns.shape[0])
    return np.argsort(columns.view(f"V{columns.shape[1] * 8}").ravel(), kind="stable")


@njit(cache=True)
def _greedy(strength: FloatArray, order: IntArray, threshold: float) -> BoolArray:
    p = order.size
    kept = np.zeros(p, np.bool_)
    open_ = np.ones(p, np.bool_)
    for j in order:
        if open_[j]:
            kept[j] = True
            for other in range(p):
                if strength[j, other] > threshold:
                    open_[other] = False
    return kept
