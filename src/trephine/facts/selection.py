"""Facts about the way from all features to the signatures."""

from __future__ import annotations

from trephine.choices import ProtocolName, RivalName
from trephine.facts.base import (
    Count,
    CountSeries,
    EstimateFact,
    Fact,
    Number,
    Series,
    SeriesRows,
    SpreadFact,
)


class SelectionStep(Fact):
    """One row of the selection audit."""

    name: str
    """What the step does, for example "ICC between and within raters"."""
    features_in: Count
    """Features before the step."""
    features_out: Count
    """Features after the step."""
    threshold: str = ""
    """Rule, for example "ICC >= 0.75"; empty where the step has none."""
    note: str = ""
    """What else the reader must know, for example a step skipped and why."""


class SelectedFeature(Fact):
    """A feature of a signature."""

    name: str
    """Name of the feature."""
    weight: Number
    """Weight in the signature: log hazard ratio per standard deviation of the feature."""
    centre: Number = None
    """Subtracted before weighting, in the feature's own unit."""
    scale: Number = None
    """Divided by after centring, in the feature's own unit."""
    family: str = ""
    """Feature family, for example "GLCM"; "deep" for a network's output."""
    image_type: str = ""
    """Image that it was computed on, for example "wavelet-LH"."""
    ibsi_code: str = ""
    """Code in the Image Biomarker Standardisation Initiative's reference; empty where none."""
    ibsi_name: str = ""
    """Name in that reference."""
    definition: str = ""
    """What it measures, in a sentence."""
    stability: Number = None
    """Fraction of resamples in which it was selected, 0 to 1; 1 for all where all are kept."""
    same_sign: Number = None
    """Fraction of resamples in which its weight has the sign that it has here, 0 to 1."""
    weights: SpreadFact | None = None
    """Of its weight over the resamples (0 where it was not selected)."""


class CoefficientPath(Fact):
    """One feature's coefficient along the penalty."""

    feature: str
    """Name of the feature."""
    coefficients: Series
    """Coefficient at each penalty, in the order of ``penalties``."""


class LassoFacts(Fact):
    """Penalised Cox regression over its grid of penalties."""

    mixture: float
    """Share of the L1 penalty: 1 lasso, 0 ridge."""
    folds: Count
    """Folds of the cross-validation that chose the penalty."""
    features: Count
    """Features that entered."""
    penalties: Series
    """Grid of the penalty lambda, descending."""
    deviance: Series
    """Cross-validated partial-likelihood deviance at each penalty."""
    deviance_se: Series
    """Its standard error at each penalty."""
    nonzero: CountSeries
    """Features with a coefficient other than zero at each penalty."""
    lambda_min: Number
    """Penalty at the smallest deviance."""
    lambda_1se: Number
    """Largest penalty within one standard error of the smallest deviance."""
    chosen: Number
    """Penalty that was used."""
    averaged: Count = 1
    """Models whose weights are averaged; this is the one with the least deviance."""
    adaptivity: Number = None
    """Power of the score by which this one's penalties are divided; null without."""
    paths: tuple[CoefficientPath, ...]
    """Every feature that ever enters (ridge: those largest at the chosen penalty)."""


class PartShare(Fact):
    """What features of one kind say of the score that a signature gives."""

    part: str
    """The kind, for example "glcm" or "wavelet-LH"."""
    features: Count
    """Features of the signature that are of this kind."""
    share: Number
    """Share of the score's variance in the training cases; the shares add up to 1."""


class ShortFeature(Fact):
    """A feature of a short signature."""

    name: str
    """Name of the feature."""
    weight: Number
    """Its weight in the short signature: per standard deviation of the feature."""
    explained: Number
    """Share of the long score's variance that this feature and those above it hold."""


