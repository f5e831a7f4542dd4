"""How long the cases were followed, and how many of them have had the event by then."""

from __future__ import annotations

from trephine.study.results import Analysed
from trephine.survival.kaplan_meier import KaplanMeierCurve, kaplan_meier, reverse_kaplan_meier
from trephine.types import Estimate


def overall_curve(analysis: Analysed) -> KaplanMeierCurve:
    """Return Kaplan-Meier's curve of all cases, its interval by patient."""
    survival = analysis.cases.survival
    return kaplan_meier(survival.time, survival.event, cluster=analysis.cases.patient)


def median_follow_up(analysis: Analysed) -> Estimate:
    """Return the median follow-up by reverse Kaplan-Meier, its interval by patient."""
    survival = analysis.cases.survival
    reverse = reverse_kaplan_meier(survival.time, survival.event, cluster=analysis.cases.patient)
    return reverse.quantile(0.5)
