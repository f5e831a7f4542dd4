"""Cases in the order in which risk sets grow, prepared once for every evaluation of a Cox model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.survival.arrays import check_survival, check_weights, group_codes, merge_near_ties
from trephine.types import BoolArray, FloatArray, IntArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class StratifiedRiskSets:
    """n cases sorted by stratum and, within a stratum, from the last time to the first.

    Attributes
    ----------
    order
        Shape (n,): the sorted row i is row ``order[i]`` of the input.
    covariates
        Shape (n, p), sorted, centred and scaled to a standard deviation of 1 (a constant column
        stays 0), which keeps the sums accurate; models are fitted in these units.
    centre, scale
        Shape (p,): input = covariates * scale + centre.
    time, event, weight, stratum
        Shape (n,), sorted. Times that differ by rounding only are equal.
    block_start
        Shape (b + 1,): block k, the cases of one stratum and one time, is
        ``block_start[k]:block_start[k + 1]``.
    opens_stratum
        Shape (b,): whether block k is the first of its stratum.
    n_strata
        Number of strata.
    """

    order: IntArray
    covariates: FloatArray
    centre: FloatArray
    scale: FloatArray
    time: FloatArray
    event: BoolArray
    weight: FloatArray
    stratum: IntArray
    block_start: IntArray
    opens_stratum: BoolArray
    n_strata: int

    @property
    def n_event_times(self) -> int:
        """Distinct times with an event, counted in each stratum."""
        if not self.event.any():
            return 0
        return int(np.count_nonzero(np.add.reduceat(self.event, self.block_start[:-1]) > 0))

    def in_input_order(self, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return per-case values (first axis sorted as here) in the order of the input rows."""
        restored = np.empty_like(values)
        restored[self.order] = values
        return restored


def prepare_risk_sets(
    X: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
) -> StratifiedRiskSets:
    """Sort, centre and scale the cases.

    Parameters
    ----------
    X
        Shape (n, p), finite.
    time, event
        Shape (n,).
    weights
        Shape (n,), > 0; 1 where None.
    strata
        Shape (n,), labels; one stratum where None.

    Raises
    ------
    InputError
        Shapes that differ or values that cannot be used; rows and columns (0-based) are given.
    """
    times, events = check_survival(time, event)
    n = times.size
    design = np.asarray(X, dtype=np.float64)
    if design.ndim != 2 or design.shape[0] != n:
        raise InputError(f"X: expected shape ({n}, p), found {design.shape}")
    if not np.isfinite(design).all():
        row, column = np.argwhere(~np.isfinite(design))[0]
        raise InputError(
            f"X: expected finite values, found {design[row, column]!r} in row {row}, column"
            f" {column}"
        )
    case_weights = check_weights(weights, n)
    codes, labels = group_codes(strata, n, "strata")
    times = merge_near_ties(times)
    order = np.lexsort((-times, codes))
    time_sorted, stratum = times[order], codes[order]
    new_stratum = np.concatenate(([True], stratum[1:] != stratum[:-1]))
    new_block = new_stratum | np.concatenate(([True], time_sorted[1:] != time_sorted[:-1]))
    starts = np.flatnonzero(new_block)
    centre = design.mean(axis=0)
    centred = design[order] - centre
    scale = np.sqrt((centred**2).mean(axis=0))
    scale[scale <= 1e-14 * np.abs(centre)] = 0.0
    covariates = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 0)
    return StratifiedRiskSets(
        order=order,
        covariates=np.ascontiguousarray(covariates),
        centre=centre,
        scale=np.where(scale > 0, scale, 1.0),
        time=time_sorted,
        event=events[order],
        weight=case_weights[order],
        stratum=stratum,
        block_start=np.append(starts, n),
        opens_stratum=new_stratum[starts],
        n_strata=int(labels.size),
    )
