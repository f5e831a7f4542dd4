"""What a fitted Cox model says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from trephine.choices import Penalty, Ties
from trephine.types import Estimate, FloatArray


@dataclass(frozen=True)
class ChiSquareTest:
    """A chi-square statistic with its degrees of freedom and p value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float

    @classmethod
    def of(cls, statistic: float, degrees_of_freedom: int) -> ChiSquareTest:
        """Build the test, with the p value from the chi-square distribution."""
        tail = float(chdtrc(degrees_of_freedom, max(statistic, 0.0)))
        return cls(float(statistic), int(degrees_of_freedom), tail)


@dataclass(frozen=True)
class CoxResult:
    """A fitted Cox model of p columns.

    Attributes
    ----------
    names
        Of the columns.
    coefficients
        Log hazard ratios per unit, shape (p,).
    covariance
        The one that standard errors, intervals and the Wald test rest on: robust where
        ``robust``, else the inverse information.
    naive_covariance
        Inverse information, shape (p, p).
    robust
        Whether ``covariance`` is the Lin-Wei sandwich, summed within clusters where given.
    standard_errors, z, p_values
        Shape (p,); two-sided normal p values.
    hazard_ratio, low, high
        exp(coefficient) and its Wald interval at ``level``, shape (p,).
    likelihood_ratio, wald, score
        Tests that all coefficients are 0.
    robust_score
        The score test with the clusters' own variance; None where not robust.
    log_likelihood_null, log_likelihood
        Partial log likelihood at 0 and at the estimate.
    concordance
        Harrell's C of the linear predictor in the same cases (apparent), within strata.
    means
        Reference of the centred linear predictor, shape (p,): the weighted column means, and 0
        for columns with only -1, 0, 1, as in R's ``coxph``.
    n, n_events, n_clusters
        Cases, events, clusters (None where none were given).
    ties, level
        As fitted.
    n_iterations
        Newton steps taken.
    penalty
        On the likelihood; under "firth" the log likelihoods, and the likelihood ratio test, hold
        it, and those of models with other columns cannot be compared with them.
    between_visits
        Whether the likelihood is that of intervals with a baseline, not the partial one.
    profiled
        Whether ``low``, ``high`` and ``p_values`` are of the profile likelihood rather than Wald's.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    covariance: FloatArray
    naive_covariance: FloatArray
    robust: bool
    standard_errors: FloatArray
    z: FloatArray
    p_values: FloatArray
    hazard_ratio: FloatArray
    low: FloatArray
    high: FloatArray
    likelihood_ratio: ChiSquareTest
    wald: ChiSquareTest
    score: ChiSquareTest
    robust_score: ChiSquareTest | None
    log_likelihood_null: float
    log_likelihood: float
    concordance: Estimate
    means: FloatArray
    n: int
    n_events: int
    n_clusters: int | None
    ties: Ties
    level: float
    n_iterations: int
    penalty: Penalty = "none"
    profiled: bool = False
    between_visits: bool = False

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 log likelihood + 2 p."""
        return -2 * self.log_likelihood + 2 * len(self.names)

    @property
    def bic(self) -> float:
        """Bayesian criterion with the number of events, as in R: -2 log lik + p log(events)."""
        return -2 * self.log_likelihood + len(self.names) * float(np.log(self.n_events))

    @property
    def nagelkerke_r2(self) -> float:
        """Nagelkerke's share of the likelihood, as rms::cph reports it (its "R2")."""
        gained = -np.expm1(-self.likelihood_ratio.statistic / self.n)
        return float(gained / -np.expm1(2 * self.log_likelihood_null / self.n))

    def hazard_ratio_of(self, name: str) -> Estimate:
        """Return the hazard ratio of one column with its interval.

        The standard error is that of the coefficient, times the hazard ratio (delta method).
        """
        j = self.names.index(name)
        ratio = float(self.hazard_ratio[j])
        error = ratio * float(self.standard_errors[j])
        return Estimate(ratio, float(self.low[j]), float(self.high[j]), self.level, error)

    def wald_test(self, names: tuple[str, ...]) -> ChiSquareTest:
        """Test that the coefficients of some columns are all 0, for example of one factor."""
        index = [self.names.index(name) for name in names]
        part = self.coefficients[index]
        block = self.covariance[np.ix_(index, index)]
        return ChiSquareTest.of(float(part @ np.linalg.solve(block, part)), len(index))

    def table(self) -> pd.DataFrame:
        """Return one row a column: coefficient, SE, hazard ratio, interval, z, p."""
        return pd.DataFrame(
            {
                "coefficient": self.coefficients,
                "standard_error": self.standard_errors,
                "hazard_ratio": self.hazard_ratio,
                "low": self.low,
                "high": self.high,
                "z": self.z,
                "p_value": self.p_values,
            },
            index=pd.Index(self.names, name="name"),
        )


@dataclass(frozen=True)
class SurvivalPrediction:
    """Predicted survival of m cases at k times.

    Attributes
    ----------
    times
        Shape (k,).
    survival_probability
        Shape (m, k).
    standard_error
        Of the survival probability, shape (m, k).
    cumulative_hazard_error
        Of the cumulative hazard, that is of log S, shape (m, k).
    low, high
        Pointwise interval at ``level``, shape (m, k).
    level
        Coverage.
    """

    times: FloatArray
    survival_probability: FloatArray
    standard_error: FloatArray
    cumulative_hazard_error: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
