"""What visits say of the outcome, and what pretending to know times would have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trephine.errors import ModelError
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.pooled_model import fit_over
from trephine.streams import seeds
from trephine.study.assess.refits import training_designs
from trephine.study.results import Analysed, Analysis, ProtocolResult
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.survival.kaplan_meier import KaplanMeierCurve, kaplan_meier
from trephine.survival.turnbull import TurnbullCurve, turnbull
from trephine.types import Estimate, FloatArray, IntArray, Survival

BAND_DRAWS = 100
EVEN_TIMES = 200
"""At which the curve is drawn, beside its corners."""
AT_VISIT, IN_THE_MIDDLE = 1.0, 0.5
"""Where between the visits an event is put by those who pretend to know."""
_NEAR_ENOUGH = 1e-5


@dataclass(frozen=True)
class Pretended:
    """What an event put at one place between its visits says.

    Attributes
    ----------
    survival
        The cases as ordinary follow-up.
    curve
        Kaplan and Meier's.
    """

    survival: Survival
    curve: KaplanMeierCurve


@dataclass(frozen=True)
class VisitCurve:
    """Turnbull's curve of all cases.

    Attributes
    ----------
    curve
        As estimated.
    times, low, high
        Limits by a bootstrap of patients at times that show the curve, corners among them.
    at_horizons
        Probability of the event by each horizon that follow-up reaches.
    at_visit, in_the_middle
        The same of those who pretend.
    """

    curve: TurnbullCurve
    times: FloatArray
    low: FloatArray
    high: FloatArray
    horizons: tuple[float, ...]
    at_horizons: tuple[Estimate, ...]
    at_visit: Pretended
    in_the_middle: Pretended


def visit_curve(analysis: Analysed, survival: IntervalSurvival) -> VisitCurve:
    """Estimate the curve of all cases, its limits by patient."""
    curve = turnbull(survival.low, survival.high)
    times = _shown(curve, survival)
    reached = analysis.reached
    asked = np.concatenate([times, reached])
    drawn = _drawn(survival, analysis.cases.patient, asked, analysis.inputs.plan.study.seed)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    error = drawn.std(axis=0, ddof=1)
    own = curve.survival_at(np.asarray(reached, dtype=np.float64))
    k = times.size
    return VisitCurve(
        curve=curve,
        times=times,
        low=low[:k],
        high=high[:k],
        horizons=reached,
        at_horizons=tuple(
            Estimate(1 - float(own[j]), 1 - float(high[k + j]), 1 - float(low[k + j]), 0.95,
                     float(error[k + j]))
            for j in range(len(reached))
        ),
        at_visit=pretended(survival, AT_VISIT),
        in_the_middle=pretended(survival, IN_THE_MIDDLE),
    )  # fmt: skip


def _shown(curve: TurnbullCurve, survival: IntervalSurvival) -> FloatArray:
    """Return times at which the curve bends, and even ones between, for the limits bend elsewhere.

    Before each corner stands the time just before it, where a known time makes the curve jump.
    """
    corners, _ = curve.steps()
    last = float(max(corners.max(), survival.time.max()))
    even = np.linspace(0.0, last, EVEN_TIMES + 1)
    before = np.maximum(corners - 1e-9 * last, 0.0)
    return np.unique(np.concatenate([even, corners, before]))


def pretended(survival: IntervalSurvival, how: float) -> Pretended:
    """Return what dating every event to one place between its visits says."""
    dated = survival.dated(how)
    return Pretended(dated, kaplan_meier(dated.time, dated.event))


def _drawn(
    survival: IntervalSurvival, patient: IntArray, times: FloatArray, seed: int
) -> FloatArray:
    """Return the curve at some times in samples of patients, shape (draws, times)."""
    codes = np.unique(patient, return_inverse=True)[1]
    own = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    rng = np.random.default_rng(seeds(seed, "visits").spawn(1)[0].spawn(1)[0])
    found = []
    for _ in range(BAND_DRAWS):
        rows = np.concatenate([own[code] for code in rng.integers(len(own), size=len(own))])
        curve = turnbull(survival.low[rows], survival.high[rows], tolerance=_NEAR_ENOUGH)
        found.append(curve.survival_at(times))
    return np.array(found)


@dataclass(frozen=True)
class ReadByPretenders:
    """A model refitted to events that were dated.

    Attributes
    ----------
    own
        The model by the likelihood of the visits.
    at_visit, in_the_middle
        Cox's model of dated events; None where it cannot be fitted.
    """

    own: FittedModel
    at_visit: FittedModel | None
    in_the_middle: FittedModel | None


def read_by_pretenders(
    analysis: Analysis, result: ProtocolResult, survival: IntervalSurvival
) -> ReadByPretenders | None:
    """Refit a protocol's fullest model to dated events; None where it has no term."""
    model = result.fitted.predictor.fullest
    if model.result is None:
        return None
    designs = training_designs(analysis, result, model.terms)
    cluster = result.settings.cluster(analysis.cases.patient)

    def fitted(outcome: Survival) -> FittedModel | None:
        try:
            return fit_over(model.name, model.parts, model.terms, designs, outcome, cluster=cluster)
        except ModelError:
            return None

    own = fitted(survival)
    if own is None:
        return None
    return ReadByPretenders(
        own, fitted(survival.dated(AT_VISIT)), fitted(survival.dated(IN_THE_MIDDLE))
    )


def bounds_of(survival: IntervalSurvival) -> Sequence[float]:
    """Return the widths of the intervals between two visits that hold an event."""
    seen = survival.event
    return [float(width) for width in (survival.high[seen] - survival.low[seen])]
