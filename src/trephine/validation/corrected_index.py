"""Indices of performance corrected by the bootstrap: optimism and .632+."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np

from trephine.errors import InputError, ModelError
from trephine.evaluation.brier_score import brier_at, brier_score
from trephine.evaluation.censoring_weights import status_at
from trephine.evaluation.time_dependent_auc import area_at
from trephine.modelling.prediction import ModelPrediction
from trephine.regression.cox import CoxModel
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.late_concordance import harrell_of
from trephine.types import Estimate, FloatArray, Survival

IndexName = Literal["concordance", "slope", "auc", "brier"]
LEVEL = 0.95
# Share of a bootstrap sample's distinct cases in all cases, as n grows: 1 - 1/e.
DISTINCT = 0.632


class Scores(NamedTuple):
    """What one model says of m cases: linear predictor (m,), event probability (m, k)."""

    linear_predictor: FloatArray
    event_probability: FloatArray


@dataclass(frozen=True)
class CorrectedIndex:
    """One index of one model, corrected for having been measured on its own training cases.

    Attributes
    ----------
    index, horizon
        Which; the horizon is NaN for Harrell's C and the calibration slope.
    apparent
        On the cases that the recipe was fitted to.
    optimism
        Mean over bootstraps of the index on the bootstrap sample less the same model's index on
        the original cases.
    corrected
        ``apparent`` - ``optimism``. The interval is the bootstrap distribution of the apparent
        index, shifted to lie around that value. Noma et al. (2021, Stat Med 40:5691) shift it by
        the optimism alone; but patients drawn twice let a selecting recipe fit a sample better
        than the original cases, and the interval would hang above its own estimate.
    out_of_bag
        Mean index on the patients that a bootstrap left out.
    point_632_plus
        Efron and Tibshirani's .632+ (1997, J Am Stat Assoc 92:548); NaN for the slope, which has
        no no-information value.
    n_bootstraps
        With an answer.
    on_original
        The index of each bootstrap's model on the original cases, shape (bootstraps,); NaN where
        there is none. Its spread is what the luck of the training cases does to the index.
    on_left_out
        The same on the patients that the bootstrap left out, shape (bootstraps,): on average
        without the optimism of training cases, with the noise of few cases in each.
    """

    index: IndexName
    horizon: float
    apparent: float
    optimism: float
    corrected: Estimate
    out_of_bag: float
    point_632_plus: float
    n_bootstraps: int
    on_original: FloatArray = field(default_factory=lambda: np.empty(0), compare=False, repr=False)
    on_left_out: FloatArray = field(default_factory=lambda: np.empty(0), compare=False, repr=False)

    @property
    def by_632_plus(self) -> Estimate:
        """The .632+ estimate with the interval of ``corrected`` moved to lie around it."""
        gap = self.point_632_plus - self.corrected.value
        low, high = self.corrected.low + gap, self.corrected.high + gap
        return replace(self.corrected, value=self.point_632_plus, low=low, high=high)


def scores_of(prediction: ModelPrediction) -> Scores:
    """Return a prediction's linear predictor and event probabilities."""
    return Scores(prediction.linear_predictor, 1 - prediction.survival.survival_probability)


def index_names(horizons: Sequence[float]) -> list[tuple[IndexName, float]]:
    """Return which indices there are, with their horizons, in the order they are measured."""
    names: list[tuple[IndexName, float]] = [
        ("concordance", float("nan")),
        ("slope", float("nan")),
    ]
    for horizon in horizons:
        names += [("auc", float(horizon)), ("brier", float(horizon))]
    return names


def measure_indices(survival: Survival, scores: Scores, horizons: Sequence[float]) -> FloatArray:
    """Return C, the slope, and AUC(t) and Brier score at each horizon; NaN where there is none."""
    lp = scores.linear_predictor
    values = [_concordance(survival, lp), _slope(survival, lp)]
    for j, horizon in enumerate(horizons):
        probability = scores.event_probability[:, j]
        if np.isnan(probability).any() or not len(survival):
            values += [np.nan, np.nan]
            continue
        status = status_at(survival, horizon, convention="riskRegression")
        # Where events compete, who is likely to have it is not who has the highest rate of it.
        ranked = probability if isinstance(survival, CompetingSurvival) else lp
        values += [area_at(status, ranked), brier_at(status, probability)]
    return np.array(values)


