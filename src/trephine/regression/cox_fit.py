"""Fitting a Cox model: from checked columns to coefficients, tests and baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from trephine.choices import Penalty, Ties
from trephine.errors import ModelError
from trephine.regression.cox_checks import (
    refuse_boundless,
    refuse_collinear,
    refuse_drowned,
    refuse_hopeless,
    refuse_unfinished,
)
from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.survival.arrays import group_codes
from trephine.survival.baseline import BaselineHazard, baseline_hazards
from trephine.survival.concordance import influence_covariance
from trephine.survival.cox_residuals import score_residuals
from trephine.survival.firth import maximise_penalised
from trephine.survival.late_concordance import concordance_since_entry
from trephine.survival.late_outcome import entry_of
from trephine.survival.newton import NewtonFit, maximise_partial_likelihood
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import StratifiedRiskSets, prepare_risk_sets
from trephine.types import Estimate, FloatArray, Survival


@dataclass(frozen=True)
class CoxFit:
    """A fitted model with the cases it was fitted to.

    Attributes
    ----------
    result
        What the model says, in the units of the columns.
    risk_sets
        The cases, sorted and standardised.
    beta, covariance, naive_covariance
        Coefficients and their covariance (the one in use, and the inverse information) in
        standardised units.
    linear_predictor
        Of the rows of ``risk_sets``, shape (n,), 0 for the average case.
    strata
        Labels of the strata; ("all",) without.
    baselines
        Baseline hazard of the average case, one a stratum.
    """

    result: CoxResult
    risk_sets: StratifiedRiskSets
    beta: FloatArray
    covariance: FloatArray
    naive_covariance: FloatArray
    linear_predictor: FloatArray
    strata: tuple[str, ...]
    baselines: tuple[BaselineHazard, ...]


def weighted_sum(values: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return values @ coefficients such that equal rows give equal sums to the last bit.

    A matrix product may round rows differently by their position, which would break ties of a
    risk score.
    """
    total: FloatArray = (values * coefficients).sum(axis=1)
    return total


@dataclass(frozen=True)
class CoxOptions:
    """How a model is fitted; see `CoxModel`."""

    ties: Ties = "efron"
    level: float = 0.95
    tolerance: float = 1e-12
    max_iterations: int = 50
    penalty: Penalty = "none"


