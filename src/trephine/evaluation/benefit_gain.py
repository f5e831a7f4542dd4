"""What a model gains in net benefit over another one, less what its data cost more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.evaluation.decision_curve import decision_curves
from trephine.evaluation.intervals import patient_bootstrap
from trephine.types import FloatArray, IntArray, Survival


@dataclass(frozen=True)
class BenefitGain:
    """Difference between two decision curves of the same cases; arrays have the thresholds' shape.

    Attributes
    ----------
    thresholds
        Probability of the event from which one would act.
    gain
        Net benefit of the new model minus that of the old one, ``cost`` taken off; NaN where one of
        them has none.
    low, high
        Limits at each threshold for itself, from resampled patients; NaN where none was drawn.
    cost
        What the new model's data cost more than the old one's, in net benefit.
    horizon, n, level
        t, all cases, and the interval's coverage.
    """

    thresholds: FloatArray
    gain: FloatArray
    low: FloatArray
    high: FloatArray
    cost: float
    horizon: float
    n: int
    level: float

    @property
    def worth(self) -> tuple[tuple[float, float], ...]:
        """First and last threshold of each run at which the whole interval lies above zero."""
        above = np.flatnonzero(self.low > 0.0)
        runs = np.split(above, np.flatnonzero(np.diff(above) > 1) + 1) if above.size else []
        return tuple((float(self.thresholds[r[0]]), float(self.thresholds[r[-1]])) for r in runs)


# Many parameters: cluster, repeats, rng and level are keywords of their own in every measure.
def net_benefit_gain(
    outcome: Survival,
    old: npt.ArrayLike,
    new: npt.ArrayLike,
    horizon: float,
    thresholds: Sequence[float] | FloatArray,
    *,
    cost: float = 0.0,
    cluster: npt.ArrayLike | None = None,
    repeats: int,
    rng: np.random.Generator,
    level: float = 0.95,
) -> BenefitGain:
    """Return the difference between the decision curves of two models.

    Both curves of one draw are of the same patients: the interval is of the difference, and not
    what two intervals side by side would suggest.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    old, new
        Shape (n,): probability of the event by ``horizon`` under each model.
    horizon, thresholds
        As `decision_curves`.
    cost
        What the new model's data cost more than the old one's (0.02: one true positive in 50).
    cluster, repeats, rng, level
        As `trephine.evaluation.intervals.patient_bootstrap`.

    Raises
    ------
    InputError
        As `decision_curves` does.
    """
    grid = np.asarray(thresholds, dtype=np.float64)
    first, second = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)

    def gained(rows: IntArray) -> FloatArray:
        risks = {"old": first[rows], "new": second[rows]}
        curves = decision_curves(outcome.take(rows), risks, horizon, grid)
        return curves["new"].net_benefit - curves["old"].net_benefit - cost

    labels = np.arange(len(outcome)) if cluster is None else cluster
    drawn = patient_bootstrap(gained, labels, repeats, rng, level=level).estimates()
    return BenefitGain(
        grid,
        np.array([one.value for one in drawn]),
        np.array([one.low for one in drawn]),
        np.array([one.high for one in drawn]),
        cost,
        float(horizon),
        len(outcome),
        level,
    )
