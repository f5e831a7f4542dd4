"""The score test of proportional hazards (cox.zph of R's survival >= 3.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from trephine.choices import Ties
from trephine.errors import InputError
from trephine.regression.cox_result import ChiSquareTest
from trephine.survival.cox_residuals import schoenfeld_moments
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.risk_sets import StratifiedRiskSets
from trephine.types import FloatArray

TimeTransform = Literal["km", "rank", "identity", "log"]


@dataclass(frozen=True)
class ProportionalHazardsTest:
    """Whether coefficients change with g(time).

    Attributes
    ----------
    transform
        g: "km" 1 - S(t-), "rank" the mean rank of t among all cases' times, "identity" or "log".
    terms
        Names of the tested terms, a column each unless groups were given.
    tests
        A score test a term, in the order of ``terms``.
    overall
        All terms at once; R's row GLOBAL.
    event_times, transformed_times
        Shape (d,): time of each event, ascending, and g of it.
    scaled_residuals
        Shape (d, p): scaled Schoenfeld residuals plus coefficients; a smooth of these over
        ``transformed_times`` estimates the coefficient as a function of time.
    """

    transform: TimeTransform
    terms: tuple[str, ...]
    tests: tuple[ChiSquareTest, ...]
    overall: ChiSquareTest
    event_times: FloatArray
    transformed_times: FloatArray
    scaled_residuals: FloatArray


def proportional_hazards_test(
    risk_sets: StratifiedRiskSets,
    beta: FloatArray,
    covariance: FloatArray,
    names: Sequence[str],
    *,
    ties: Ties,
    transform: TimeTransform = "km",
    groups: Mapping[str, Sequence[str]] | None = None,
) -> ProportionalHazardsTest:
    """Test each coefficient against beta + theta g(t) (Grambsch and Therneau 1994).

    As R's ``cox.zph`` has done since survival 3.0: the score test of theta = 0 in the model
    extended by x g(t), with the full information matrix summed over event times rather than
    their average.

    Parameters
    ----------
    risk_sets, beta, covariance
        The fit, in the units of ``risk_sets.covariates``; inverse information.
    names
        Of the columns.
    ties
        How the model treats them.
    transform
        g(t).
    groups
        Columns that form one term each (a factor's levels); each column its own where None.

    Raises
    ------
    InputError
        An unknown transform, or groups with unknown columns.
    """
    linear_predictor = risk_sets.covariates @ beta
    rows, residuals, block_times, information = schoenfeld_moments(
        risk_sets, linear_predictor - linear_predictor.mean(), ties
    )
    time = risk_sets.in_input_order(risk_sets.time)
    weight = risk_sets.in_input_order(risk_sets.weight)
    event_times = time[rows]
    distinct, transformed = _transformed_event_times(risk_sets, transform)
    g_raw = transformed[np.searchsorted(distinct, event_times)]
    # At the maximum the test does not depend on the origin of g; the mean keeps digits.
    origin = g_raw.mean()
    g_event = g_raw - origin
    g_block = transformed[np.searchsorted(distinct, block_times)] - origin
    score = (weight[rows] * g_event) @ residuals
    total = information.sum(axis=0)
    cross = np.einsum("k,kij->ij", g_block, information)
    square = np.einsum("k,kij->ij", g_block**2, information)
    terms = _terms(names, groups)
    tests = [
        _score_test([list(names).index(name) for name in group], score, total, cross, square)
        for group in terms.values()
    ]
    overall = _score_test(list(range(len(names))), score, total, cross, square)
    scaled = (residuals @ covariance * event_times.size + beta) / risk_sets.scale
    order = np.argsort(event_times, kind="stable")
    return ProportionalHazardsTest(
        transform=transform,
        terms=tuple(terms),
        tests=tuple(tests),
        overall=overall,
        event_times=event_times[order],
        transformed_times=g_raw[order],
        scaled_residuals=scaled[order],
    )


def _terms(
    names: Sequence[str], groups: Mapping[str, Sequence[str]] | None
) -> Mapping[str, Sequence[str]]:
    """Return the columns of each term."""
    terms = {name: (name,) for name in names} if groups is None else groups
    unknown = [name for group in terms.values() for name in group if name not in names]
    if unknown:
        raise InputError(f"groups: expected columns of the model, found {unknown}")
    return terms


def _transformed_event_times(
    risk_sets: StratifiedRiskSets, transform: TimeTransform
) -> tuple[FloatArray, FloatArray]:
    """Return the distinct event times of all strata together, and g of each."""
    distinct = np.unique(risk_sets.time[risk_sets.event])
    if transform == "identity":
        return distinct, distinct
    if transform == "log":
        if distinct[0] <= 0:
            raise InputError("log transform: expected event times > 0, found an event at 0")
        return distinct, np.log(distinct)
    if transform == "rank":
        time = risk_sets.in_input_order(risk_sets.time)
        times, first = np.unique(time, return_index=True)
        return distinct, rankdata(time)[first][np.searchsorted(times, distinct)]
    if transform == "km":
        time = risk_sets.in_input_order(risk_sets.time)
        event = risk_sets.in_input_order(risk_sets.event)
        curve = kaplan_meier(time, event, entry=risk_sets.entry)
        before = np.append(1.0, curve.survival_probability)
        return distinct, 1 - before[np.searchsorted(curve.times, distinct)]
    raise InputError(f"transform: expected 'km', 'rank', 'identity' or 'log', found {transform!r}")


def _score_test(
    index: list[int], score: FloatArray, total: FloatArray, cross: FloatArray, square: FloatArray
) -> ChiSquareTest:
    """Test the theta of some columns, the coefficients of all columns being nuisance."""
    part = cross[:, index]
    variance = square[np.ix_(index, index)] - part.T @ np.linalg.solve(total, part)
    u = score[index]
    return ChiSquareTest.of(float(u @ np.linalg.solve(variance, u)), len(index))
