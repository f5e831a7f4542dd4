"""What a later case's missing values may be, by its other values: models without the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.errors import InputError
from trephine.modelling.imputation import Imputation
from trephine.modelling.level_model import fit_levels, level_probabilities, levels_at
from trephine.types import BoolArray, FloatArray

DRAWS = 50
"""Values that are drawn for each missing one; a prediction is the mean over them."""
_SWEEPS = 10
# Of the numbers that values are drawn by: one set for every case, so that what is said of a case
# depends on nothing but its own values.
_SEED = 20
_RIDGE = 1e-5
_BLOCK = 4_000_000
_NUMBERS = ("mean", "scale", "low", "high", "residual")


@dataclass(frozen=True)
class VariableModel:
    """How one variable follows from the others.

    Attributes
    ----------
    levels
        Codes of the levels that training had, ascending; empty for a continuous variable.
    mean, scale
        Of a continuous variable in training.
    low, high
        Its range there: no value outside is drawn.
    residual
        Spread about its regression, in units of ``scale``.
    coefficients
        Of a constant and of the other variables' columns, shape (1, q), or (levels - 1, q).
    """

    levels: tuple[float, ...]
    mean: float
    scale: float
    low: float
    high: float
    residual: float
    coefficients: FloatArray

    def columns(self, values: FloatArray) -> FloatArray:
        """Return values of any shape as columns of the other variables' models."""
        if self.levels:
            is_level: FloatArray = (values[..., None] == np.array(self.levels[1:])).astype(float)
            return is_level
        found: FloatArray = ((values - self.mean) / self.scale)[..., None]
        return found

    def start(self) -> float:
        """Return a value to begin from."""
        return self.levels[0] if self.levels else self.mean

    def drawn(self, design: FloatArray, uniform: FloatArray) -> FloatArray:
        """Return values of r cases at each of k numbers between 0 and 1, shape (k, r).

        Parameters
        ----------
        design
            Shape (k, r, q).
        uniform
            Shape (k,).
        """
        if self.levels:
            beta = np.broadcast_to(self.coefficients, (len(design), *self.coefficients.shape))
            place = levels_at(level_probabilities(design, beta), uniform[:, None])
            level: FloatArray = np.array(self.levels, dtype=np.float64)[place]
            return level
        away = design @ self.coefficients[0] + self.residual * ndtri(uniform)[:, None]
        number: FloatArray = np.clip(self.mean + self.scale * away, self.low, self.high)
        return number


