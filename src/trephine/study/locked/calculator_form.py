"""What a calculator needs of a locked model, as JSON: no case, no table, no image.

A calculator is a program that predicts by these numbers alone, such as the web page that Trephine
writes. It does so in the same double precision as ``predict``; `trephine.study.locked.calculator`
fills these classes in.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trephine.cohort.schema import HeadMeasure
from trephine.modelling.terms import TermKind
from trephine.study.locked.context import NomogramContext, Part, UpdateContext
from trephine.study.locked.intervals import NoRefits

NumberList = tuple[float, ...]
# Key of a variable, and the place of the term that is 1 in the group; null: its reference.
CalculatorGroup = tuple[str, int | None]


class CalculatorVariable(Part):
    """A clinical variable that a case states."""

    key: str
    """Its name; the column of a table that ``predict`` reads."""
    column: str
    """The column that ``predict`` reads it from."""
    label: str
    """To show."""
    unit: str
    """Unit; empty for none."""
    levels: tuple[str, ...]
    """Possible values of a categorical variable; empty for a number."""
    range: tuple[float, float] | None
    """Lowest and highest possible value; outside is a mistake."""
    measure: HeadMeasure | None
    """A measure that is computed from two arcs in degrees; null for most variables."""
    arcs: tuple[str, str] | None
    """Columns of those arcs."""


class SignatureFeatures(Part):
    """The features of a signature: its score is the weighted sum of their z-scores."""

    names: tuple[str, ...]
    """Of the m features."""
    weights: NumberList
    """Shape (m,)."""
    centre: NumberList
    """Training mean of each feature."""
    scale: NumberList
    """Training standard deviation of each feature."""
    floor: NumberList | None
    """Values below count as these in the score; null where all count as they are."""
    ceiling: NumberList | None
    """Values above count as these."""
    reach: float
    """Largest root mean square z-score of a training case."""


class CalculatorSignature(Part):
    """A signature, whose score is typed or computed from its features."""

    key: str
    """Of the feature set."""
    label: str
    """To show."""
    harmonised: bool
    """Whether training's centre effects are taken out of its features."""
    measured: bool
    """Whether the study measured its features on images."""
    features: SignatureFeatures | None
    """Null where they are left out: then only the score can be typed."""


class CalculatorTerm(Part):
    """One column of a model."""

    variable: str
    """Clinical variable, interaction or feature set that it belongs to."""
    kind: TermKind
    """The value itself, 1 at a level, 1 from a cut-off on, of a spline, a product of two of these,
    or a signature's score."""
    label: str
    """To show."""
    level: str
    """Of a level's column."""
    reference: str
    """The level that it is compared with."""
    cut: float | None
    """Of a cut-off's column."""
    knots: NumberList = ()
    """Of a spline's columns; empty for others."""
    bend: int = 0
    """Which of a spline's columns it is; 0 is the value itself."""
    parts: tuple[CalculatorTerm, ...] = ()
    """Of a product, the two columns that are multiplied; empty for others."""


class CalculatorBaseline(Part):
    """The baseline at k times: ``S(t) = exp(-hazard exp(lp))``.

    ``lp`` is the sum of (value - centre) coefficient over the terms.
    """

    times: NumberList
    """Shape (k,)."""
    hazard: tuple[float | None, ...]
    """Cumulative, shape (k,); null past the last follow-up."""


class CalculatorRefit(Part):
    """One refit of a model to a bootstrap sample."""

    terms: tuple[int, ...]
    """Places of its q terms in the list of terms."""
    coefficients: NumberList
    """Log hazard ratio per unit, shape (q,)."""
    centre: NumberList
    """Where its linear predictor is 0, shape (q,)."""
    hazard: tuple[float | None, ...]
    """Cumulative hazard at the horizons; null past the last follow-up of its sample."""
    imputation: NumberList | None
    """What stands in for a missing value of each variable; null where one is needed."""


class RefitsInterval(Part):
    """The interval from refits: selection and all, as ``predict`` prints it.

    Distances from the prediction to the 2.5th and 97.5th percentile of the refits, on the scale
    log(-log S); at least ``fewest`` refits have to say something.
    """

    kind: Literal["refits"]
    """How it is computed."""
    tails: tuple[float, float]
    """Shares below the lower and the upper limit."""
    fewest: int
    """Of fewer refits, percentiles say nothing."""
    variables: tuple[str, ...]
    """Clinical variables of any refit."""
    terms: tuple[CalculatorTerm, ...]
    """All terms of the refits."""
    refits: tuple[CalculatorRefit, ...]
    """The refits."""


class NoInterval(Part):
    """No interval, and why."""

    kind: Literal["none"]
    """How it is computed."""
    reason: Literal[NoRefits, "signature", "size", "competing"]
    """Why no refits were kept; every refit weighs other features; they would be too large."""


class CalculatorCause(Part):
    """The rate of one competing event.

    ``lp`` is the sum of (value - centre) coefficient over its own columns.
    """

    name: str
    """Of the event."""
    columns: tuple[int, ...]
    """Places of its r terms among the model's."""
    coefficients: NumberList
    """Log hazard ratio per unit, shape (r,)."""
    centre: NumberList
    """Where its linear predictor is 0, shape (r,)."""
    before: NumberList
    """Cumulative hazard just before each of the event's k times."""


