"""A Cox model as its equation: coefficients and a baseline, whoever fitted it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.regression.nomogram import Nomogram, NomogramPredictor, make_nomogram
from trephine.regression.outcome import design_like
from trephine.types import FloatArray

# Levels of a column that holds nothing but 0 and 1, and that no factor claims.
NO_YES = ("0", "1")


@dataclass(frozen=True)
class CoxEquation:
    """S(t | x) = exp(-H0(t) exp(x b - c)).

    `from_lifelines`, `from_sksurv` and `from_cox_model` read it off a fitted model; a published
    model's can be typed in.

    Attributes
    ----------
    names
        Of the p columns.
    coefficients
        b, log hazard ratios per unit, shape (p,).
    times
        When the baseline rises, ascending, shape (k,).
    cumulative_hazard
        H0 at ``times``, shape (k,), of a case with x b = c; 0 before the first.
    centre
        c; 0 where the baseline is that of a case with every column 0.

    Raises
    ------
    InputError
        If lengths differ, values are not finite, times do not ascend or the hazard falls.

    Examples
    --------
    >>> from trephine import CoxEquation
    >>> published = CoxEquation(("age", "stage_II"), (0.03, 0.8), (12, 24), (0.1, 0.25), centre=1.5)
    >>> published.event_probability([[50.0, 0.0], [50.0, 1.0]], [24]).round(3)
    array([[0.221],
           [0.427]])
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    times: FloatArray
    cumulative_hazard: FloatArray
    centre: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(map(str, self.names)))
        for field in ("coefficients", "times", "cumulative_hazard"):
            values = np.array(getattr(self, field), dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, field, values)
        object.__setattr__(self, "centre", float(self.centre))
        wrong = self._wrong()
        if wrong:
            raise InputError("Cox model: " + "; ".join(wrong))

    def _wrong(self) -> list[str]:
        """Return everything that makes this no Cox model."""
        b, times, hazard = self.coefficients, self.times, self.cumulative_hazard
        p = len(self.names)
        if b.shape != (p,) or times.ndim != 1 or not times.size or hazard.shape != times.shape:
            return [
                f"expected one coefficient per name and one cumulative hazard per time, found {p}"
                f" names, coefficients of shape {b.shape}, times of shape {times.shape} and"
                f" hazards of shape {hazard.shape}"
            ]
        wrong = []
        if not p or len(set(self.names)) < p:
            wrong.append("expected distinct names, at least one")
        if not (np.isfinite(b).all() and np.isfinite(self.centre)):
            bad = [name for name, one in zip(self.names, b, strict=True) if not np.isfinite(one)]
            wrong.append(f"expected finite coefficients and centre; check {bad or 'the centre'}")
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all() and times[0] >= 0):
            wrong.append("expected finite times >= 0 that ascend")
        if not (np.isfinite(hazard).all() and hazard[0] >= 0 and (np.diff(hazard) >= 0).all()):
            wrong.append("expected a cumulative hazard >= 0, finite, that never falls")
        return wrong

    def linear_predictor(self, X: Any) -> FloatArray:
        """Return x b - c of m cases, shape (m,); a DataFrame's columns are found by name."""
        return np.asarray(design_like(X, self.names) @ self.coefficients - self.centre)

    def baseline_survival(self, times: npt.ArrayLike) -> FloatArray:
        """Return exp(-H0(t)), shape (k,).

        Raises
        ------
        InputError
            If a time is negative, or after the last that the model knows.
        """
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        last = float(self.times[-1])
        bad = at[~((at >= 0) & (at <= last))]
        if bad.size:
            raise InputError(f"times: expected 0 to {last:g}, the model's last, found {bad[0]:g}")
        index = np.searchsorted(self.times, at, side="right")
        return np.asarray(np.exp(-np.concatenate([[0.0], self.cumulative_hazard])[index]))

    def event_probability(self, X: Any, times: npt.ArrayLike) -> FloatArray:
        """Return the probability of the event by each time, shape (m, k)."""
        cumulative = -np.log(self.baseline_survival(times))
        risk = np.exp(self.linear_predictor(X))
        return np.asarray(-np.expm1(-np.outer(risk, cumulative)))

    def nomogram(
        self,
        X: Any,
        horizons: Sequence[float],
        *,
        factors: Mapping[str, Mapping[str, str | None]] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Nomogram:
        """Lay the model out as a nomogram, as rms does.

        Parameters
        ----------
        X
            The cases whose ranges the axes show, usually those that the model was fitted to.
        horizons
            Times of the survival axes.
        factors
            Of each categorical variable: its levels in order, each with its 0/1 column, and None
            for the reference. Other columns that hold 0 and 1 alone become axes of two levels,
            "0" and "1"; the rest are continuous.
        labels
            What to print beside an axis, by the name of the column or factor.

        Raises
        ------
        InputError
            If a factor names an unknown column, a column twice, or not one reference.
        ModelError
            If no predictor changes the risk.
        """
        values = design_like(X, self.names)
        levels = {name: dict(of) for name, of in (factors or {}).items()}
        self._check(levels)
        centred = values @ self.coefficients - self.centre
        at = [float(horizon) for horizon in horizons]
        return make_nomogram(
            self._predictors(values, levels, labels or {}),
            centre=self.centre,
            horizons=at,
            survival_at_zero=[float(one) for one in self.baseline_survival(at)],
            linear_predictor_range=(float(centred.min()), float(centred.max())),
        )

    def _check(self, factors: Mapping[str, Mapping[str, str | None]]) -> None:
        """Refuse factors that do not part the columns; says everything at once."""
        wrong = []
        claimed = [column for of in factors.values() for column in of.values() if column]
        unknown = [column for column in claimed if column not in self.names]
        if unknown:
            wrong.append(f"expected columns of the model, found {unknown}")
        twice = sorted({column for column in claimed if claimed.count(column) > 1})
        if twice:
            wrong.append(f"expected each column once, found {twice} more than once")
        free = set(self.names) - set(claimed)
        wrong += [f"{name} is a column's name too" for name in factors if name in free]
        wrong += [
            f"{name}: expected one level without a column, the reference"
            for name, of in factors.items()
            if list(of.values()).count(None) != 1
        ]
        if wrong:
            raise InputError("factors: " + "; ".join(wrong))

    def _predictors(
        self,
        values: FloatArray,
        factors: Mapping[str, Mapping[str, str | None]],
        labels: Mapping[str, str],
    ) -> list[NomogramPredictor]:
        """Return one predictor per axis, in the order of the columns."""
        effect = dict(zip(self.names, map(float, self.coefficients), strict=True))
        owner = {column: name for name, of in factors.items() for column in of.values() if column}
        axes: dict[str, NomogramPredictor] = {}
        for j, column in enumerate(self.names):
            name = owner.get(column, column)
            label = labels.get(name, name)
            if column in owner:
                of = factors[name]
                effects = tuple(effect[one] if one else 0.0 for one in of.values())
                axes.setdefault(name, NomogramPredictor(name, label, effects, tuple(of)))
            elif np.isin(values[:, j], (0.0, 1.0)).all():
                axes[name] = NomogramPredictor(name, label, (0.0, effect[column]), NO_YES)
            else:
                low, high = float(values[:, j].min()), float(values[:, j].max())
                axes[name] = NomogramPredictor(name, label, (effect[column],), low=low, high=high)
        return list(axes.values())
