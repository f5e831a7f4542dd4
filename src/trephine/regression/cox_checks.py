"""Why a Cox model cannot be fitted, said in the names of its columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg.lapack import dpstrf

from trephine.errors import ModelError
from trephine.survival.newton import NewtonFit
from trephine.survival.partial_likelihood import PartialLikelihood
from trephine.survival.risk_sets import StratifiedRiskSets
from trephine.types import BoolArray, FloatArray, IntArray

# Squared multiple correlation with the other columns, from 1, below which a column is theirs.
_COLLINEAR = 1e-10
# A linear predictor this far from the average case: its square as a ratio of hazards (1e260) is
# still a number, and no hazard of a case that was ever at risk is.
_BOUNDLESS = 300.0
# Of the risk of those followed longer, what a risk set must have to keep seven digits.
_DROWNED = 1e-9


def refuse_hopeless(risk_sets: StratifiedRiskSets, names: Sequence[str]) -> None:
    """Raise where no Cox model of these columns exists, whatever their values.

    Raises
    ------
    ModelError
        No event, all events at one time, as many columns as cases, or constant columns.
    """
    n, p = risk_sets.n_cases, risk_sets.covariates.shape[1]
    events = int(risk_sets.event.sum())
    if events == 0:
        raise ModelError(
            f"expected events, found none among {n} cases", model="Cox model", kind="no events"
        )
    if events > 1 and risk_sets.n_event_times == 1:
        raise ModelError(
            f"expected events at two or more times, found all {events} at one time;"
            " the order of events carries no information",
            model="Cox model",
            kind="no information",
        )
    if p >= n:
        raise ModelError(
            f"expected fewer columns than cases, found {p} columns and {n} cases;"
            " select columns or use a penalised model",
            model="Cox model",
            kind="too few cases",
        )
    refuse_constant(names, (risk_sets.covariates != 0).any(axis=0))


def refuse_constant(names: Sequence[str], varies: BoolArray) -> None:
    """Raise where columns do not vary; ``varies`` says of which they do, shape (p,).

    Raises
    ------
    ModelError
        With their names.
    """
    constant = [name for name, one in zip(names, varies, strict=True) if not one]
    if constant:
        raise ModelError(
            "expected columns that vary, found constant {}; drop them",
            constant,
            model="Cox model",
            kind="constant",
        )


def refuse_collinear(null: PartialLikelihood, names: Sequence[str]) -> None:
    """Raise where the information at 0 does not have full rank.

    Raises
    ------
    ModelError
        Columns that do not vary among the cases at risk at any event, or that are a linear
        combination of others; both are named.
    """
    diagonal = np.diag(null.information)
    flat = diagonal <= _COLLINEAR * max(float(diagonal.max()), 1e-300)
    if flat.any():
        found = [name for name, is_flat in zip(names, flat, strict=True) if is_flat]
        raise ModelError(
            "{} does not vary among the cases at risk at any event"
            " (within strata, where there are any); drop it",
            found,
            model="Cox model",
            kind="constant",
        )
    unit = np.sqrt(diagonal)
    correlation = null.information / np.outer(unit, unit)
    _, pivots, rank, _ = dpstrf(correlation, tol=_COLLINEAR, lower=1)
    if rank < diagonal.size:
        kept, dependent = pivots[:rank] - 1, pivots[rank:] - 1
        named: list[Sequence[str]] = []
        for j in np.sort(dependent).tolist():
            named += [[names[j]], _sources(correlation, kept, j, names)]
        parts = "; ".join("{} follows from {}" for _ in dependent)
        sentence = f"collinear columns: {parts}; drop one of each"
        raise ModelError(sentence, *named, model="Cox model", kind="collinear")


def refuse_unfinished(fit: NewtonFit, names: Sequence[str]) -> None:
    """Raise where Newton's method found no finite maximum.

    Raises
    ------
    ModelError
        Separation (coefficients that run to infinity, named) or no convergence.
    """
    if fit.status == "converged":
        return
    if fit.status == "slow" and np.abs(fit.beta).max() < 10:
        raise ModelError(
            f"no convergence after {fit.n_iterations} steps at log likelihood"
            f" {fit.fitted.value:.6g}; raise max_iterations or tolerance",
            model="Cox model",
            kind="no convergence",
        )
    suspects = fit.infinite if fit.infinite.any() else np.ones_like(fit.infinite)
    _refuse_separating(np.where(suspects, np.abs(fit.beta), 0.0), names)


def refuse_boundless(linear_predictor: FloatArray, fit: NewtonFit, names: Sequence[str]) -> None:
    """Raise where the maximum is finite and yet no hazard can be had from it.

    A column that orders the events but for a rounded digit has a maximum, at ratios of hazards
    beyond every number: separation but in name.

    Raises
    ------
    ModelError
        Separation; the columns are named.
    """
    if np.abs(linear_predictor).max() > _BOUNDLESS:
        _refuse_separating(np.abs(fit.beta), names)


def refuse_drowned(risk_sets: StratifiedRiskSets, linear_predictor: FloatArray) -> None:
    """Raise where late entries leave risk sets too small to be had as a difference of sums.

    Those at risk at a time are those followed longer less those who entered later; where the latter
    have nearly all the risk, the difference has few digits left.

    Raises
    ------
    ModelError
        A risk set with an event that has less than 1e-9 of the risk it is the difference of.
    """
    if risk_sets.entry is None:
        return
    risk = risk_sets.weight * np.exp(linear_predictor - linear_predictor.max())
    for stratum in range(risk_sets.n_strata):
        rows = np.flatnonzero(risk_sets.stratum == stratum)
        sums = np.cumsum(risk[rows])
        ends = np.searchsorted(-risk_sets.time[rows], -risk_sets.time[rows], side="right") - 1
        drowned = risk_sets.event[rows] & (sums < _DROWNED * np.maximum.accumulate(sums))[ends]
        if drowned.any():
            time = float(risk_sets.time[rows][drowned].max())
            raise ModelError(
                f"expected risks of one order, found cases that entered after the event at {time:g}"
                " with over a billion times the risk of all who were at risk there; cut or"
                " transform a column with outliers",
                model="Cox model",
                kind="no convergence",
            )


def _refuse_separating(size: FloatArray, names: Sequence[str]) -> None:
    """Raise for the columns whose coefficients are of the order of the largest ``size``."""
    found = [name for name, one in zip(names, size, strict=True) if one >= 0.2 * size.max()]
    raise ModelError(
        "the coefficient of {} runs to infinity (separation: cases on one side of the column have"
        " no event, or the column orders the events perfectly); merge levels, drop the column, or"
        " use a penalised model",
        found,
        model="Cox model",
        kind="separation",
    )


def _sources(correlation: FloatArray, kept: IntArray, j: int, names: Sequence[str]) -> list[str]:
    """Return the columns of which column j is a linear combination."""
    weights = np.linalg.solve(correlation[np.ix_(kept, kept)], correlation[kept, j])
    return [names[k] for k, weight in zip(kept, weights, strict=True) if abs(weight) > 1e-6]
