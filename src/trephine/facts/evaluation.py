"""Facts about how well the models do: numbers, curves and groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Annotated, Literal

from trephine.choices import Corrected, Kind, ProtocolName
from trephine.facts.base import (
    Count,
    CountSeries,
    EstimateFact,
    Fact,
    HorizonEstimate,
    Number,
    Series,
)


class AssessedFact(Fact):
    """Base of everything that was assessed on predictions of one kind."""

    protocol: ProtocolName
    """Protocol that made the predictions."""
    kind: Kind
    """How the predictions were made; "apparent" means on the cases the model was fitted to."""


class CalibrationNumbers(Fact):
    """Calibration of one model at one horizon, in numbers."""

    horizon: float
    """Horizon, in the study's time unit."""
    slope: EstimateFact | None = None
    """Calibration slope of the linear predictor; 1 is ideal."""
    observed_expected: EstimateFact | None = None
    """Observed over expected event probability; 1 is ideal."""
    ici: Number = None
    """Integrated calibration index: mean absolute error of event probability, 0 to 1."""
    e50: Number = None
    """Median absolute error of event probability."""
    e90: Number = None
    """90th percentile of the absolute error of event probability."""
    emax: Number = None
    """Largest absolute error of event probability."""
    gnd_p: Number = None
    """p of the Greenwood-Nam-D'Agostino test."""
    gnd_note: str = ""
    """Why there is no such p, or what it suffers from; empty where there is nothing to say."""


class OptimismFacts(Fact):
    """How far bootstrap samples of patients overrate one model's C-index."""

    samples: Count
    """Bootstrap samples that the recipe was refitted to."""
    failed: Count = 0
    """Samples that could not be fitted and are left out."""
    c_index: Number
    """Harrell's optimism of the apparent C-index."""
    c_index_632_plus: Number = None
    """Efron and Tibshirani's .632+ estimate of the C-index; null where there is none."""
    estimate: Corrected = "Harrell"
    """Which of the two the row's figures are: .632+ for models with signatures."""


@dataclass(frozen=True)
class Within:
    """Marks a field of ``PerformanceFacts`` as a measure of Table 3, and what it can be.

    An interval is cut to it (a normal one may leave it in small samples), and a value outside is
    a slip of the consistency checks.
    """

    low: float
    high: float


class PerformanceFacts(AssessedFact):
    """Performance of one model."""

    model: str
    """Name of the model."""
    n: Count
    """Cases assessed."""
    events: Count
    """Events among them."""
    c_index: Annotated[EstimateFact, Within(0.0, 1.0)]
    """Harrell's C-index."""
    c_index_uno: Annotated[EstimateFact | None, Within(0.0, 1.0)] = None
    """Uno's C-index, truncated at the last horizon."""
    auc: Annotated[tuple[HorizonEstimate, ...], Within(0.0, 1.0)] = ()
    """Cumulative/dynamic AUC at each horizon."""
    brier: Annotated[tuple[HorizonEstimate, ...], Within(0.0, 1.0)] = ()
    """Brier score at each horizon."""
    ipa: Annotated[tuple[HorizonEstimate, ...], Within(-inf, 1.0)] = ()
    """Index of prediction accuracy at each horizon: 1 - Brier / Brier of Kaplan-Meier."""
    integrated_brier: Annotated[EstimateFact | None, Within(0.0, 1.0)] = None
    """Integrated Brier score up to the last horizon."""
    calibration: tuple[CalibrationNumbers, ...] = ()
    """Calibration at each horizon."""
    optimism: OptimismFacts | None = None
    """What the correction by bootstraps rests on; null for every other kind."""
    note: str = ""
    """What the reader must know, for example a horizon past the last follow-up."""

    @classmethod
    def measures(cls) -> Mapping[str, Within]:
        """Return the measures of Table 3 by name, with what each can be."""
        return {
            name: mark
            for name, field in cls.model_fields.items()
            for mark in field.metadata
            if isinstance(mark, Within)
        }

    @classmethod
    def by_horizon(cls, measure: str) -> bool:
        """Say whether a measure is one number a horizon, rather than one in all."""
        return cls.model_fields[measure].annotation == tuple[HorizonEstimate, ...]


