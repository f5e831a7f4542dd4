"""Harrell's concordance of cases that came under observation late (left truncation)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.survival.arrays import check_survival, check_vector, check_weights, group_codes
from trephine.survival.concordance import (
    Concordance,
    concordance,
    concordance_of_counts,
    count_by_case,
    harrell_concordance,
)
from trephine.survival.late_entry import with_entries
from trephine.survival.late_outcome import entry_of
from trephine.types import Survival


def harrell_of(survival: Survival, risk_score: npt.ArrayLike) -> float:
    """Return Harrell's C alone, for loops over resamples; cases count from when they entered.

    Raises
    ------
    InputError
        Unusable arrays, or no comparable pair.
    """
    entry = entry_of(survival)
    if entry is None:
        return harrell_concordance(survival.time, survival.event, risk_score)
    return concordance_since_entry(survival.time, survival.event, risk_score, entry).estimate


def has_pairs(survival: Survival) -> bool:
    """Say whether any event can be compared with a case that was at risk then and outlived it."""
    entry = entry_of(survival)
    if entry is None:
        return True
    try:
        nobody = np.zeros(len(survival))
        concordance_since_entry(survival.time, survival.event, nobody, entry)
    except InputError:
        return False
    return True


def concordance_since_entry(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    risk_score: npt.ArrayLike,
    entry: npt.ArrayLike | None,
    *,
    ymax: float | None = None,
    cluster: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
) -> Concordance:
    """Measure Harrell's C of cases that came under observation at ``entry``.

    An event is compared with the cases at risk at its time, those that entered before it. Equal to
    R's ``survival::concordance(Surv(entry, time, event) ~ risk_score, reverse = TRUE)``.

    Parameters
    ----------
    time, event, risk_score, ymax, cluster, weights, strata
        As in `concordance`.
    entry
        Shape (n,), >= 0 and before the case's ``time``; 0 where None.

    Raises
    ------
    InputError
        Unusable arrays, or no comparable pair.
    """
    if entry is None:
        return concordance(
            time, event, risk_score, ymax=ymax, cluster=cluster, weights=weights, strata=strata
        )
    times, events = check_survival(time, event)
    n = times.size
    score = check_vector(risk_score, n, "risk_score")
    case_weights = check_weights(weights, n)
    stratum = group_codes(strata, n, "strata")[0]
    rows = with_entries(times, events, entry)
    case = rows.case
    counts, by_row = count_by_case(
        rows.time,
        rows.event,
        score[case],
        rows.sign * case_weights[case],
        None if strata is None else stratum[case],
        "n",
        ymax,
    )
    by_case = by_row[:n]
    by_case[case[n:]] -= by_row[n:]
    return concordance_of_counts(counts, by_case, events, case_weights, cluster, "n", ymax)
