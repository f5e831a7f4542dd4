"""How long the cases were followed, and how many of them have had the event by then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.study.results import Analysed
from trephine.survival.kaplan_meier import KaplanMeierCurve, kaplan_meier
from trephine.survival.late_outcome import entry_of, under_observation
from trephine.types import Estimate, FloatArray


def overall_curve(analysis: Analysed) -> KaplanMeierCurve:
    """Return Kaplan-Meier's curve of all cases, its interval by patient."""
    survival = analysis.cases.survival
    return kaplan_meier(
        survival.time, survival.event, entry=entry_of(survival), cluster=analysis.cases.patient
    )


def median_follow_up(analysis: Analysed) -> Estimate:
    """Return the median follow-up by reverse Kaplan-Meier, its interval by patient."""
    survival = analysis.cases.survival
    entry, patient = entry_of(survival), analysis.cases.patient
    reverse = kaplan_meier(survival.time, ~survival.event, entry=entry, cluster=patient)
    return reverse.quantile(0.5)


def entries(analysis: Analysed) -> FloatArray:
    """Return when each case came under observation, shape (n,); 0 where at the start."""
    entry = entry_of(analysis.cases.survival)
    return np.zeros(len(analysis.cases)) if entry is None else entry


def at_risk_at(analysis: Analysed, times: Sequence[float] | FloatArray) -> list[int]:
    """Return how many cases are under observation just before each time."""
    found = under_observation(analysis.cases.survival, times)
    return [int(count) for count in found]
