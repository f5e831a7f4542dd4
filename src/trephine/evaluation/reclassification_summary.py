"""NRI, IDI and their relatives of one pair of models with intervals drawn by patient (Table S1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.evaluation.censoring_weights import check_risk
from trephine.evaluation.discrimination_improvement import discrimination_improvement
from trephine.evaluation.intervals import patient_bootstrap
from trephine.evaluation.reclassification import (
    ReclassificationEstimator,
    categorical_reclassification,
    continuous_reclassification,
)
from trephine.types import Estimate, FloatArray, IntArray, Survival


@dataclass(frozen=True)
class ReclassificationSummary:
    """What a new model adds to an old one at a horizon, with percentile intervals.

    Attributes
    ----------
    nri, nri_events, nri_non_events
        Continuous net reclassification improvement and its two parts.
    categorical_nri, categorical_nri_events, categorical_nri_non_events
        By risk category; None where no cut-offs were given.
    idi, idi_events, idi_non_events
        Integrated discrimination improvement: mean change of risk in either part.
    half_nri, median_improvement
        Of Uno et al. (2013).
    horizon, n, n_patients
        t, cases, and the patients that were drawn.
    note
        Why there is no answer; empty where there is one.
    """

    nri: Estimate
    nri_events: Estimate
    nri_non_events: Estimate
    categorical_nri: Estimate | None
    categorical_nri_events: Estimate | None
    categorical_nri_non_events: Estimate | None
    idi: Estimate
    idi_events: Estimate
    idi_non_events: Estimate
    half_nri: Estimate
    median_improvement: Estimate
    horizon: float
    n: int
    n_patients: int
    note: str = ""


# Many parameters: cluster, repeats, rng and level are keywords of their own in every measure.
def summarise_reclassification(
    outcome: Survival,
    old_event_probability: npt.ArrayLike,
    new_event_probability: npt.ArrayLike,
    horizon: float,
    *,
    repeats: int,
    rng: np.random.Generator,
    cut_offs: Sequence[float] = (),
    cluster: npt.ArrayLike | None = None,
    estimator: ReclassificationEstimator = "kaplan-meier",
    level: float = 0.95,
) -> ReclassificationSummary:
    """Return the measures of one pair of models, with intervals from resampled patients.

    The probabilities are taken as they are: the intervals say how sure the measures are on cases
    like these, not how the models would change if they were refitted. For that, give out-of-fold
    probabilities, or use `perturbed_improvement` for two Cox models on their own cases.

    Events at the horizon itself count as events in every measure (T <= t).

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    old_event_probability, new_event_probability
        Shape (n,): probability of the event by ``horizon`` under the two models.
    horizon
        t > 0, in the unit of ``outcome``.
    repeats, rng
        Draws of patients, at least 1.
    cut_offs
        Of the risk categories, ascending within (0, 1); none: no categorical NRI.
    cluster
        Shape (n,); None takes every case for a patient.
    estimator
        Of the NRI, as in `continuous_reclassification`.
    level
        Coverage.

    Raises
    ------
    InputError
        As in `continuous_reclassification` and `categorical_reclassification`.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, summarise_reclassification
    >>> rng = np.random.default_rng(1)
    >>> patient = np.repeat(np.arange(100), 2)
    >>> risk = np.repeat(rng.uniform(0.1, 0.9, 100), 2)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> blunt = 0.5 + 0.2 * (risk - 0.5)
    >>> found = summarise_reclassification(
    ...     outcome, blunt, risk, 24, repeats=20, rng=rng, cluster=patient
    ... )
    >>> found.idi.value > 0
    True
    """
    old = check_risk(old_event_probability, len(outcome), "old event probability")
    new = check_risk(new_event_probability, len(outcome), "new event probability")
    pair = _Pair(outcome, old, new, float(horizon), tuple(cut_offs), estimator)
    labels = np.arange(len(outcome)) if cluster is None else cluster
    values, note = pair.measures(np.arange(len(outcome)))
    if note:
        found: tuple[Estimate, ...] = tuple(Estimate(float(v), level=level) for v in values)
        return pair.summary(found, int(np.unique(np.asarray(labels)).size), note)
    drawn = patient_bootstrap(pair.drawn_measures, labels, repeats, rng, level=level)
    return pair.summary(drawn.estimates(), drawn.n_patients)


@dataclass(frozen=True)
class _Pair:
    """Two models' probabilities of the same cases, and how they are compared."""

    outcome: Survival
    old: FloatArray
    new: FloatArray
    horizon: float
    cut_offs: tuple[float, ...]
    estimator: ReclassificationEstimator

    def measures(self, rows: IntArray) -> tuple[FloatArray, str]:
        """Return NRI (3), IDI (3), half-NRI, median, categorical NRI (3); or why there are none."""
        of, t = (self.outcome.take(rows), self.old[rows], self.new[rows]), self.horizon
        nri = continuous_reclassification(*of, t, estimator=self.estimator)
        better = discrimination_improvement(*of, t, convention="riskRegression")
        values = [
            nri.total,
            nri.events,
            nri.non_events,
            better.idi.value,
            better.idi.events,
            better.idi.non_events,
            better.half_nri.value,
            better.median_improvement.value,
        ]
        if self.cut_offs:
            moved = categorical_reclassification(*of, t, self.cut_offs, estimator=self.estimator)
            values += [moved.total, moved.events, moved.non_events]
        return np.array(values), nri.note or better.note

    def drawn_measures(self, rows: IntArray) -> FloatArray:
        """Return the measures of one draw; a draw without an answer is left out."""
        values, note = self.measures(rows)
        if note:
            raise InputError(note)
        return values

    def summary(
        self, found: Sequence[Estimate], n_patients: int, note: str = ""
    ) -> ReclassificationSummary:
        """Name the measures."""
        categorical = found[8:] if self.cut_offs else (None, None, None)
        return ReclassificationSummary(
            nri=found[0],
            nri_events=found[1],
            nri_non_events=found[2],
            categorical_nri=categorical[0],
            categorical_nri_events=categorical[1],
            categorical_nri_non_events=categorical[2],
            idi=found[3],
            idi_events=found[4],
            idi_non_events=found[5],
            half_nri=found[6],
            median_improvement=found[7],
            horizon=self.horizon,
            n=len(self.outcome),
            n_patients=n_patients,
            note=note,
        )
