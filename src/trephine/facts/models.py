"""Facts about the models and the nomogram."""

from __future__ import annotations

from trephine.choices import Penalty, ProtocolName, Scale, StandardErrors
from trephine.facts.base import Count, EstimateFact, Fact, HorizonNumber, Number, Series


class InteractionTest(Fact):
    """A joint test about variables that interact."""

    label: str
    """What is tested."""
    statistic: Number
    """Chi-square of Wald's test that all of its coefficients are 0."""
    degrees_of_freedom: Count
    """Its degrees of freedom."""
    p: Number
    """Its p."""


class EffectWithin(Fact):
    """The hazard ratio of one variable where those that it interacts with are held."""

    label: str
    """The variable, with its step or level."""
    within: str
    """What is held, and where."""
    ratio: EstimateFact
    """Hazard ratio there."""
    p: Number
    """Wald's p of that ratio."""


class TermFact(Fact):
    """One coefficient of a Cox model."""

    name: str
    """Variable that it belongs to."""
    label: str
    """What the report prints, with level or step, for example "ARCO stage: IIIA"."""
    coefficient: Number
    """Log hazard ratio per unit of the term."""
    centre: Number = None
    """Value at which the term adds nothing to the linear predictor; null is 0."""
    step: Number = 1.0
    """Units that the hazard ratio is for; the label says so."""
    ratio: EstimateFact
    """Hazard ratio of one step, with its interval; of a spline the first column has that of the
    third quartile against the first, the others none."""
    p: Number
    """Wald p of that ratio, robust where the model says so; of a signature, from permuted
    outcomes."""
    permutations: Count | None = None
    """Of a signature, the permuted outcomes behind p (0: none, and no p); null for other terms."""


class PartialEffect(Fact):
    """The effect of one variable that is a restricted cubic spline, the others held."""

    name: str
    """Variable."""
    label: str
    """What is printed."""
    unit: str = ""
    """Unit; empty for none."""
    within: str = ""
    """Where others interact with it: at which of their values; empty where none does."""
    knots: Series
    """Where the curve may bend."""
    reference: Number
    """Value that the others are compared with: the median in training."""
    at: Series
    """Values over the range in training."""
    ratio: Series
    """Hazard ratio of each against the reference."""
    low: Series
    """Lower limit there."""
    high: Series
    """Upper limit there."""
    statistic: Number
    """Chi-square of Wald's test that the effect is a straight line."""
    degrees_of_freedom: Count
    """Its degrees of freedom."""
    p: Number
    """Its p."""


class HazardsTest(Fact):
    """Whether the coefficients of one variable change with time."""

    label: str
    """The variable, or all of them together."""
    statistic: Number
    """Chi-square of the score test against 1 - the Kaplan-Meier estimate of time."""
    degrees_of_freedom: Count
    """Its degrees of freedom."""
    p: Number
    """Its p."""


class CoefficientOverTime(Fact):
    """Scaled Schoenfeld residuals of one coefficient, and their smooth."""

    label: str
    """Term as printed, without its step."""
    coefficient: Number
    """The coefficient that the model takes to be constant, per unit of the term."""
    times: Series
    """Times of the events, ascending, in the time unit."""
    places: Series
    """1 - the Kaplan-Meier estimate just before each, along which the smooth runs."""
    residuals: Series
    """Scaled residual plus coefficient at each."""
    smooth_at: Series
    """Along the smooth, on the scale of ``places``."""
    smooth: Series
    """The coefficient there."""
    smooth_low: Series
    """Lower limit there."""
    smooth_high: Series
    """Upper limit there."""


class ModelFacts(Fact):
    """A fitted Cox model."""

    name: str
    """Name of the model, for example "DLRC"."""
    protocol: ProtocolName
    """Protocol that fitted it."""
    description: str = ""
    """What it holds, in a few words, for example "both signatures and clinical variables"."""
    n: Count
    """Cases it was fitted on."""
    events: Count
    """Events among them."""
    standard_errors: StandardErrors
    """Which variance intervals and p rest on."""
    ties: str = "Efron"
    """Handling of ties; empty where events lie between visits, whose likelihood has none."""
    penalty: Penalty = "none"
    """"firth" where a term separates the events; intervals and p are then its profile's."""
    terms: tuple[TermFact, ...]
    """Coefficients in the order of the design matrix."""
    baseline_survival: tuple[HorizonNumber, ...]
    """Survival at linear predictor 0 at each horizon."""
    proportional_hazards_p: Number = None
    """p of the global test of proportional hazards."""
    hazards_tests: tuple[HazardsTest, ...] = ()
    """Test of proportional hazards by variable, all of them together last."""
    partial_effects: tuple[PartialEffect, ...] = ()
    """Of the variables that are splines."""
    interaction_tests: tuple[InteractionTest, ...] = ()
    """Of each interaction, and of each variable together with its interactions."""
    effects_within: tuple[EffectWithin, ...] = ()
    """Effects of variables that interact, at each level or quartile of the others."""
    over_time: tuple[CoefficientOverTime, ...] = ()
    """Coefficients over time, of the model that the nomogram shows."""
    notes: tuple[str, ...] = ()
    """What the reader must know, for example a dropped term."""


