"""Multiple imputation by chained equations of clinical values, in the training cases.

Each variable with missing values is regressed on all others, on the outcome and on the signatures;
parameters are drawn from their posterior, then values. Continuous variables take the value of a
case that is predicted alike (predictive mean matching, as mice's ``pmm``), levels are drawn from a
logistic model, of two levels or of more. The outcome enters as the event and the Nelson-Aalen
estimate at the case's own time (White and Royston 2009), of every cause where events compete:
without it, effects of imputed variables are drawn to 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.errors import InputError
from trephine.modelling.imputed_draws import draw_levels, draw_matched
from trephine.survival.baseline import hazard_of_all
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import FloatArray, Survival

SWEEPS = 10
"""Rounds over all incomplete variables; mice's default is 5."""
FEWEST, MOST = 5, 50
"""Data sets that are completed where the plan names no number: the percentage of incomplete cases
(White, Royston and Wood 2011), within these bounds."""
# Chains are run side by side, in blocks of so many numbers at most.
_BLOCK = 8_000_000


@dataclass(frozen=True)
class ChainTrace:
    """How the imputed values of one variable moved.

    Attributes
    ----------
    variable
        Key.
    level
        Of a categorical variable, the commonest level, whose share is traced; else empty.
    mean
        Of the imputed values, or that level's share, after each sweep in each chain, shape
        (sweeps, chains).
    """

    variable: str
    level: str
    mean: FloatArray


@dataclass(frozen=True)
class Completed:
    """Training cases without missing values, several times.

    Attributes
    ----------
    tables
        One a chain; the table itself, once, where nothing was missing.
    traces
        Of each incomplete variable.
    """

    tables: tuple[ClinicalTable, ...]
    traces: tuple[ChainTrace, ...]


def n_imputations(table: ClinicalTable, stated: int | None) -> int:
    """Return in how many ways a table is completed: 1 where nothing is missing."""
    absent = table.missing()
    if not absent.any():
        return 1
    return stated or min(max(math.ceil(100 * absent.mean()), FEWEST), MOST)


def outcome_columns(survival: Survival) -> FloatArray:
    """Return the event and the Nelson-Aalen estimate at each case's own time, shape (n, 2).

    Two columns for each cause where events compete, shape (n, 2 causes).
    """
    causes = [survival]
    if isinstance(survival, CompetingSurvival):
        causes += [survival.of_competing(name) for name in survival.names]
    columns = []
    for one in causes:
        columns += [one.event.astype(np.float64), hazard_of_all(one).at(one.time)]
    return np.column_stack(columns)


def complete(
    table: ClinicalTable,
    survival: Survival,
    scores: Sequence[FloatArray],
    stated: int | None,
    rng: np.random.Generator,
) -> Completed:
    """Complete the training cases' clinical values.

    Parameters
    ----------
    table, survival
        n training cases.
    scores
        Of the signatures that stand in models beside these variables, shape (n,) each.
    stated
        How many data sets; by the share of incomplete cases where None.
    rng
        Source of all draws.

    Raises
    ------
    InputError
        If a variable has no value in any training case.
    """
    m = n_imputations(table, stated)
    for key in table.variables:
        if np.isnan(table.values(key)).all():
            raise InputError(f"clinical variable {key}: no training case has a value")
    if m == 1 and not table.missing().any():
        return Completed((table,), ())
    beside = standardised(np.column_stack([outcome_columns(survival), *scores]))
    states = [_State(table, beside, size) for size in _chains_at_once(table, beside, m)]
    traces = [state.run(rng) for state in states]
    return Completed(
        tuple(completed for state in states for completed in state.tables()),
        tuple(
            ChainTrace(key, _common_level(table, key), np.hstack([one[key] for one in traces]))
            for key in states[0].incomplete
        ),
    )


def standardised(columns: FloatArray) -> FloatArray:
    """Return columns with mean 0 and spread 1; one that does not vary becomes 0."""
    spread = columns.std(axis=0)
    found: FloatArray = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return found