class ComparisonFacts(AssessedFact):
    """Difference between two models on one measure."""

    new: str
    """Model compared."""
    old: str
    """Model it is compared with."""
    measure: Literal["C-index", "AUC", "likelihood ratio", "held-out likelihood ratio"]
    """What is compared."""
    horizon: Number = None
    """Horizon of an AUC, in the study's time unit; null for the other measures."""
    difference: EstimateFact | None = None
    """New minus old; null for likelihood ratios."""
    statistic: Number = None
    """Test statistic."""
    degrees_of_freedom: Number = None
    """Degrees of freedom of a chi-square statistic."""
    p: Number
    """p of the test; null where none holds."""
    permutations: Count | None = None
    """Of models that differ by a signature, the permuted outcomes behind the p of the likelihood
    ratio (0: none, and no p); null for every other p."""


class NullFacts(AssessedFact):
    """C-index of the whole pipeline on permuted outcomes."""

    model: str
    """Name of the model."""
    observed: Number
    """C-index on the real outcome."""
    permuted: Series
    """C-index on each permuted outcome; outcomes are permuted by patient."""
    median: Number
    """Median of the permuted."""
    p95: Number
    """95th percentile of the permuted."""
    p: Number
    """(1 + permuted at or above the observed) / (1 + permutations)."""


class ReclassificationFacts(AssessedFact):
    """Table S1: what a new model reclassifies against an old one at one horizon."""

    new: str
    """Model compared."""
    old: str
    """Model it is compared with."""
    horizon: float
    """Horizon, in the study's time unit."""
    method: str = ""
    """How censoring is handled, for example "KM" or "IPW"."""
    nri: EstimateFact | None = None
    """Continuous NRI, -2 to 2."""
    nri_events: EstimateFact | None = None
    """Its part among cases with the event, -1 to 1."""
    nri_nonevents: EstimateFact | None = None
    """Its part among cases without the event, -1 to 1."""
    categorical_nri: EstimateFact | None = None
    """Categorical NRI over ``risk_cuts``."""
    categorical_nri_events: EstimateFact | None = None
    """Its part among cases with the event."""
    categorical_nri_nonevents: EstimateFact | None = None
    """Its part among cases without the event."""
    risk_cuts: tuple[float, ...] = ()
    """Event probabilities that part the categories."""
    idi: EstimateFact | None = None
    """Integrated discrimination improvement."""
    idi_events: Number = None
    """Mean gain in event probability among cases with the event."""
    idi_nonevents: Number = None
    """Mean fall in event probability among cases without the event."""
    half_nri: EstimateFact | None = None
    """One-sided continuous NRI of Uno et al. (m2 of survIDINRI, T <= t for events), -1 to 1."""
    median_improvement: EstimateFact | None = None
    """Median improvement in event probability of Uno et al. (m3 of survIDINRI), -1 to 1."""


class RocFacts(AssessedFact):
    """Time-dependent ROC curve at one horizon."""

    model: str
    """Name of the model."""
    horizon: float
    """Horizon, in the study's time unit."""
    false_positive: Series
    """1 - specificity, ascending from 0 to 1."""
    true_positive: Series
    """Sensitivity at each."""
    auc: EstimateFact
    """Area under the curve."""


class CalibrationGroupFact(Fact):
    """Cases of similar predicted risk."""

    n: Count
    """Cases in the group."""
    events: Count
    """Events in the group, at any time."""
    predicted: Number
    """Mean predicted event probability at the horizon."""
    observed: EstimateFact
    """Event probability at the horizon by Kaplan-Meier."""