class AxisTick(Fact):
    """A tick of a nomogram's axis."""

    value: Number = None
    """Value at the tick, in the axis's own unit; null for a level."""
    label: str
    """What is printed."""
    points: Number
    """Points at the tick; on the total and survival axes, total points."""


class AxisSetting(Fact):
    """A variable that is held at one value on an axis, because another interacts with it."""

    name: str
    """Variable that is held."""
    value: str
    """Level or number at which it is held."""
    columns: tuple[int, ...]
    """Places of its own columns among the model's terms."""
    values: tuple[float, ...]
    """Of those columns at that value."""


class PredictorAxis(Fact):
    """One predictor's axis, or one of several where it interacts with others."""

    name: str
    """Column name of the predictor; with what is held, where others are."""
    label: str
    """What is printed."""
    unit: str = ""
    """Unit; empty for none."""
    type: Scale
    """Whether the ticks are values or levels."""
    ticks: tuple[AxisTick, ...]
    """Ticks in the order of values or levels."""
    variable: str = ""
    """Predictor that moves along the axis, where others are held; else empty."""
    settings: tuple[AxisSetting, ...] = ()
    """Variables that interact with it, each at the value that this axis is for."""
    lowest: Number = None
    """Effect of all of them together that has 0 points; null where none is held."""


class SurvivalAxisFact(Fact):
    """Survival probability at one horizon along total points."""

    horizon: float
    """Horizon, in the study's time unit."""
    ticks: tuple[AxisTick, ...]
    """Survival probabilities with the total points at which they are predicted."""


class ExampleValue(Fact):
    """One predictor of the worked example."""

    name: str
    """Name of its axis."""
    label: str
    """Value or level as printed."""
    points: Number
    """Points that it brings."""


class WorkedExample(Fact):
    """One case read off the nomogram."""

    description: str
    """Which case it is, without an identifier, for example "the median case"."""
    values: tuple[ExampleValue, ...]
    """One value a predictor, in the order of the axes."""
    total_points: Number
    """Sum of the points."""
    linear_predictor: Number
    """Linear predictor of the case."""
    survival: tuple[HorizonNumber, ...]
    """Survival probability of the case at each horizon, by the model."""


class NomogramFacts(Fact):
    """A nomogram, ready to draw."""

    model: str
    """Model that it shows."""
    protocol: ProtocolName
    """Protocol that fitted the model."""
    points_ticks: tuple[Number, ...]
    """Ticks of the points axis, usually 0 to 100."""
    predictors: tuple[PredictorAxis, ...]
    """Axes in the model's order."""
    total_ticks: tuple[Number, ...]
    """Ticks of the total points axis."""
    survival: tuple[SurvivalAxisFact, ...]
    """One axis a horizon."""
    points_per_unit: Number
    """Points per unit of linear predictor."""
    zero_points_predictor: Number
    """Linear predictor at 0 total points."""
    example: WorkedExample | None = None
    """One case drawn on the nomogram."""


class SampleSizeRow(Fact):
    """Whether one model has enough events."""

    model: str
    """Name of the model or step."""
    parameters: Count
    """Parameters estimated; for selection, candidate features."""
    events_per_parameter: Number
    """Events divided by parameters."""
    riley_n: Count | None = None
    """Cases needed by the criteria of Riley et al. (2019)."""
    riley_events: Number = None
    """Events needed by the same criteria."""


class SampleSizeFacts(Fact):
    """Whether the study has enough events."""

    n: Count
    """Cases."""
    events: Count
    """Events."""
    rows: tuple[SampleSizeRow, ...]
    """Models, and the selection step of each feature set."""
    assumed_r2: Number = None
    """Cox-Snell R2 that the criteria were given."""
    target_shrinkage: Number = None
    """Shrinkage that the criteria aim at, usually 0.9."""
