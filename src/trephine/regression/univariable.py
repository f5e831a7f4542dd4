"""The univariable table of a paper: one Cox model a variable, one row a level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trephine.choices import Ties
from trephine.errors import InputError, ModelError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import CoxResult
from trephine.regression.dummies import DummyCoding, dummy_coding
from trephine.types import BoolArray, Estimate, Survival

_NONE = Estimate(float("nan"))


@dataclass(frozen=True)
class UnivariableRow:
    """One level of one variable, or a numeric variable.

    Attributes
    ----------
    variable, level
        ``level`` is "" for numbers.
    reference
        Whether this is the level that the others are compared with (hazard ratio 1).
    n, n_events
        Cases of this level with a known value (of all known values, for numbers).
    hazard_ratio
        Per unit, or against the reference; NaN where no model could be fitted.
    p_value
        Wald; NaN for the reference.
    """

    variable: str
    level: str
    reference: bool
    n: int
    n_events: int
    hazard_ratio: Estimate
    p_value: float


@dataclass(frozen=True)
class UnivariableVariable:
    """One variable of the table.

    Attributes
    ----------
    variable
        Its name.
    rows
        One a level, the reference first; one row for a number.
    p_value
        Wald test of the whole variable, robust where clusters were given.
    likelihood_ratio_p_value
        Of the whole variable; it takes cases as independent.
    n_missing
        Cases left out of this model because the value is missing.
    result
        The fitted model; None where none could be fitted.
    problem
        Why none could be fitted; "" otherwise.
    """

    variable: str
    rows: tuple[UnivariableRow, ...]
    p_value: float
    likelihood_ratio_p_value: float
    n_missing: int
    result: CoxResult | None
    problem: str


@dataclass(frozen=True)
class UnivariableTable:
    """Univariable Cox models of several variables.

    Attributes
    ----------
    variables
        In the order asked for.
    robust
        Whether standard errors are cluster-robust.
    level
        Coverage of the intervals.
    """

    variables: tuple[UnivariableVariable, ...]
    robust: bool
    level: float

    def passing(self, p_below: float = 0.1) -> tuple[str, ...]:
        """Return the variables whose overall p value lies below a threshold (paper: 0.1)."""
        return tuple(row.variable for row in self.variables if row.p_value < p_below)

    def frame(self) -> pd.DataFrame:
        """Return the table, one row for each level."""
        return pd.DataFrame(
            [
                {
                    "variable": row.variable,
                    "level": row.level,
                    "reference": row.reference,
                    "n": row.n,
                    "n_events": row.n_events,
                    "hazard_ratio": row.hazard_ratio.value,
                    "low": row.hazard_ratio.low,
                    "high": row.hazard_ratio.high,
                    "p_value": row.p_value,
                    "overall_p_value": variable.p_value,
                }
                for variable in self.variables
                for row in variable.rows
            ]
        )


def univariable_table(
    table: pd.DataFrame,
    survival: Survival,
    *,
    variables: Sequence[str] | None = None,
    references: Mapping[str, Any] | None = None,
    cluster: npt.ArrayLike | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> UnivariableTable:
    """Fit one Cox model a variable.

    Each model uses the cases in which its variable is known. Factors (category, text, bool) are
    coded against a reference, see `dummy_coding`. A variable for which no model exists (a level
    without events, a constant) keeps its counts and says why in ``problem``.

    Parameters
    ----------
    table
        Shape (n, ...).
    survival
        Outcome of the n cases.
    variables
        Columns to use; all where None.
    references
        Reference level of some factors.
    cluster
        Shape (n,), labels; standard errors and p values become cluster-robust.
    ties, level
        As in `CoxModel`.

    Raises
    ------
    InputError
        Tables of another length, unknown variables or references.
    """
    if len(table) != len(survival):
        raise InputError(f"table: expected {len(survival)} rows, found {len(table)}")
    chosen = list(table.columns) if variables is None else list(variables)
    labels = None if cluster is None else np.asarray(cluster)
    model = CoxModel(ties=ties, level=level)
    found = tuple(
        _one_variable(model, table[[name]], survival, dict(references or {}), labels)
        for name in _known(chosen, table)
    )
    return UnivariableTable(found, cluster is not None, level)


def _known(chosen: list[str], table: pd.DataFrame) -> list[str]:
    missing = [name for name in chosen if name not in table.columns]
    if missing:
        raise InputError(f"table: expected columns {missing}, found {list(table.columns)[:12]}")
    return chosen


def _one_variable(
    model: CoxModel,
    column: pd.DataFrame,
    survival: Survival,
    references: dict[str, Any],
    cluster: npt.NDArray[Any] | None,
) -> UnivariableVariable:
    name = str(column.columns[0])
    known = column.iloc[:, 0].notna().to_numpy(dtype=np.bool_)
    cases, outcome = column[known], survival.take(known)
    if outcome.time.size == 0 or cases.iloc[:, 0].nunique() < 2:
        rows = (_row(name, "", False, outcome.event, _NONE, float("nan")),)
        problem = f"{name}: expected at least two different values, found fewer"
        missing = len(survival) - len(outcome)
        return UnivariableVariable(name, rows, np.nan, np.nan, missing, None, problem)
    coding = dummy_coding(cases, references=references)
    result, problem = None, ""
    overall = likelihood_ratio = float("nan")
    try:
        groups = None if cluster is None else cluster[known]
        result = model.fit(coding.matrix, outcome, cluster=groups).result_
        overall = result.wald.p_value
        likelihood_ratio = result.likelihood_ratio.p_value
    except ModelError as error:
        problem = str(error)
    return UnivariableVariable(
        variable=name,
        rows=_rows(name, cases, outcome, coding, result),
        p_value=overall,
        likelihood_ratio_p_value=likelihood_ratio,
        n_missing=len(survival) - len(outcome),
        result=result,
        problem=problem,
    )


def _rows(
    name: str,
    cases: pd.DataFrame,
    outcome: Survival,
    coding: DummyCoding,
    result: CoxResult | None,
) -> tuple[UnivariableRow, ...]:
    """Return the rows of one variable, the reference first."""
    columns = coding.groups[name]
    ratios = [_NONE if result is None else result.hazard_ratio_of(column) for column in columns]
    p_values = [float("nan")] * len(columns) if result is None else result.p_values.tolist()
    if name not in coding.levels:
        return (_row(name, "", False, outcome.event, ratios[0], p_values[0]),)
    values = cases.iloc[:, 0].to_numpy()
    rows = []
    for k, level in enumerate(coding.levels[name]):
        ratio = Estimate(1.0) if k == 0 else ratios[k - 1]
        p_value = float("nan") if k == 0 else p_values[k - 1]
        event = outcome.event[values == level]
        rows.append(_row(name, str(level), k == 0, event, ratio, p_value))
    return tuple(rows)


def _row(
    name: str, level: str, reference: bool, event: BoolArray, ratio: Estimate, p_value: float
) -> UnivariableRow:
    return UnivariableRow(
        name, level, reference, int(event.size), int(event.sum()), ratio, float(p_value)
    )
