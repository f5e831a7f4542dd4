"""Facts behind the baseline table and the Cox tables."""

from __future__ import annotations

from typing import Literal

from trephine.choices import ContinuousAs, GroupTest, ProtocolName, Scale, StandardErrors
from trephine.facts.base import Count, EstimateFact, Fact, Number, Series


class ContinuousSummaryFact(Fact):
    """A continuous variable in one column of Table 1."""

    n: Count
    """Cases with a value."""
    mean: Number
    """Mean, in the variable's unit."""
    sd: Number
    """Standard deviation (n - 1), in the variable's unit."""
    median: Number
    """Median, in the variable's unit."""
    q1: Number
    """First quartile, in the variable's unit."""
    q3: Number
    """Third quartile, in the variable's unit."""
    low: Number = None
    """Smallest value, in the variable's unit."""
    high: Number = None
    """Largest value, in the variable's unit."""


class LevelCount(Fact):
    """A level in one column of Table 1."""

    count: Count
    """Cases with this level."""
    percent: Number
    """Of the column's cases with a value, 0 to 100."""


class Table1Level(Fact):
    """A level of a categorical variable, over all columns."""

    level: str
    """Label of the level."""
    columns: tuple[LevelCount, ...]
    """One count a column, in the order of the table's columns."""


class Table1Variable(Fact):
    """A variable of Table 1."""

    name: str
    """Column name."""
    label: str
    """What the table prints."""
    type: Scale
    """Type of the variable, from the plan."""
    unit: str = ""
    """Unit; empty for none."""
    summary: Literal["mean", "median", "counts"]
    """What the table prints: mean and SD, median and quartiles, or counts."""
    continuous: tuple[ContinuousSummaryFact, ...] = ()
    """One summary a column; empty for a categorical variable."""
    levels: tuple[Table1Level, ...] = ()
    """Levels in the plan's order; empty for a continuous variable."""
    missing: tuple[Count, ...]
    """Cases without a value, one number a column."""
    normality_p: Number = None
    """p of the Kolmogorov-Smirnov test of normality; null for a categorical variable."""
    test: GroupTest = "none"
    """Test between cases without and with the event."""
    statistic: Number = None
    """Statistic of the test: t, Z or chi-square; null for Fisher's exact test."""
    p: Number = None
    """p of the test."""
    smd: Number = None
    """Standardised difference between cases without and with the event, absolute."""
    formula: str = ""
    """Formula of a computed variable as the methods state it; empty for a measured one."""
    lowest_possible: Number = None
    """Smallest value that unit or formula allows; null for no limit."""
    highest_possible: Number = None
    """Largest value that unit or formula allows; null for no limit."""
    note: str = ""
    """What the reader must know, for example that the variable is constant."""


class Table1Facts(Fact):
    """Baseline characteristics, overall and by event."""

    columns: tuple[str, ...]
    """Names of the columns: all, without event, with event; all alone where every case has it."""
    sizes: tuple[Count, ...]
    """Cases in each column."""
    variables: tuple[Table1Variable, ...]
    """Variables in the plan's order."""


class HazardRatio(Fact):
    """A hazard ratio of a Cox model."""

    ratio: EstimateFact
    """Hazard ratio with its interval, against the reference level or per unit."""
    p: Number
    """Wald p, with the robust variance where the table says so; of a signature, from permuted
    outcomes."""
    permutations: Count | None = None
    """Of a signature, the permuted outcomes behind p (0: none, and no p); null for other terms."""


class CoxRow(Fact):
    """A level of a variable, or a continuous variable, in a Cox table."""

    level: str
    """Label of the level; for a continuous variable, the step that the ratio is for."""
    reference: bool = False
    """True for the reference level."""
    n: Count
    """Cases at this level."""
    events: Count
    """Cases with the event at this level."""
    univariable: HazardRatio | None = None
    """From the model with this variable alone."""
    multivariable: HazardRatio | None = None
    """From the multivariable model; null where the variable is not in it."""


class CoxVariable(Fact):
    """A variable of a Cox table."""

    name: str
    """Column name."""
    label: str
    """What the table prints."""
    unit: str = ""
    """Unit; empty for none."""
    cut_off: Number = None
    """Where a continuous variable was cut in two, in its unit; null where it was not."""
    knots: Series = ()
    """Where the curve of a spline may bend; empty where the variable is none."""
    rows: tuple[CoxRow, ...]
    """Levels, the reference first as in the plan; one row for a continuous variable."""
    univariable_p: Number = None
    """p of the whole variable, all levels together, alone in the model."""
    multivariable_p: Number = None
    """p of the whole variable, all levels together, in the multivariable model."""
    note: str = ""
    """For example that it was not entered, eliminated, or could not be fitted, and why."""


class CoxTableFacts(Fact):
    """Univariable and multivariable Cox regression (Table 2, Table S2)."""

    protocol: ProtocolName
    """Protocol that the table follows."""
    continuous: ContinuousAs
    """How continuous variables entered."""
    standard_errors: StandardErrors
    """Which variance intervals and p rest on."""
    entry_p: Number = None
    """Univariable p below which a variable was entered; null where all were."""
    stay_p: Number = None
    """p above which backward elimination took a variable out; null where it is not p that ruled."""
    elimination: str = ""
    """How the multivariable model was reached, in a sentence."""
    n: Count
    """Cases in the multivariable model."""
    events: Count
    """Events in the multivariable model."""
    variables: tuple[CoxVariable, ...]
    """Variables in the plan's order."""
