"""Cases in the order in which risk sets grow, prepared once for every evaluation of a Cox model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.survival.arrays import check_survival, check_weights, group_codes
from trephine.survival.late_entry import with_entries
from trephine.types import BoolArray, FloatArray, IntArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class StratifiedRiskSets:
    """n cases sorted by stratum and, within a stratum, from the last time to the first.

    A case that entered late has a second row, at its entry, with minus its weight: the sums over
    the rows from the last time down to t are those over the cases at risk at t
    (``survival.late_entry``). Below, n counts these rows too.

    Attributes
    ----------
    order
        Shape (n,): the sorted row i is of case ``order[i]`` of the input.
    is_entry
        Shape (n,): whether the row is a case's late entry and not the case.
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
    is_entry: BoolArray
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

    @property
    def n_cases(self) -> int:
        """Cases, however many rows they have."""
        return self.order.size - int(np.count_nonzero(self.is_entry))

    @property
    def entry(self) -> FloatArray | None:
        """When each case of the input came under observation; None where none entered late."""
        if not self.is_entry.any():
            return None
        start = np.zeros(self.n_cases)
        start[self.order[self.is_entry]] = self.time[self.is_entry]
        return start

    def in_input_order(self, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return the cases' values (first axis sorted as here) in the order of the input rows."""
        of_cases = ~self.is_entry
        restored = np.empty_like(values[: self.n_cases])
        restored[self.order[of_cases]] = values[of_cases]
        return restored

    def since_entry(self, values: FloatArray) -> FloatArray:
        """Return what each case gathered up to its time less what it had at its late entry.

        ``values`` has one of each row on its first axis; the result is in the order of the input.
        """
        gathered = self.in_input_order(values)
        gathered[self.order[self.is_entry]] -= values[self.is_entry]
        return gathered


def prepare_risk_sets(
    X: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
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
    entry
        Shape (n,), >= 0: when each case came under observation, before its ``time``; 0 where None.
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
    design = _check_design(X, n)
    case_weights = check_weights(weights, n)
    codes, labels = group_codes(strata, n, "strata")
    rows = with_entries(times, events, entry)
    order = np.lexsort((-rows.time, codes[rows.case]))
    case = rows.case[order]
    time_sorted, stratum = rows.time[order], codes[case]
    new_stratum = np.concatenate(([True], stratum[1:] != stratum[:-1]))
    new_block = new_stratum | np.concatenate(([True], time_sorted[1:] != time_sorted[:-1]))
    starts = np.flatnonzero(new_block)
    centre = design.mean(axis=0)
    centred = design[case] - centre
    is_entry = order >= n
    of_cases = centred[~is_entry] if is_entry.any() else centred
    scale = np.sqrt((of_cases**2).mean(axis=0))
    scale[scale <= 1e-14 * np.abs(centre)] = 0.0
    covariates = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 0)
    return StratifiedRiskSets(
        order=case,
        is_entry=is_entry,
        covariates=np.ascontiguousarray(covariates),
        centre=centre,
        scale=np.where(scale > 0, scale, 1.0),
        time=time_sorted,
        event=rows.event[order],
        weight=rows.sign[order] * case_weights[case],
        stratum=stratum,
        block_start=np.append(starts, order.size),
        opens_stratum=new_stratum[starts],
        n_strata=int(labels.size),
    )


def _check_design(X: npt.ArrayLike, n: int) -> FloatArray:
    """Return X as floats of shape (n, p), or say where it cannot be used."""
    design = np.asarray(X, dtype=np.float64)
    if design.ndim != 2 or design.shape[0] != n:
        raise InputError(f"X: expected shape ({n}, p), found {design.shape}")
    if not np.isfinite(design).all():
        row, column = np.argwhere(~np.isfinite(design))[0]
        raise InputError(
            f"X: expected finite values, found {design[row, column]!r} in row {row}, column"
            f" {column}"
        )
    return design
