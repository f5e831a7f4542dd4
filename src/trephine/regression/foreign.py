"""Cox models of other libraries as their equation; none of those libraries is imported.

What is read is what the models give in public: lifelines 0.27 or later (``CoxPHFitter``) and
scikit-survival 0.17 or later (``CoxPHSurvivalAnalysis``, ``CoxnetSurvivalAnalysis``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_equation import CoxEquation


def from_cox_model(model: CoxModel, *, stratum: str | None = None) -> CoxEquation:
    """Return the equation of a fitted `CoxModel`.

    Parameters
    ----------
    model
        Fitted.
    stratum
        Whose baseline, where the model has strata.

    Raises
    ------
    InputError
        If the model has strata and none, or an unknown one, was named.
    """
    result = model.result_
    baselines = model.baseline_cumulative_hazard(reference="means")
    hazard = baselines[_one(stratum, list(baselines))]
    return CoxEquation(
        names=result.names,
        coefficients=result.coefficients,
        times=hazard.index.to_numpy(np.float64),
        cumulative_hazard=np.asarray(hazard, dtype=np.float64),
        centre=float(result.means @ result.coefficients),
    )


def from_lifelines(model: Any, *, stratum: Any = None) -> CoxEquation:
    """Return the equation of a ``CoxPHFitter`` of lifelines.

    Between event times the baseline stays level, as Breslow's does; lifelines' own
    ``predict_survival_function`` draws a straight line from one time of its table to the next.

    Parameters
    ----------
    model
        Fitted, with Breslow's baseline (the default). Where it was fitted by a formula, the
        columns are those of its ``params_``.
    stratum
        Whose baseline, where the model has strata: a value of ``strata``.

    Raises
    ------
    InputError
        If it is not such a model, is not fitted, or has a parametric baseline; or as for
        ``stratum`` of `from_cox_model`.

    Examples
    --------
    >>> from trephine import from_lifelines
    >>> fitter = CoxPHFitter().fit(table, "months", "collapsed")  # doctest: +SKIP
    >>> from_lifelines(fitter).event_probability(table, [24])  # doctest: +SKIP
    """
    expected = "lifelines: expected a fitted CoxPHFitter with Breslow's baseline"
    params = getattr(model, "params_", None)
    baseline = getattr(model, "baseline_cumulative_hazard_", None)
    if params is None or baseline is None or not hasattr(model, "predict_log_partial_hazard"):
        raise InputError(f"{expected}, found {type(model).__name__} without one")
    if getattr(params.index, "nlevels", 1) > 1:
        raise InputError(f"{expected}, found a parametric baseline")
    columns = list(baseline.columns)
    chosen = columns[0] if len(columns) == 1 else _one(stratum, columns)
    # An array is taken as the design itself, and lifelines centres it: what is left is -c.
    zero = np.zeros((1, len(params)))
    at_zero = float(np.asarray(model.predict_log_partial_hazard(zero)).item())
    return CoxEquation(
        names=tuple(map(str, params.index)),
        coefficients=params.to_numpy(np.float64),
        times=baseline.index.to_numpy(np.float64),
        cumulative_hazard=baseline[chosen].to_numpy(np.float64),
        centre=-at_zero,
    )


def from_sksurv(model: Any, *, alpha: float | None = None) -> CoxEquation:
    """Return the equation of a Cox model of scikit-survival.

    Parameters
    ----------
    model
        Fitted ``CoxPHSurvivalAnalysis``, or ``CoxnetSurvivalAnalysis`` that was fitted with
        ``fit_baseline_model=True``.
    alpha
        Which penalty of a path's ``alphas_``; the last by default, as in its ``predict``.

    Raises
    ------
    InputError
        If it is not such a model, is not fitted, has no baseline, or never had that penalty.

    Examples
    --------
    >>> from trephine import from_sksurv
    >>> fitted = CoxPHSurvivalAnalysis().fit(X, y)  # doctest: +SKIP
    >>> from_sksurv(fitted).event_probability(X, [24])  # doctest: +SKIP
    """
    coefficients = getattr(model, "coef_", None)
    if coefficients is None or not hasattr(model, "predict_cumulative_hazard_function"):
        raise InputError(
            "scikit-survival: expected a fitted CoxPHSurvivalAnalysis or CoxnetSurvivalAnalysis, "
            f"found {type(model).__name__}; call fit first"
        )
    coefficients = np.asarray(coefficients, dtype=np.float64)
    at: dict[str, float] = {}
    if coefficients.ndim == 2:
        column = _penalty(np.asarray(model.alphas_, dtype=np.float64), alpha)
        at = {"alpha": float(model.alphas_[column])}
        coefficients = coefficients[:, column]
    elif alpha is not None:
        raise InputError("alpha: expected none, the model has no path of penalties")
    if getattr(model, "fit_baseline_model", True) is False:
        raise InputError("scikit-survival: expected a model fitted with fit_baseline_model=True")
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = [f"x{j}" for j in range(coefficients.size)]
    zero: Any = np.zeros((1, coefficients.size))
    if hasattr(model, "feature_names_in_"):
        zero = pd.DataFrame(zero, columns=list(names))
    step = model.predict_cumulative_hazard_function(zero, **at)[0]
    times = np.asarray(step.x, dtype=np.float64)
    return CoxEquation(tuple(map(str, names)), coefficients, times, np.asarray(step(times)))


def _one(wanted: Any, known: list[Any]) -> Any:
    """Return the stratum asked for, or the only one."""
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted not in known:
        found = "none" if wanted is None else repr(wanted)
        raise InputError(f"stratum: expected one of {known}, found {found}")
    return wanted


def _penalty(alphas: np.ndarray[Any, Any], wanted: float | None) -> int:
    if wanted is None:
        return int(alphas.size - 1)
    close = np.flatnonzero(np.isclose(alphas, wanted, rtol=1e-9, atol=0.0))
    if not close.size:
        raise InputError(
            f"alpha: expected one of the model's {alphas.size} penalties from {alphas.max():g} to "
            f"{alphas.min():g}, found {wanted!r}"
        )
    return int(close[0])
