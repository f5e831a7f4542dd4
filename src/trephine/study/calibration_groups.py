"""Calibration in groups as facts, for the report and for the figure of any model."""

from __future__ import annotations

from collections.abc import Iterable

from trephine.evaluation.calibration import CalibrationGroup
from trephine.facts import CalibrationGroupFact, EstimateFact


def group_facts(groups: Iterable[CalibrationGroup]) -> tuple[CalibrationGroupFact, ...]:
    """Return groups of similar predicted risk as the figure takes them."""
    return tuple(
        CalibrationGroupFact(
            n=group.n,
            events=group.n_events,
            predicted=group.mean_event_probability,
            observed=EstimateFact.model_validate(group.observed),
        )
        for group in groups
    )
