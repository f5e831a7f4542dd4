"""What a study's numbers rest on too little for: few events, few at risk, lost cases, visits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trephine.cohort.flow import Flow
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.survival.late_outcome import under_observation
from trephine.types import Survival

# With fewer, intervals are so wide and choices among features so unsteady that models differ by
# chance; Riley's criteria ask for more as soon as there are a few candidates.
FEW_EVENTS = 50
# What the validation of a model on other data needs (Vergouwe et al. 2005; Collins et al. 2016).
FEW_OUTSIDE_EVENTS = 100
# Below this a curve's end, an AUC or a Brier score rests on a handful of cases.
FEW_AT_RISK = 10
# Share of cases from which leaving out those with a missing value is no longer harmless.
MANY_MISSING = 0.05
# A time counts as a visit where this share of all events, and so many of them, lie on it.
_VISIT, _FEWEST_OF_A_VISIT = 0.05, 3
# Of more values, only the first are shown.
_SHOWN = 6


def fitted_to_little(
    survival: Survival, horizons: tuple[float, ...], flow: Flow
) -> tuple[tuple[str, str], ...]:
    """Return what a reader must know of the evidence behind fitted models, each with its place.

    Parameters
    ----------
    survival
        Of the analysed cases.
    horizons
        Of the plan; those past the last follow-up are warned of elsewhere.
    flow
        Who was left out, and why.
    """
    meaning = (
        "which features are chosen, and which model is best, depends on a few cases. Read the"
        " models as exploratory"
    )
    few = _few_events(survival, FEW_EVENTS, meaning)
    return (*few, *_whatever_for(survival, horizons, flow))


def validated_on_little(
    survival: Survival, horizons: tuple[float, ...], flow: Flow
) -> tuple[tuple[str, str], ...]:
    """Return the same of outside data, on which nothing is fitted; see `fitted_to_little`."""
    meaning = "a poor model can look good here, and a good one poor"
    few = _few_events(survival, FEW_OUTSIDE_EVENTS, meaning)
    return (*few, *_whatever_for(survival, horizons, flow))


def _whatever_for(
    survival: Survival, horizons: tuple[float, ...], flow: Flow
) -> tuple[tuple[str, str], ...]:
    return (*_at_horizons(survival, horizons), *_lost(flow), *_visits(survival))


def _few_events(survival: Survival, fewest: int, meaning: str) -> Iterator[tuple[str, str]]:
    events = int(survival.event.sum())
    if events < fewest:
        yield "Events", f"{events} events, fewer than {fewest}: intervals are wide, and {meaning}"


def _at_horizons(survival: Survival, horizons: tuple[float, ...]) -> Iterator[tuple[str, str]]:
    last = float(survival.time.max())
    first = float(survival.time[survival.event].min()) if survival.event.any() else last
    for horizon in horizons:
        if horizon < first:
            yield (
                "Horizons",
                f"No event by {survival.when(horizon)}, as the first is at {survival.when(first)}:"
                " nothing can be judged at that horizon. Choose a later one",
            )
        at_risk = int(under_observation(survival, horizon)[0])
        if horizon <= last and at_risk < FEW_AT_RISK:
            cases = "1 case is" if at_risk == 1 else f"{at_risk} cases are"
            yield (
                "Horizons",
                f"{cases} still followed at {survival.when(horizon)}, fewer than {FEW_AT_RISK}:"
                " numbers at that horizon rest on these few. Choose an earlier one",
            )


def _lost(flow: Flow) -> Iterator[tuple[str, str]]:
    lost = [one for one in flow.exclusions if one.n_cases]
    total = sum(one.n_cases for one in lost)
    if total > MANY_MISSING * flow.enrolled_cases:
        reasons = ", ".join(f"{one.reason.lower()}: {one.n_cases}" for one in lost)
        share = f"{total / flow.enrolled_cases:.0%}".replace("%", " %")
        yield (
            "Missing values",
            f"{total} of {flow.enrolled_cases} cases ({share}) are left out for missing values"
            f" ({reasons}): results hold for all only if those left out are like the others",
        )


def _visits(survival: Survival) -> Iterator[tuple[str, str]]:
    if isinstance(survival, IntervalSurvival):
        return
    times, counts = np.unique(survival.time[survival.event], return_counts=True)
    events = int(counts.sum())
    shared = counts >= max(_FEWEST_OF_A_VISIT, _VISIT * events)
    here = int(counts[shared].sum())
    if here > events / 2:
        shown = ", ".join(f"{time:g}" for time in times[shared][:_SHOWN])
        more = ", ..." if int(shared.sum()) > _SHOWN else ""
        yield (
            "Times",
            f"{here} of {events} events share {int(shared.sum())} times of follow-up ({shown}{more}"
            f" {survival.unit}), as where events are found at visits: each happened at some time"
            " since the visit before, so event probabilities between visits are too low."
            " Name the visits, [data.columns] last_intact and first_seen, and they are not",
        )