class ShortSignature(Fact):
    """A few features that approximate a signature of many."""

    features: tuple[ShortFeature, ...]
    """In the order in which they entered."""
    n_short: Count
    """Features of the short signature."""
    n_long: Count
    """Features of the signature that it approximates."""
    r_squared: Number
    """Share of the long score's variance that the short one holds in the training cases."""
    c_long: EstimateFact | None = None
    """C-index of the whole signature on cases held out; null without cross-validation."""
    c_short: EstimateFact | None = None
    """C-index of signatures made short in the same way, on the same cases."""
    c_lost: EstimateFact | None = None
    """Whole minus short."""


class RivalFacts(Fact):
    """Another learner on the same features, on cases held out."""

    learner: RivalName
    """What made its score."""
    repeats: Count
    """Repeats of the cross-validation in which it was fitted."""
    concordance: EstimateFact
    """C-index of its score."""
    own: EstimateFact
    """C-index of the signature in the same repeats."""
    gained: EstimateFact
    """The signature's minus this learner's; the interval holds for the given training cases."""


class SelectionFacts(Fact):
    """Selection in one feature set under one protocol, on all cases."""

    feature_set: str
    """Name of the set as printed, for example "Radiomics"."""
    protocol: ProtocolName
    """Protocol that was followed."""
    extracted: Count
    """Features per case before any step."""
    steps: tuple[SelectionStep, ...]
    """The audit, in the order of the steps."""
    lasso: LassoFacts | None = None
    """The penalised regression; null where none was run."""
    selected: tuple[SelectedFeature, ...] = ()
    """Features of the signature, by descending absolute weight."""
    resamples: Count = 0
    """Resamples that the stability is counted over."""
    selected_per_resample: EstimateFact | None = None
    """Median number of features selected per resample, with its 2.5 and 97.5 percentiles."""
    families: tuple[PartShare, ...] = ()
    """What each feature family contributes to the signature, largest first."""
    image_types: tuple[PartShare, ...] = ()
    """What the features of each filtered image contribute, largest first."""
    short: ShortSignature | None = None
    """A short reading of the signature; null where it is short itself."""
    rivals: tuple[RivalFacts, ...] = ()
    """Plain ridge and elastic net beside averaged ridge, by nested cross-validation."""


class CorrelationFacts(Fact):
    """Correlation between selected features."""

    protocol: ProtocolName
    """Protocol that selected the features."""
    method: str = "Pearson"
    """Coefficient in use."""
    features: tuple[str, ...]
    """Names, in the order of rows and columns."""
    feature_sets: tuple[str, ...] = ()
    """Set of each feature, in the same order."""
    matrix: SeriesRows
    """Rows of coefficients, -1 to 1."""


class IccFacts(Fact):
    """Agreement of the features of one set between or within raters."""

    feature_set: str
    """Name of the set as printed."""
    comparison: str
    """Who against whom, for example "rater a and rater b"."""
    form: str
    """ICC form, for example "ICC(2,1), absolute agreement"."""
    cases: Count
    """Cases drawn twice."""
    features: Count
    """Features compared."""
    threshold: Number
    """ICC below which a feature was left out."""
    kept: Count
    """Features at or above the threshold."""
    bin_edges: Series
    """Edges of the histogram of ICC."""
    bin_counts: CountSeries
    """Features in each bin."""
    perturbed: bool = False
    """Whether perturbed copies of the regions are compared, and not readings."""


class OverlapFacts(Fact):
    """Overlap of the regions of two raters."""

    comparison: str
    """Who against whom."""
    cases: Count
    """Cases drawn twice."""
    dice_median: Number
    """Median Dice coefficient, 0 to 1."""
    dice_q1: Number
    """First quartile of the Dice coefficient."""
    dice_q3: Number
    """Third quartile of the Dice coefficient."""
    dice_lowest: Number = None
    """Smallest Dice coefficient."""
    hd95_median_mm: Number = None
    """Median 95th-percentile Hausdorff distance, in mm."""


class AgreementFacts(Fact):
    """Agreement between and within raters."""

    icc: tuple[IccFacts, ...] = ()
    """By feature set and comparison."""
    overlap: tuple[OverlapFacts, ...] = ()
    """By comparison."""