def _chains_at_once(table: ClinicalTable, beside: FloatArray, m: int) -> Iterator[int]:
    width = beside.shape[1] + sum(max(len(v.levels), 1) for v in table.variables.values())
    size = max(1, _BLOCK // (len(table) * width))
    for first in range(0, m, size):
        yield min(size, m - first)


def _common_level(table: ClinicalTable, key: str) -> str:
    variable, values = table.variables[key], table.values(key)
    return variable.text_of(variable.typical(values[~np.isnan(values)])) if variable.levels else ""


class _State:
    """c chains: the values of every variable as they stand, and as columns of a design."""

    def __init__(self, table: ClinicalTable, beside: FloatArray, chains: int) -> None:
        self.table, self.chains = table, chains
        self.known = {key: ~np.isnan(table.values(key)) for key in table.variables}
        few = sorted(table.variables, key=lambda key: int((~self.known[key]).sum()))
        self.incomplete = tuple(key for key in few if not self.known[key].all())
        self.seen: Mapping[str, FloatArray] = {
            key: np.unique(table.values(key)[self.known[key]])
            for key, variable in table.variables.items()
            if variable.categorical
        }
        self.values = {
            key: np.repeat(table.values(key)[None], chains, axis=0) for key in table.variables
        }
        shape = (chains, *beside.shape)
        self.beside = np.broadcast_to(beside, shape)
        self.columns: dict[str, FloatArray] = {}
        self.found: dict[str, FloatArray] = {}

    def run(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Sweep over the incomplete variables; return the trace of each, (sweeps, chains)."""
        for key in self.incomplete:
            given = self.table.values(key)[self.known[key]]
            absent = ~self.known[key]
            self.values[key][:, absent] = rng.choice(given, (self.chains, int(absent.sum())))
        for key in self.table.variables:
            self._encode(key)
        traces: dict[str, list[FloatArray]] = {key: [] for key in self.incomplete}
        for _ in range(SWEEPS):
            for key in self.incomplete:
                self._redraw(key, rng)
                traces[key].append(self._traced(key))
        return {key: np.array(found) for key, found in traces.items()}

    def _encode(self, key: str) -> None:
        values = self.values[key]
        if key in self.seen:
            self.columns[key] = (values[..., None] == self.seen[key][1:]).astype(np.float64)
            return
        given = self.table.values(key)[self.known[key]]
        spread = float(given.std()) or 1.0
        self.columns[key] = ((values - given.mean()) / spread)[..., None]

    def _redraw(self, key: str, rng: np.random.Generator) -> None:
        known = self.known[key]
        constant = np.ones((self.chains, known.size, 1))
        others = [columns for other, columns in self.columns.items() if other != key]
        design = np.concatenate([constant, *others, self.beside], axis=2)
        given = self.table.values(key)[known]
        if key in self.seen and self.seen[key].size == 1:
            drawn = np.full((self.chains, int((~known).sum())), self.seen[key][0])
        elif key in self.seen:
            drawn, self.found[key] = draw_levels(
                design, given, self.seen[key], known, rng, self.found.get(key)
            )
        else:
            drawn = draw_matched(design, given, known, rng)
        self.values[key][:, ~known] = drawn
        self._encode(key)

    def _traced(self, key: str) -> FloatArray:
        drawn = self.values[key][:, ~self.known[key]]
        if key in self.seen:
            given = self.table.values(key)[self.known[key]]
            drawn = (drawn == self.table.variables[key].typical(given)).astype(np.float64)
        found: FloatArray = drawn.mean(axis=1)
        return found

    def tables(self) -> Iterator[ClinicalTable]:
        """Return the completed tables."""
        for chain in range(self.chains):
            table = self.table
            for key in self.incomplete:
                stored = table.variables[key].stored(self.values[key][chain])
                table = table.with_column(key, stored)
            yield table
