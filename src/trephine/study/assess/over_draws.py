"""Measures where events lie between visits: times are drawn several times, and results pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from scipy.special import ndtr, ndtri

from trephine.evaluation.benefit_gain import BenefitGain
from trephine.evaluation.calibration_curve import CalibrationCurve
from trephine.evaluation.decision_curve import DecisionCurve
from trephine.executors import Progress
from trephine.streams import seeds
from trephine.study.assess.predictions import Predictions
from trephine.study.assess.whole import Assessment, assess
from trephine.study.results import Analysed
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.types import Estimate

TIME_DRAWS = 5
"""How often the times between visits are drawn to judge predictions."""
# Resamples behind an interval: those that the plan asks for are shared among the draws.
_FEWEST_RESAMPLES = 50

_T = TypeVar("_T")


def assess_outcome(
    analysis: Analysed,
    predictions: Sequence[Predictions],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """Measure every model; where events lie between visits, on several draws of their times.

    Times are drawn from Turnbull's curve of all these cases, which knows nothing of predictions:
    what is said of a model is, if anything, a little too modest. Numbers are pooled by Rubin's
    rules, statistics and p of curves are the medians, calibration and decision curves and gains in
    net benefit the means; curves of Kaplan and Meier and of ROC are of the first draw.

    Parameters
    ----------
    analysis, predictions, workers, progress
        As `trephine.study.assess.whole.assess`.
    """
    survival = analysis.cases.survival
    if not isinstance(survival, IntervalSurvival):
        return assess(analysis, predictions, workers=workers, progress=progress)
    curve = survival.curve()
    sparing = _with_fewer_resamples(analysis)
    found = []
    for seed in seeds(analysis.inputs.plan.study.seed, "visits").spawn(TIME_DRAWS):
        drawn = survival.redrawn(np.random.default_rng(seed), curve)
        own = replace(sparing, cases=analysis.cases.with_survival(drawn))
        found.append(assess(own, predictions, workers=workers, progress=progress))
    pooled = pool_over_draws(found)
    return replace(
        pooled,
        number_draws=TIME_DRAWS * pooled.number_draws,
        band_draws=TIME_DRAWS * pooled.band_draws,
    )


def _with_fewer_resamples(analysis: Analysed) -> Analysed:
    plan = analysis.inputs.plan
    asked = plan.validation.interval_bootstraps
    count = min(asked, max(_FEWEST_RESAMPLES, -(-asked // TIME_DRAWS)))
    validation = plan.validation.model_copy(update={"interval_bootstraps": count})
    own = plan.model_copy(update={"validation": validation})
    return replace(analysis, inputs=replace(analysis.inputs, plan=own))


def pool_over_draws(found: Sequence[_T]) -> _T:
    """Pool one result over draws, part by part: whatever is the same object stays as it is."""
    pooled: _T = _pooled(list(found))
    return pooled


def _pooled(found: list[Any]) -> Any:
    first = found[0]
    if all(one is first for one in found) or any(type(one) is not type(first) for one in found):
        return first
    if isinstance(first, Estimate):
        return rubin(found)
    if is_dataclass(first) and not isinstance(first, type):
        return _pooled_parts(found)
    if isinstance(first, Mapping):
        keys = [key for key in first if all(key in one for one in found)]
        return {key: _pooled([one[key] for one in found]) for key in keys}
    if isinstance(first, tuple) and all(len(one) == len(first) for one in found):
        return tuple(_pooled(list(part)) for part in zip(*found, strict=True))
    if isinstance(first, float):
        return float(np.median(found))
    return first


def _pooled_parts(found: list[Any]) -> Any:
    first = found[0]
    curve = isinstance(first, BenefitGain | CalibrationCurve | DecisionCurve)
    parts: dict[str, Any] = {}
    for part in fields(first):
        if not part.init:
            continue
        own = [getattr(one, part.name) for one in found]
        means = curve and isinstance(own[0], np.ndarray) and len({v.shape for v in own}) == 1
        parts[part.name] = np.mean(own, axis=0) if means else _pooled(own)
    difference = parts.get("difference")
    if isinstance(difference, Estimate) and np.isfinite(difference.standard_error):
        error = difference.standard_error  # 0 of two models that predict alike: no test then
        z = difference.value / error if error > 0 else float("nan")
        for name, value in (("z", z), ("statistic", z), ("p_value", 2 * ndtr(-abs(z)))):
            if name in parts:
                parts[name] = float(value)
    return replace(first, **parts)


def rubin(found: Sequence[Estimate]) -> Estimate:
    """Pool estimates with their errors; of those without one, the ends are averaged."""
    values = np.array([one.value for one in found])
    errors = np.array([one.standard_error for one in found])
    value = float(values.mean())
    if not np.isfinite(errors).all():
        low, high = (
            float(np.mean([getattr(one, end) for one in found])) for end in ("low", "high")
        )
        between = float(np.sqrt((1 + 1 / len(found)) * values.var(ddof=1)))
        return replace(found[0], value=value, low=low - between, high=high + between)
    total = float(np.sqrt(np.mean(errors**2) + (1 + 1 / len(found)) * values.var(ddof=1)))
    half = float(ndtri(0.5 + found[0].level / 2)) * total
    return replace(found[0], value=value, low=value - half, high=value + half, standard_error=total)
