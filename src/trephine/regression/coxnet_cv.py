"""Cross-validation of the penalised Cox path, as ``cv.glmnet(family = "cox")`` defines it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, ModelError
from trephine.regression.coxnet_design import (
    CoxData,
    TiedCensoring,
    check_outcome,
    cox_data,
    in_risk_order,
)
from trephine.regression.coxnet_path import fit_path, warn_if_cut
from trephine.regression.coxnet_result import CoxNetPath, PenaltyGridWarning
from trephine.regression.coxnet_settings import (
    DEFAULTS,
    PathSettings,
    check_factors,
    check_penalties,
)
from trephine.survival.late_concordance import harrell_of, has_pairs
from trephine.survival.path_products import weighted_sums
from trephine.survival.path_risk import (
    RiskSets,
    log_likelihoods,
    risk_of_rows,
    saturated_log_likelihood,
)
from trephine.types import BoolArray, FloatArray, IntArray, Survival

LossMeasure = Literal["deviance", "C"]
FoldDeviance = Literal["grouped", "ungrouped"]
Edge = Literal["none", "largest", "smallest"]
LEAST_CASES_UNGROUPED = 10  # glmnet takes the grouped deviance where folds are smaller


@dataclass(frozen=True)
class CoxNetCV:
    """Cross-validated error along a path, and the two penalties that it chooses.

    Attributes
    ----------
    path
        Fitted to all cases.
    cvm, cvsd
        Mean over the folds (weighted by events, for C by cases) of the measure and its standard
        error, at each of ``path.penalties``. Deviance per event; for "C" Harrell's concordance,
        where larger is better.
    cv_raw
        The measure of each fold, shape (n_folds, n_penalties); NaN where a fold has no
        comparable pair.
    lambda_min
        The largest penalty at the best ``cvm``.
    lambda_1se
        The largest penalty whose ``cvm`` is within one ``cvsd`` of the best.
    index_min, index_1se
        Their 0-based positions in ``path.penalties``.
    measure
        What was measured.
    at_edge
        Whether ``lambda_min`` is the largest or the smallest penalty of the grid.
    out_of_fold
        Linear predictor of each case from the path fitted without its fold, shape
        (n_penalties, n): Tibshirani and Efron's pre-validated predictor (2002, Stat Appl Genet
        Mol Biol 1:1). Each fold's is centred over all cases.
    """

    path: CoxNetPath
    cvm: FloatArray
    cvsd: FloatArray
    cv_raw: FloatArray
    lambda_min: float
    lambda_1se: float
    index_min: int
    index_1se: int
    measure: LossMeasure
    at_edge: Edge
    out_of_fold: FloatArray

    @property
    def coefficients_min(self) -> FloatArray:
        """Coefficients at ``lambda_min``, shape (p,)."""
        row: FloatArray = self.path.coefficients[self.index_min]
        return row

    @property
    def coefficients_1se(self) -> FloatArray:
        """Coefficients at ``lambda_1se``, shape (p,)."""
        row: FloatArray = self.path.coefficients[self.index_1se]
        return row


def cross_validate(
    X: npt.ArrayLike,
    survival: Survival,
    folds: npt.ArrayLike,
    settings: PathSettings = DEFAULTS,
    *,
    penalties: npt.ArrayLike | None = None,
    penalty_factors: npt.ArrayLike | None = None,
    measure: LossMeasure = "deviance",
    fold_deviance: FoldDeviance = "grouped",
) -> CoxNetCV:
    """Choose the penalty by cross-validation.

    For fold k, with the path b_k fitted to the other folds, the grouped deviance is
    [dev(all cases; b_k) - dev(other folds; b_k)] / events in fold k (van Houwelingen et al. 2006,
    Stat Med 25:3201); the ungrouped one is dev(fold k; b_k) / events in fold k. With automatic
    penalties each fold has its own grid, and its coefficients are interpolated linearly at the
    penalties of the whole.

    Parameters
    ----------
    X, survival, settings, penalties, penalty_factors
        As ``coxnet_path``.
    folds
        Shape (n,), the fold of each case; any labels (``folds.assign_folds`` makes them).
    measure
        "deviance" or "C" (Harrell's, within each fold).
    fold_deviance
        "grouped", or "ungrouped" where folds hold ten cases at least on average.

    Raises
    ------
    InputError
        As ``coxnet_path``; a fold with one case, or without events; rows and folds are named.
    ModelError
        As ``coxnet_path``, with the fold.

    Warns
    -----
    PenaltyGridWarning
        ``lambda_min`` is the smallest penalty, or the largest while the model there is not empty.
        An empty model at an automatic grid's largest penalty is an answer, and told by
        ``at_edge`` alone. Also where the path had to end early, as ``coxnet_path``.
    """
    if measure not in ("deviance", "C"):
        raise InputError(f"measure: expected 'deviance' or 'C', found {measure!r}")
    if fold_deviance not in ("grouped", "ungrouped"):
        raise InputError(
            f"fold_deviance: expected 'grouped' or 'ungrouped', found {fold_deviance!r}"
        )
    data = cox_data(X, survival)
    fold_of, labels = _check_folds(folds, survival)
    fold_of = fold_of[data.order]
    given = check_penalties(penalties)
    factors = check_factors(penalty_factors, len(data.names))
    n = len(survival)
    path = fit_path(data, np.arange(n), given, factors, settings)
    warn_if_cut(path, settings.n_penalties)
    if n / labels.size < LEAST_CASES_UNGROUPED:
        fold_deviance = "grouped"
    measuring = _Measuring(data, path, measure, fold_deviance, settings.tied_censoring)

    raw = np.empty((labels.size, path.penalties.size))
    weights = np.empty(labels.size)
    out_of_fold = np.empty((path.penalties.size, n))
    for k, label in enumerate(labels):
        held_out = fold_of == k
        whose = f"without fold {label}: "
        check_outcome(data.survival.take(~held_out), whose)
        fitted = fit_path(data, np.flatnonzero(~held_out), given, factors, settings, whose)
        eta = measuring.predictors(fitted)
        out_of_fold[:, data.order[held_out]] = eta[:, held_out]
        raw[k], weights[k] = measuring.of(held_out, eta, fitted)
    return _choose(path, raw, weights, measure, out_of_fold)


def _check_folds(
    folds: npt.ArrayLike, survival: Survival
) -> tuple[IntArray, npt.NDArray[np.generic]]:
    """Return the fold of each case as 0..K-1, and the K labels."""
    values = np.asarray(folds)
    if values.shape != (len(survival),):
        raise InputError(f"folds: expected shape ({len(survival)},), found {values.shape}")
    labels, codes = np.unique(values, return_inverse=True)
    if labels.size < 3:
        raise InputError(f"folds: expected three at least, found {labels.size}")
    for k, label in enumerate(labels):
        rows = np.flatnonzero(codes == k)
        if rows.size == 1:
            raise InputError(
                f"folds: expected two cases a fold at least, found one (row {rows[0]}) in fold"
                f" {label}; ask for fewer folds"
            )
        if not survival.event[rows].any():
            raise InputError(
                f"folds: expected an event in every fold, found none among the {rows.size} cases"
                f" of fold {label} (first row {rows[0]}); ask for fewer folds, or balance them"
                " with assign_folds"
            )
    return codes, labels


def deviance(eta: FloatArray, survival: Survival) -> FloatArray:
    """Return 2 (saturated - log PL) with Breslow's ties, glmnet's ``coxnet.deviance``.

    Parameters
    ----------
    eta
        Linear predictors, shape (models, n), of cases sorted by time.
    survival
        The same cases.
    """
    return _deviance(eta, risk_of_rows(survival, np.arange(len(survival)))[0])


def _deviance(eta: FloatArray, risk: RiskSets) -> FloatArray:
    return 2.0 * (saturated_log_likelihood(risk) - log_likelihoods(eta, risk))


@dataclass(frozen=True)
class _Measuring:
    """How well the path of the other folds does on a fold, at the penalties of the whole."""

    data: CoxData
    path: CoxNetPath
    measure: LossMeasure
    fold_deviance: FoldDeviance
    tied_censoring: TiedCensoring

    def predictors(self, fitted: CoxNetPath) -> FloatArray:
        """Return the linear predictors of all cases, shape (penalties, n), centred over them."""
        coefficients = fitted.coefficients_at(self.path.penalties)
        eta = weighted_sums(coefficients, self.data.columns)
        eta -= weighted_sums(coefficients, self.path.centre[:, np.newaxis])
        return eta

    def of(
        self, held_out: BoolArray, eta: FloatArray, fitted: CoxNetPath
    ) -> tuple[FloatArray, float]:
        """Return the measure of a fold at each penalty, and what the fold weighs in the mean."""
        if self.measure == "C":
            return _fold_concordance(self.data, held_out, eta), float(held_out.sum())
        n_events = int(self.data.survival.event[held_out].sum())
        return self._deviance_of(held_out, eta, fitted) / n_events, n_events

    def _deviance_of(self, held_out: BoolArray, eta: FloatArray, fitted: CoxNetPath) -> FloatArray:
        def of(cases: BoolArray) -> FloatArray:
            rows, risk = in_risk_order(self.data, np.flatnonzero(cases), self.tied_censoring)
            return _deviance(np.ascontiguousarray(eta[:, rows]), risk)

        if self.fold_deviance == "ungrouped":
            return of(held_out)
        # At its own penalties the path of the other folds knows its own deviance.
        if np.array_equal(fitted.penalties, self.path.penalties):
            others = fitted.null_deviance * (1.0 - fitted.deviance_ratio)
        else:
            others = of(~held_out)
        return of(np.ones_like(held_out)) - others


def _fold_concordance(data: CoxData, held_out: BoolArray, eta: FloatArray) -> FloatArray:
    fold = data.survival.take(held_out)
    last = fold.time.max()
    if not (fold.event & (fold.time < last)).any() and not _censored_later(fold):
        return np.full(eta.shape[0], np.nan)
    if not has_pairs(fold):
        return np.full(eta.shape[0], np.nan)
    return np.array([harrell_of(fold, e) for e in eta[:, held_out]])


def _censored_later(fold: Survival) -> bool:
    """Say whether a case is censored at the time of an event, which makes a comparable pair."""
    return bool(np.isin(fold.time[~fold.event], fold.time[fold.event]).any())


def _choose(
    path: CoxNetPath,
    raw: FloatArray,
    weights: FloatArray,
    measure: LossMeasure,
    out_of_fold: FloatArray,
) -> CoxNetCV:
    measured = ~np.isnan(raw).all(axis=1)
    if measured.sum() < 2:
        raise ModelError("folds: expected comparable pairs in two folds at least; use the deviance")
    kept, share = raw[measured], weights[measured] / weights[measured].sum()
    cvm = share @ kept
    cvsd = np.sqrt(share @ (kept - cvm) ** 2 / (kept.shape[0] - 1))
    loss = -cvm if measure == "C" else cvm
    best = int(np.argmin(loss))
    within = int(np.flatnonzero(loss <= loss[best] + cvsd[best])[0])
    edge: Edge = "none"
    if path.penalties.size > 1 and best in (0, path.penalties.size - 1):
        edge = "largest" if best == 0 else "smallest"
    if edge == "smallest" or (edge == "largest" and path.n_nonzero[0] > 0):
        warnings.warn(
            f"lambda_min is the {edge} of {path.penalties.size} penalties"
            f" ({path.penalties[best]:.3g}): widen the grid (penalty_ratio or penalties)",
            PenaltyGridWarning,
            stacklevel=3,
        )
    return CoxNetCV(
        path=path,
        cvm=cvm,
        cvsd=cvsd,
        cv_raw=raw,
        lambda_min=float(path.penalties[best]),
        lambda_1se=float(path.penalties[within]),
        index_min=best,
        index_1se=within,
        measure=measure,
        at_edge=edge,
        out_of_fold=out_of_fold,
    )
