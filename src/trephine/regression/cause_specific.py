"""Absolute risk of one cause from a Cox model of every cause, as riskRegression's ``CSC``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.outcome import as_design, design_like
from trephine.survival.aalen_johansen import CENSORED, check_causes
from trephine.types import FloatArray, Survival


@dataclass(frozen=True)
class CauseSpecificModel:
    """A Cox model of each cause, the others' events censored.

    Attributes
    ----------
    models
        By code of the cause.
    names
        Of the columns.
    last
        Last follow-up; nothing is predicted later.
    """

    models: Mapping[int, CoxModel]
    names: tuple[str, ...]
    last: float

    def predict_incidence(
        self, X: Any, times: npt.ArrayLike, *, of: int = 1, product_limit: bool = False
    ) -> FloatArray:
        """Return P(event of the cause by t), shape (m, t); NaN past the last follow-up.

        The sum over event times of P(free of any event just before) times the cause's hazard there
        (Benichou and Gail 1990).

        Parameters
        ----------
        X
            New cases; a DataFrame's columns are found by name.
        times
            Shape (t,).
        of
            The cause.
        product_limit
            Whether P(free) is the product of 1 minus the hazards rather than exp of minus their
            sum (riskRegression's ``product.limit``). With few cases left the sum of all causes'
            probabilities may be above 1 by the second, and never is by the first.

        Raises
        ------
        InputError
            If the cause is none of the models'.
        """
        if of not in self.models:
            raise InputError(f"of: expected one of {list(self.models)}, found {of}")
        values = design_like(X, self.names)
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        every, jumps = self._jumps(values)
        total = np.sum(list(jumps.values()), axis=0)
        if product_limit:
            free = np.cumprod(1 - np.minimum(total, 1.0), axis=1)
        else:
            free = np.exp(-np.cumsum(total, axis=1))
        before = np.hstack([np.ones((len(values), 1)), free[:, :-1]])
        reached = np.cumsum(before * jumps[of], axis=1)
        place = np.searchsorted(every, asked, side="right")
        padded = np.hstack([np.zeros((len(values), 1)), reached])
        return np.where(asked <= self.last, padded[:, place], np.nan)

    def _jumps(self, values: FloatArray) -> tuple[FloatArray, dict[int, FloatArray]]:
        """Return all follow-up times, and each cause's hazard there, of shape (m, times)."""
        found = {}
        for cause, model in self.models.items():
            base = model.baseline_cumulative_hazard(reference="zero")["all"]
            every = base.index.to_numpy(dtype=np.float64)
            ratio = np.exp(model.predict_linear_predictor(values))
            found[cause] = np.outer(ratio, np.diff(base.to_numpy(), prepend=0.0))
        return every, found


def fit_cause_specific(
    X: Any,
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CauseSpecificModel:
    """Fit a Cox model of every cause that occurs, each with all columns.

    Parameters
    ----------
    X
        DataFrame or array, shape (n, p), numeric.
    time, cause
        As `trephine.cumulative_incidence`.
    cluster, level
        As `CoxModel.fit`.

    Raises
    ------
    InputError, ModelError
        As `CoxModel.fit`, of any of the causes.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import fit_cause_specific
    >>> rng = np.random.default_rng(2)
    >>> x = rng.normal(size=(300, 1))
    >>> months, cause = rng.exponential(30 * np.exp(-x[:, 0])), rng.integers(0, 3, 300)
    >>> model = fit_cause_specific(x, months, cause)
    >>> risk = sum(model.predict_incidence(x[:2], [12.0], of=k) for k in (1, 2))
    >>> bool((risk < 1).all())
    True
    """
    times, codes = check_causes(time, cause)
    design, names = as_design(X, times.size)
    models = {}
    for code in np.unique(codes[codes != CENSORED]).tolist():
        outcome = Survival(times, codes == code)
        models[code] = CoxModel(level=level).fit(design, outcome, cluster=cluster)
    return CauseSpecificModel(models, names, float(times.max()))