class CalibrationFacts(AssessedFact):
    """Calibration curve of one model at one horizon."""

    model: str
    """Name of the model."""
    horizon: float
    """Horizon, in the study's time unit."""
    groups: tuple[CalibrationGroupFact, ...] = ()
    """Groups by ascending predicted risk."""
    smooth_method: str = ""
    """How the smooth curve was drawn, in words; empty where there is none."""
    smooth_predicted: Series = ()
    """Predicted event probabilities along the smooth curve, ascending."""
    smooth_observed: Series = ()
    """Smoothed observed event probability at each."""
    smooth_low: Series = ()
    """Lower limit at each; empty where there is none."""
    smooth_high: Series = ()
    """Upper limit at each; empty where there is none."""
    bin_edges: Series = ()
    """Edges of the histogram of predicted event probability."""
    bin_counts: CountSeries = ()
    """Cases in each bin."""


class NetBenefit(Fact):
    """Net benefit of one model over thresholds."""

    model: str
    """Name of the model."""
    net_benefit: Series
    """Net benefit at each threshold, per case."""
    low: Series = ()
    """Lower limit at each; empty where there is none."""
    high: Series = ()
    """Upper limit at each; empty where there is none."""
    interventions_avoided: Series = ()
    """Interventions avoided per 100 cases at each threshold; empty where not computed."""
    harm: float = 0.0
    """Net benefit that the model's data cost, already taken off."""


class DecisionCurveFacts(AssessedFact):
    """Decision curves at one horizon."""

    horizon: float
    """Horizon, in the study's time unit."""
    thresholds: Series
    """Threshold probabilities of the event, ascending."""
    treat_all: Series
    """Net benefit of treating all, at each threshold."""
    models: tuple[NetBenefit, ...]
    """One curve a model."""


class ThresholdSpan(Fact):
    """A run of threshold probabilities."""

    low: float
    """The first."""
    high: float
    """The last."""


class BenefitGainFacts(AssessedFact):
    """What one image more of a case gains in net benefit, less what it costs."""

    new: str
    """The model with the image."""
    old: str
    """The model with all images before it."""
    horizon: float
    """Horizon, in the study's time unit."""
    thresholds: Series
    """Threshold probabilities of the event, ascending."""
    gain: Series
    """Net benefit of the new model minus that of the old one, ``cost`` taken off."""
    low: Series
    """Lower limit at each threshold for itself."""
    high: Series
    """Upper limit at each threshold for itself."""
    cost: float = 0.0
    """What the new model's data cost more, in net benefit, as [models] harm states it."""
    worth: tuple[ThresholdSpan, ...] = ()
    """Thresholds at which the whole interval lies above zero."""


class SurvivalCurve(Fact):
    """A Kaplan-Meier curve."""

    label: str
    """Who it is for, for example "Low risk"."""
    n: Count
    """Cases."""
    events: Count
    """Events."""
    times: Series
    """Times of the steps, starting at 0, in the time unit."""
    survival: Series
    """Survival probability from each time on."""
    low: Series = ()
    """Lower limit from each time on."""
    high: Series = ()
    """Upper limit from each time on."""
    censored_times: Series = ()
    """Times at which a case was censored."""
    at_risk_times: Series = ()
    """Times of the risk table, in the time unit."""
    at_risk: CountSeries = ()
    """Cases at risk just before each of those times."""
    at_horizons: tuple[HorizonEstimate, ...] = ()
    """Survival probability at each horizon; null where follow-up ends before."""
    median: EstimateFact | None = None
    """Median survival time, in the time unit; null parts where not reached."""


class RiskGroupsFacts(AssessedFact):
    """Kaplan-Meier curves of risk groups of one model."""

    model: str
    """Name of the model."""
    rule: str
    """How cut points came about, for example "median of the linear predictor in training"."""
    cuts: tuple[Number, ...]
    """Cut points on the linear predictor, or the event probabilities that the rule names; out of
    fold, the share of repeats in which a fold's own cut has to be passed."""
    curves: tuple[SurvivalCurve, ...]
    """Groups by ascending risk."""
    logrank_statistic: Number = None
    """Log-rank chi-square."""
    degrees_of_freedom: Count = 1
    """Its degrees of freedom."""
    logrank_p: Number = None
    """p of the log-rank test."""
    ratio: EstimateFact | None = None
    """Hazard ratio of highest against lowest group."""
    notes: tuple[str, ...] = ()
    """What the reader must know, for example a group without an event."""