class CalculatorRates(Part):
    """The event's k times and every event's rate there, where others may come first.

    The risk by t is the sum, over times up to t, of the event's step times ``exp(lp)`` times
    ``exp(-total)``, where the total is ``before exp(lp)`` of the event and of every cause. It is
    at most 1, and unknown past the last follow-up.
    """

    times: NumberList
    """Shape (k,), ascending."""
    steps: NumberList
    """Of the event's cumulative hazard, shape (k,)."""
    before: NumberList
    """The event's cumulative hazard before each step, shape (k,)."""
    last: float
    """Last follow-up of training."""
    causes: tuple[CalculatorCause, ...]
    """The competing events."""


class CalculatorJoint(Part):
    """Where the training cases lie, in all q terms together."""

    centre: NumberList
    """Shape (q,)."""
    directions: tuple[NumberList, ...]
    """Shape (r, q): a case's distance is the root of the sum, over directions, of the squares of
    the sum of (value - centre) direction."""
    reach: float
    """Largest distance of a training case."""
    unseen: tuple[tuple[CalculatorGroup, CalculatorGroup], ...]
    """Pairs of groups that no training case had both."""


class CalculatorPerformance(Part):
    """How well the model ranks cases, as the study's report says."""

    kind: str
    """On which cases."""
    value: float | None
    """C-index."""
    low: float | None
    """Lower limit of its 95 % interval."""
    high: float | None
    """Upper limit."""


class CalculatorModel(Part):
    """A Cox model of q terms."""

    name: str
    """Of the model."""
    variables: tuple[str, ...]
    """Keys of the clinical variables that it needs."""
    signatures: tuple[str, ...]
    """Keys of the signatures that it needs."""
    terms: tuple[CalculatorTerm, ...]
    """Its columns."""
    coefficients: NumberList
    """Log hazard ratio per unit, shape (q,)."""
    centre: NumberList
    """Training mean of each term."""
    low: NumberList
    """Smallest value of each term in training."""
    high: NumberList
    """Largest value of each term in training."""
    horizons: CalculatorBaseline
    """The baseline at the horizons, to the last bit."""
    curve: CalculatorBaseline
    """The baseline over time, for drawing: thinned and rounded."""
    interval: Annotated[RefitsInterval | NoInterval, Field(discriminator="kind")]
    """How the interval of a survival probability at a horizon is computed."""
    risk_cut: float
    """Training median of the linear predictor: above it, a case is high risk."""
    deciles: NumberList
    """First to ninth decile of the linear predictor in training."""
    range: tuple[float, float]
    """Its smallest and largest value in training."""
    cases: int
    """Training cases."""
    events: int
    """Their events."""
    performance: tuple[CalculatorPerformance, ...]
    """As the study's report says."""
    nomogram: NomogramContext | None
    """The model in points; null where no predictor changes the risk."""
    rates: CalculatorRates | None = None
    """Of every event, where others compete: survival is then 1 - risk of the event, and the
    baselines above are of its rate alone. Null where no events compete."""
    joint: CalculatorJoint | Literal["unknown"] | None = None
    """How training's values lie together; unknown in older models and published equations, null
    where the model has fewer than two variables."""


class CalculatorContent(Part):
    """All that a calculator needs."""

    version: Literal[1, 2]
    """Of this form: 2 where events compete, which a reader of 1 would take for survival."""
    trephine: str
    """Version of Trephine that fitted the model."""
    title: str
    """Of the study."""
    simulated: str
    """How the data were simulated; empty where they were not."""
    protocol: str
    """Protocol that fitted the models."""
    signed_by: str | None
    """Fingerprint of the key that signed the bundle."""
    outcome: str
    """What is predicted."""
    event: str
    """The event's name."""
    competing: tuple[str, ...] = ()
    """Events that may come before it; empty where none do."""
    landmark: float | None = None
    """Time after the start of follow-up from which horizons count; null where that is the start."""
    updated: UpdateContext | None = None
    """How outside cases changed the models; null where none did."""
    unit: str
    """Of time."""
    risk_cuts: NumberList
    """Event probabilities at the first horizon that part the groups; empty: the median does."""
    groups: tuple[str, ...]
    """Names of the risk groups from low to high."""
    imputation: dict[str, float] | None
    """What stands in for a missing clinical value (a level's code); null where one is needed."""
    fills_missing: bool
    """Whether a training mean stands in for a missing feature."""
    sides: bool
    """Whether each case is one side of its patient."""
    centres: tuple[str, ...]
    """Names of training's centres, where features are harmonised."""
    images: tuple[str, ...] = ()
    """Names of the images that are uploaded, where a case has several; empty where it has one."""
    masks: tuple[str, ...] = ()
    """Names of those on which regions are drawn."""
    variables: tuple[CalculatorVariable, ...]
    """Clinical variables of the models."""
    signatures: tuple[CalculatorSignature, ...]
    """Signatures of the models."""
    models: tuple[CalculatorModel, ...]
    """The primary model first."""