def _concordance(survival: Survival, linear_predictor: FloatArray) -> float:
    try:
        return harrell_of(survival, linear_predictor)
    except InputError:  # no comparable pair
        return float("nan")


def _slope(survival: Survival, linear_predictor: FloatArray) -> float:
    try:
        fit = CoxModel().fit(linear_predictor[:, np.newaxis], survival)
    except (InputError, ModelError):  # the same prediction for everyone, or no event
        return float("nan")
    return float(fit.result_.coefficients[0])


def correct_indices(
    survival: Survival, apparent: Scores, horizons: Sequence[float], measured: FloatArray
) -> tuple[CorrectedIndex, ...]:
    """Correct a model's apparent indices.

    Parameters
    ----------
    survival, apparent
        The n original cases, and what the model fitted to them says of them.
    horizons
        Of the event probabilities.
    measured
        Shape (bootstraps, 3, indices): on the bootstrap sample, on the original cases and on those
        that the sample left out, as `measure_indices`.
    """
    values = measure_indices(survival, apparent, horizons)
    corrected = []
    for j, (index, horizon) in enumerate(index_names(horizons)):
        within, original, outside = measured[:, :, j].T
        known = np.isfinite(within) & np.isfinite(original)
        optimism = float(np.mean(within[known] - original[known])) if known.any() else np.nan
        out_of_bag = float(np.nanmean(outside)) if np.isfinite(outside).any() else np.nan
        none = _no_information(index, survival, apparent, horizons, horizon)
        corrected.append(
            CorrectedIndex(
                index=index,
                horizon=horizon,
                apparent=float(values[j]),
                optimism=optimism,
                corrected=_shifted(float(values[j]), optimism, within[known]),
                out_of_bag=out_of_bag,
                point_632_plus=point_632_plus(float(values[j]), out_of_bag, none),
                n_bootstraps=int(known.sum()),
                on_original=original,
                on_left_out=outside,
            )
        )
    return tuple(corrected)


def point_632_plus(apparent: float, out_of_bag: float, no_information: float) -> float:
    """Return Efron and Tibshirani's .632+ estimate (1997, eq. 29 to 32).

    The relative overfitting rate R = (apparent - out of bag) / (apparent - no information) moves
    the weight of the out-of-bag index from .632 (R = 0) to 1 (R = 1).

    Parameters
    ----------
    apparent, out_of_bag
        The index on the training cases and on cases left out.
    no_information
        Its value where the outcome has nothing to do with the prediction.
    """
    if not np.isfinite([apparent, out_of_bag, no_information]).all():
        return float("nan")
    informed = np.sign(apparent - no_information)
    # Worse than no information counts as none.
    left_out = out_of_bag if informed * (out_of_bag - no_information) > 0 else no_information
    gap = informed * (apparent - left_out)
    overfitting = gap / abs(apparent - no_information) if gap > 0 else 0.0
    weight = DISTINCT / (1 - (1 - DISTINCT) * overfitting)
    return float((1 - weight) * apparent + weight * left_out)


def _no_information(
    index: IndexName,
    survival: Survival,
    scores: Scores,
    horizons: Sequence[float],
    horizon: float,
) -> float:
    """Return the index expected if every outcome met every prediction equally often."""
    if index in ("concordance", "auc"):
        return 0.5
    if index == "slope":
        return float("nan")
    probability = scores.event_probability[:, list(horizons).index(horizon)]
    if np.isnan(probability).any():
        return float("nan")
    everyone = np.full(len(survival), probability.mean())
    return brier_score(survival, everyone, horizon).estimate.value + float(probability.var())


def _shifted(apparent: float, optimism: float, within: FloatArray) -> Estimate:
    if not within.size:
        return Estimate(float("nan"), level=LEVEL)
    corrected = apparent - optimism
    if within.size == 1:  # one sample tells no spread
        return Estimate(corrected, level=LEVEL)
    limits = np.quantile(within, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    low, high = limits - within.mean() + corrected
    return Estimate(corrected, float(low), float(high), LEVEL, float(within.std(ddof=1)))