@dataclass(frozen=True)
class ChainedImputation:
    """Draws a later case's missing values from the other values that it has.

    Of each variable there is a model on all others, learned from the completed training cases
    without their outcome, which a later case does not have. Where several values are missing, they
    are drawn in turn. The draws are by fixed numbers: the same case always gives the same.

    Attributes
    ----------
    models
        By variable.
    """

    models: Mapping[str, VariableModel]

    def stands_in(self, table: ClinicalTable, key: str) -> str:
        """Return a variable with what is put in the place of a missing value, for a sentence."""
        named = label_of(key, table.variables[key])
        return f"{named} by the mean over {DRAWS} values drawn from the case's other values"

    def completions(self, table: ClinicalTable) -> tuple[ClinicalTable, ...]:
        """Return a table without missing values, `DRAWS` times; once where nothing is missing.

        Parameters
        ----------
        table
            It may hold some of the variables only: those that it lacks are drawn too, and not
            returned.
        """
        rows = np.flatnonzero(table.missing())
        if not rows.size:
            return (table,)
        size = max(1, _BLOCK // (DRAWS * sum(max(len(m.levels), 1) for m in self.models.values())))
        parts = [
            self._drawn(table.take(rows[first : first + size]))
            for first in range(0, rows.size, size)
        ]
        drawn = {key: np.hstack([part[key] for part in parts]) for key in parts[0]}
        found = []
        for draw in range(DRAWS):
            completed = table
            for key, values in drawn.items():
                column = table.values(key)
                column[rows] = values[draw]
                completed = completed.with_column(key, table.variables[key].stored(column))
            found.append(completed)
        return tuple(found)

    def _drawn(self, table: ClinicalTable) -> dict[str, FloatArray]:
        """Return the values of r incomplete cases by variable of the table, shape (DRAWS, r)."""
        values, absent = {}, {}
        for key, model in self.models.items():
            given = table.values(key) if key in table.variables else np.full(len(table), np.nan)
            absent[key] = np.isnan(given)
            values[key] = np.repeat(
                np.where(absent[key], model.start(), given)[None], DRAWS, axis=0
            )
        several = np.sum(list(absent.values()), axis=0) > 1
        numbers = _numbers(len(self.models))
        for sweep in range(_SWEEPS):
            for place, key in enumerate(self.models):
                # One value alone depends on nothing that is drawn: a sweep is enough.
                rows = absent[key] if sweep == 0 else absent[key] & several
                if rows.any():
                    self._redraw(key, values, rows, numbers[sweep, place])
        return {key: values[key] for key in table.variables}

    def _redraw(
        self, key: str, values: dict[str, FloatArray], rows: BoolArray, uniform: FloatArray
    ) -> None:
        others = [m.columns(values[o][:, rows]) for o, m in self.models.items() if o != key]
        design = _with_constant(others, (DRAWS, int(rows.sum())))
        values[key][:, rows] = self.models[key].drawn(design, uniform)


def _numbers(n_variables: int) -> FloatArray:
    """Return evenly spread numbers in another order for each draw of a value, by sweep."""
    rng = np.random.default_rng(_SEED)
    even = (np.arange(DRAWS) + 0.5) / DRAWS
    shape = (_SWEEPS, n_variables, DRAWS)
    return rng.permuted(np.broadcast_to(even, shape).copy(), axis=2)


def _with_constant(columns: Sequence[FloatArray], shape: tuple[int, ...]) -> FloatArray:
    return np.concatenate([np.ones((*shape, 1)), *columns], axis=-1)


def fit_conditional(tables: Sequence[ClinicalTable]) -> ChainedImputation:
    """Learn how each variable follows from the others.

    Parameters
    ----------
    tables
        The training cases completed m times.
    """
    first = tables[0]
    stacked = {key: np.concatenate([t.values(key) for t in tables]) for key in first.variables}
    empty = {key: _described(first, key, values) for key, values in stacked.items()}
    models = {}
    for key, values in stacked.items():
        others = [m.columns(stacked[other]) for other, m in empty.items() if other != key]
        design = _with_constant(others, values.shape)
        models[key] = _fitted(empty[key], design, values, 1 / len(tables))
    return ChainedImputation(models)


def _described(table: ClinicalTable, key: str, values: FloatArray) -> VariableModel:
    none = np.empty((0, 0))
    if table.variables[key].categorical:
        levels = tuple(np.unique(values).tolist())
        return VariableModel(levels, 0.0, 1.0, levels[0], levels[-1], 0.0, none)
    mean, scale = float(values.mean()), float(values.std()) or 1.0
    return VariableModel((), mean, scale, float(values.min()), float(values.max()), 0.0, none)


def _fitted(
    model: VariableModel, design: FloatArray, values: FloatArray, weight: float
) -> VariableModel:
    if len(model.levels) == 1:
        return replace(model, coefficients=np.zeros((0, design.shape[1])))
    if model.levels:
        place = np.searchsorted(np.array(model.levels), values)
        levels, _ = fit_levels(design[None], place, len(model.levels), weight=weight)
        return replace(model, coefficients=levels[0])
    target = (values - model.mean) / model.scale
    gram = design.T @ design
    gram[np.diag_indices_from(gram)] *= 1 + _RIDGE
    gram[np.diag_indices_from(gram)] += _RIDGE
    beta = np.asarray(np.linalg.solve(gram, design.T @ target), dtype=np.float64)
    n = max(weight * target.size - design.shape[1], 1.0)
    residual = float(np.sqrt(weight * ((target - design @ beta) ** 2).sum() / n))
    return replace(model, residual=residual, coefficients=beta[None])


def imputation_to_json(imputation: Imputation | ChainedImputation | None) -> dict[str, Any]:
    """Return how later cases' missing values are imputed, as entries of a bundle or a refit."""
    if isinstance(imputation, ChainedImputation):
        return {"imputation": None, "chained_imputation": conditional_to_json(imputation)}
    return {"imputation": None if imputation is None else dict(imputation.values)}


def imputation_from_json(content: Mapping[str, Any]) -> Imputation | ChainedImputation | None:
    """Return what ``imputation_to_json`` wrote."""
    if "chained_imputation" in content:
        return conditional_from_json(content["chained_imputation"])
    values = content["imputation"]
    return None if values is None else Imputation(values)


def conditional_to_json(imputation: ChainedImputation) -> dict[str, Any]:
    """Return the models as JSON values: coefficients and ranges, no case."""
    return {
        key: {
            "levels": list(model.levels),
            **{name: getattr(model, name) for name in _NUMBERS},
            "coefficients": model.coefficients.tolist(),
        }
        for key, model in imputation.models.items()
    }


def conditional_from_json(content: Mapping[str, Any]) -> ChainedImputation:
    """Return what ``conditional_to_json`` wrote.

    Raises
    ------
    InputError
        If a model has other coefficients than the variables' columns, or a number is not finite.
    """
    widths = {key: max(len(part["levels"]) - 1, 0) or 1 for key, part in content.items()}
    widths |= {key: 0 for key, part in content.items() if len(part["levels"]) == 1}
    models = {}
    for key, part in content.items():
        levels = tuple(float(code) for code in part["levels"])
        rows = len(levels) - 1 if levels else 1
        q = 1 + sum(width for other, width in widths.items() if other != key)
        coefficients = np.asarray(part["coefficients"], dtype=np.float64)
        numbers = {name: float(part[name]) for name in _NUMBERS}
        finite = np.isfinite([*coefficients.flat, *numbers.values()]).all()
        if coefficients.size != rows * q or not finite:
            raise InputError(f"the imputation of {key} does not fit the other variables")
        models[key] = VariableModel(levels, coefficients=coefficients.reshape(rows, q), **numbers)
    return ChainedImputation(models)
