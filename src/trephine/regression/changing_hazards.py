"""Cox models whose coefficients change over time: at one time, or with its logarithm.

At each event time the model compares the case that had the event with those still followed, each
with its covariates as they are then. Written out so, every event time is a stratum of its own, and
nothing is asked of the fit but strata: R's ``coxph`` with ``tt()``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trephine.errors import ModelError
from trephine.regression.cox_fit import CoxOptions, fit_cox
from trephine.regression.cox_result import CoxResult
from trephine.survival.late_outcome import entry_of, under_observation
from trephine.types import BoolArray, FloatArray, IntArray, Survival

MOST_ROWS = 3_000_000
"""Of cases by event times that are written out."""


def fit_changing(
    design: FloatArray,
    names: Sequence[str],
    survival: Survival,
    columns: Sequence[int],
    change: float | None,
    *,
    cluster: npt.ArrayLike | None = None,
) -> CoxResult:
    """Fit a Cox model (Efron's ties) in which some coefficients change over time.

    Parameters
    ----------
    design, names
        Columns, shape (n, q).
    survival
        Of the n cases.
    columns
        Those whose coefficients change.
    change
        The time after which they are others; None where they change with the logarithm of time.
    cluster
        Shape (n,): cases that may depend on each other, for the sandwich variance.

    Returns
    -------
    The q columns, then one for each that changes: by how much its coefficient is larger after the
    time, or for each unit of log time.

    Raises
    ------
    ModelError
        As ``CoxModel.fit``; or where writing the cases out would take too much room.
    """
    moments = np.unique(survival.time[survival.event])
    followed = under_observation(survival, moments)
    if followed.sum() > MOST_ROWS:
        raise ModelError(
            f"expected at most {MOST_ROWS} cases at risk over all event times, found"
            f" {int(followed.sum())}",
            model="Cox model with a coefficient that changes",
            kind="too few cases",
        )
    case, moment = _at_risk(survival, moments)
    now = moments[moment]
    factor = np.log(now) if change is None else (now > change).astype(np.float64)
    changing = design[case][:, list(columns)] * factor[:, None]
    rows = np.hstack([design[case], changing])
    happens = survival.event[case] & (survival.time[case] == now)
    own = None if cluster is None else np.asarray(cluster)[case]
    changed = tuple(f"{names[j]}, change" for j in columns)
    fit = fit_cox(
        rows,
        (*names, *changed),
        Survival(now, happens, survival.unit),
        CoxOptions(),
        cluster=own,
        strata=moment,
    )
    return fit.result


def _at_risk(survival: Survival, moments: FloatArray) -> tuple[IntArray, IntArray]:
    """Return each pair of a case and an event time up to which it was followed."""
    followed: BoolArray = survival.time[:, None] >= moments[None, :]
    entry = entry_of(survival)
    if entry is not None:
        followed &= entry[:, None] < moments[None, :]
    case, moment = np.nonzero(followed)
    return case.astype(np.int64), moment.astype(np.int64)


def coefficient_at(
    result: CoxResult, column: int, changed: int, change: float | None, time: float
) -> tuple[float, float]:
    """Return a changing coefficient at one time, with its standard error.

    Parameters
    ----------
    result
        By `fit_changing`.
    column, changed
        Place of the column, and of its change, among the result's.
    change
        As `fit_changing`.
    time
        > 0.
    """
    factor = float(np.log(time)) if change is None else float(time > change)
    weight = np.zeros(result.coefficients.size)
    weight[column], weight[changed] = 1.0, factor
    value = float(weight @ result.coefficients)
    return value, float(np.sqrt(weight @ result.covariance @ weight))
