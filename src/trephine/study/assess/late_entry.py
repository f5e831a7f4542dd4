"""Who came under observation late, and what ignoring it would have said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.evaluation.calibration import observed_share
from trephine.study.results import Analysed
from trephine.survival.late_outcome import LateSurvival, entry_of, under_observation
from trephine.types import Estimate, Survival


@dataclass(frozen=True)
class LateShare:
    """The share with the event by one horizon, from the entries on and as if from the start."""

    horizon: float
    at_risk: int
    since_entry: Estimate
    from_start: Estimate


@dataclass(frozen=True)
class LateEntries:
    """When cases came under observation.

    Attributes
    ----------
    late, n
        Cases that came after the start, and all.
    median, last
        Of the entries of those who came late.
    fewest_at_risk, fewest_at
        The smallest number under observation at an event time up to the last horizon that follow-up
        reaches, and that time.
    shares
        At each horizon that follow-up reaches.
    """

    late: int
    n: int
    median: float
    last: float
    fewest_at_risk: int
    fewest_at: float
    shares: tuple[LateShare, ...]


def late_entries(analysis: Analysed) -> LateEntries | None:
    """Return who came late; None where all cases were under observation from the start."""
    survival = analysis.cases.survival
    entry = entry_of(survival)
    if not isinstance(survival, LateSurvival) or entry is None:
        return None
    late = entry[entry > 0]
    fewest, at = fewest_under_observation(survival, max(analysis.reached, default=np.inf))
    return LateEntries(
        late=late.size,
        n=len(survival),
        median=float(np.median(late)),
        last=float(late.max()),
        fewest_at_risk=fewest,
        fewest_at=at,
        shares=tuple(_share(analysis, survival, horizon) for horizon in analysis.reached),
    )


def fewest_under_observation(survival: Survival, last: float) -> tuple[int, float]:
    """Return the smallest number at risk at an event time up to ``last``, and that time.

    Of all event times where none comes by then.
    """
    times = np.unique(survival.time[survival.event])
    times = times[times <= last] if (times <= last).any() else times
    at_risk = under_observation(survival, times)
    place = int(np.argmin(at_risk))
    return int(at_risk[place]), float(times[place])


def _share(analysis: Analysed, survival: LateSurvival, horizon: float) -> LateShare:
    patient = analysis.cases.patient
    plain = Survival(survival.time, survival.event, survival.unit)
    since, from_start = (
        observed_share(outcome, horizon, patient, 0.95, "log")[0] for outcome in (survival, plain)
    )
    at_risk = int(under_observation(survival, horizon)[0])
    return LateShare(horizon, at_risk, since, from_start)