def fit_cox(
    design: FloatArray,
    names: tuple[str, ...],
    survival: Survival,
    options: CoxOptions,
    *,
    entry: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> CoxFit:
    """Fit a Cox model to checked columns; see `CoxModel.fit`."""
    since = entry_of(survival) if entry is None else entry
    cases = prepare_risk_sets(
        design, survival.time, survival.event, entry=since, weights=weights, strata=strata
    )
    refuse_hopeless(cases, names)
    newton = _maximised(cases, names, options)
    linear_predictor = weighted_sum(cases.covariates, newton.beta)
    refuse_boundless(linear_predictor, newton, names)
    refuse_drowned(cases, linear_predictor)
    fractional = bool((cases.weight % 1 != 0).any())
    if cluster is None and not fractional:
        covariance, robust_score = newton.covariance, None
    else:
        covariance, robust_score = _sandwich(cases, newton, linear_predictor, options.ties, cluster)
    labels = group_codes(strata, len(survival), "strata")[1]
    fitted = _Fitted(cases, newton, linear_predictor, covariance, robust_score)
    return CoxFit(
        result=fitted.result(names, _reference_means(design, cases), cluster, options),
        risk_sets=cases,
        beta=newton.beta,
        covariance=covariance,
        naive_covariance=newton.covariance,
        linear_predictor=linear_predictor,
        strata=tuple(str(label) for label in labels),
        baselines=tuple(baseline_hazards(cases, linear_predictor, options.ties)),
    )


def _maximised(cases: StratifiedRiskSets, names: tuple[str, ...], options: CoxOptions) -> NewtonFit:
    """Return the maximum of the likelihood, or say in the names of the columns why none is."""
    if options.penalty == "none":
        newton = maximise_partial_likelihood(
            cases, options.ties, tolerance=options.tolerance, max_iterations=options.max_iterations
        )
        refuse_collinear(newton.null, names)
        refuse_unfinished(newton, names)
        return newton
    nothing = np.zeros(len(names))
    refuse_collinear(partial_likelihood(cases, nothing, options.ties), names)
    found = maximise_penalised(cases, options.ties, options.penalty)
    held = dict.fromkeys(range(len(names)), 0.0)
    null = maximise_penalised(cases, options.ties, options.penalty, held=held).at
    newton = NewtonFit(
        status="converged" if found.converged else "slow",
        beta=found.beta,
        covariance=np.asarray(np.linalg.inv(found.at.information), dtype=np.float64),
        null=null,
        fitted=found.at,
        infinite=np.zeros(len(names), dtype=np.bool_),
        n_iterations=found.n_iterations,
    )
    refuse_unfinished(newton, names)
    return newton


@dataclass(frozen=True)
class _Fitted:
    """Where the partial likelihood is largest, and how sure that is, in standardised units."""

    cases: StratifiedRiskSets
    newton: NewtonFit
    linear_predictor: FloatArray
    covariance: FloatArray
    robust_score: ChiSquareTest | None

    def result(
        self,
        names: tuple[str, ...],
        means: FloatArray,
        cluster: npt.ArrayLike | None,
        options: CoxOptions,
    ) -> CoxResult:
        """Return what the model says, in the units of its columns."""
        cases, newton, n = self.cases, self.newton, self.cases.n_cases
        beta = newton.beta / cases.scale
        units = np.outer(cases.scale, cases.scale)
        error = np.sqrt(np.diag(self.covariance)) / cases.scale
        half = float(ndtri(0.5 + options.level / 2)) * error
        with np.errstate(over="ignore"):
            ratio, low, high = np.exp(beta), np.exp(beta - half), np.exp(beta + half)
        likelihood_ratio, wald, score = self._tests()
        return CoxResult(
            names=names,
            coefficients=beta,
            covariance=self.covariance / units,
            naive_covariance=newton.covariance / units,
            robust=self.robust_score is not None,
            standard_errors=error,
            z=beta / error,
            p_values=2 * ndtr(-np.abs(beta / error)),
            hazard_ratio=ratio,
            low=low,
            high=high,
            likelihood_ratio=likelihood_ratio,
            wald=wald,
            score=score,
            robust_score=self.robust_score,
            log_likelihood_null=newton.null.value,
            log_likelihood=newton.fitted.value,
            concordance=_concordance(cases, self.linear_predictor, cluster, options.level),
            means=means,
            n=n,
            n_events=int(cases.event.sum()),
            n_clusters=None if cluster is None else group_codes(cluster, n, "cluster")[1].size,
            ties=options.ties,
            level=options.level,
            n_iterations=newton.n_iterations,
            penalty=options.penalty,
        )

    def _tests(self) -> tuple[ChiSquareTest, ChiSquareTest, ChiSquareTest]:
        """Return the likelihood-ratio, Wald and score tests that no column bears on the outcome."""
        beta, null = self.newton.beta, self.newton.null
        values = (
            2 * (self.newton.fitted.value - null.value),
            float(beta @ np.linalg.solve(self.covariance, beta)),
            float(null.gradient @ np.linalg.solve(null.information, null.gradient)),
        )
        likelihood_ratio, wald, score = (ChiSquareTest.of(value, beta.size) for value in values)
        return likelihood_ratio, wald, score


def _sandwich(
    cases: StratifiedRiskSets,
    newton: NewtonFit,
    linear_predictor: FloatArray,
    ties: Ties,
    cluster: npt.ArrayLike | None,
) -> tuple[FloatArray, ChiSquareTest]:
    """Return the covariance of Lin and Wei (1989), and the score test with its own variance."""
    p = newton.beta.size
    if cluster is not None:
        n_clusters = group_codes(cluster, cases.n_cases, "cluster")[1].size
        if n_clusters <= p:
            raise ModelError(
                "expected more clusters than columns for robust standard errors,"
                f" found {n_clusters} clusters and {p} columns",
                model="Cox model",
                kind="too few cases",
            )
    weight = cases.in_input_order(cases.weight)[:, None]
    at_fit = weight * score_residuals(cases, linear_predictor, ties)
    covariance = influence_covariance(at_fit @ newton.covariance, cluster)
    at_null = weight * score_residuals(cases, np.zeros_like(linear_predictor), ties)
    total = at_null.sum(axis=0)
    spread = influence_covariance(at_null, cluster)
    return covariance, ChiSquareTest.of(float(total @ np.linalg.solve(spread, total)), p)


def _concordance(
    cases: StratifiedRiskSets,
    linear_predictor: FloatArray,
    cluster: npt.ArrayLike | None,
    level: float,
) -> Estimate:
    """Return the apparent concordance within strata."""
    rows = ~cases.is_entry
    case = cases.order[rows]
    found = concordance_since_entry(
        cases.time[rows],
        cases.event[rows],
        linear_predictor[rows],
        None if cases.entry is None else cases.entry[case],
        cluster=None if cluster is None else np.asarray(cluster)[case],
        weights=cases.weight[rows],
        strata=cases.stratum[rows] if cases.n_strata > 1 else None,
    )
    half = float(ndtri(0.5 + level / 2)) * found.standard_error
    value = found.estimate
    return Estimate(value, value - half, value + half, level, found.standard_error)


def _reference_means(design: FloatArray, cases: StratifiedRiskSets) -> FloatArray:
    """Return weighted means, 0 for columns with only -1, 0 and 1 (coxph's ``nocenter``)."""
    flags = np.isin(design, (-1.0, 0.0, 1.0)).all(axis=0)
    means = np.average(design, axis=0, weights=cases.in_input_order(cases.weight))
    return np.where(flags, 0.0, means)
