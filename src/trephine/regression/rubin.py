"""Rubin's rules: estimates from several completed data sets as one, and Cox models pooled so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.special import fdtrc, stdtr, stdtrit

from trephine.errors import InputError
from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.regression.fine_gray import FineGrayModel
from trephine.types import Estimate, FloatArray


@dataclass(frozen=True)
class Pooled:
    """q coefficients over m completed data sets (Rubin 1987, chapter 3).

    Attributes
    ----------
    n_imputations
        m.
    coefficients
        Their mean, shape (q,).
    within, between, total
        Mean of the covariances, covariance of the estimates, and
        ``within + (1 + 1/m) between``, shape (q, q).
    degrees_of_freedom
        Of each coefficient's t, ``(m - 1)(1 + 1/r)^2`` with r the increase in variance; infinite
        where nothing was imputed that bears on it, shape (q,).
    missing_information
        Share of the information on each coefficient that the missing values took, shape (q,):
        ``(r + 2/(df + 3)) / (r + 1)``, as mice's ``fmi``.
    """

    n_imputations: int
    coefficients: FloatArray
    within: FloatArray
    between: FloatArray
    total: FloatArray
    degrees_of_freedom: FloatArray
    missing_information: FloatArray

    def test(self, columns: Sequence[int]) -> ChiSquareTest:
        """Test that some coefficients are all 0: Li, Raghunathan and Rubin's D1 (1991).

        Its statistic is D1 times the number of coefficients, its p from their F; of one
        coefficient, t and its p.
        """
        index, k, m = list(columns), len(columns), self.n_imputations
        if k == 1:
            j = index[0]
            t = float(self.coefficients[j] / np.sqrt(self.total[j, j]))
            p = float(2 * stdtr(self.degrees_of_freedom[j], -abs(t)))
            return ChiSquareTest(t * t, 1, p)
        part = self.coefficients[index]
        within, between = (one[np.ix_(index, index)] for one in (self.within, self.between))
        solved = np.linalg.solve(within, np.column_stack([part, between]))
        r = (1 + 1 / m) * float(np.trace(solved[:, 1:])) / k
        d1 = float(part @ solved[:, 0]) / (k * (1 + r))
        if r <= 0:
            return ChiSquareTest.of(d1 * k, k)
        return ChiSquareTest(d1 * k, k, float(fdtrc(k, _f_degrees(k, m, r), d1)))


def _f_degrees(k: int, m: int, r: float) -> float:
    """Return the denominator's degrees of freedom of D1."""
    t = k * (m - 1)
    if t > 4:
        return 4 + (t - 4) * (1 + (1 - 2 / t) / r) ** 2
    return t * (1 + 1 / k) * (1 + 1 / r) ** 2 / 2


def pool(coefficients: FloatArray, covariances: FloatArray) -> Pooled:
    """Pool estimates by Rubin's rules, the complete data taken as a large sample.

    Parameters
    ----------
    coefficients
        Of each completed data set, shape (m, q), m >= 2.
    covariances
        Shape (m, q, q).

    Raises
    ------
    InputError
        If there are fewer than two data sets, or shapes do not fit.
    """
    m, q = coefficients.shape
    if m < 2 or covariances.shape != (m, q, q):
        raise InputError(
            f"pooling: expected two completed data sets or more with a covariance each, found"
            f" {m} of {q} coefficients and covariances of shape {covariances.shape}"
        )
    within = covariances.mean(axis=0)
    between = np.atleast_2d(np.cov(coefficients, rowvar=False, ddof=1)).reshape(q, q)
    total = within + (1 + 1 / m) * between
    with np.errstate(divide="ignore"):
        increase = (1 + 1 / m) * np.diag(between) / np.diag(within)
        degrees = (m - 1) * (1 + 1 / increase) ** 2
    missing = (increase + 2 / (degrees + 3)) / (increase + 1)
    return Pooled(m, coefficients.mean(axis=0), within, between, total, degrees, missing)


@dataclass(frozen=True)
class PooledCoxResult(CoxResult):
    """Cox models of m completed data sets as one.

    Coefficients, covariance, intervals and p values are Rubin's (t with his degrees of freedom);
    ``wald_test`` is D1. Log likelihoods, likelihood ratio and score statistics, the concordance
    and ``naive_covariance`` are means over the data sets, for orientation.

    Attributes
    ----------
    pooled
        What Rubin's rules gave.
    """

    pooled: Pooled | None = None

    def wald_test(self, names: tuple[str, ...]) -> ChiSquareTest:
        """Test that the coefficients of some columns are all 0; see `Pooled.test`."""
        assert self.pooled is not None
        return self.pooled.test([self.names.index(name) for name in names])


def pool_cox(results: Sequence[CoxResult]) -> PooledCoxResult:
    """Pool the same Cox model fitted to m >= 2 completed data sets.

    Raises
    ------
    InputError
        If the models have other columns, or there are fewer than two.
    """
    first = results[0]
    if any(one.names != first.names for one in results):
        raise InputError("pooling: expected the same columns in every completed data set")
    found = pool(
        np.array([one.coefficients for one in results]),
        np.array([one.covariance for one in results]),
    )
    errors = np.sqrt(np.diag(found.total))
    t = found.coefficients / errors
    half = stdtrit(found.degrees_of_freedom, 0.5 + first.level / 2) * errors
    kept = {field.name: getattr(first, field.name) for field in fields(CoxResult)}
    kept |= {
        "coefficients": found.coefficients,
        "covariance": found.total,
        "naive_covariance": np.mean([one.naive_covariance for one in results], axis=0),
        "standard_errors": errors,
        "z": t,
        "p_values": 2 * stdtr(found.degrees_of_freedom, -np.abs(t)),
        "hazard_ratio": np.exp(found.coefficients),
        "low": np.exp(found.coefficients - half),
        "high": np.exp(found.coefficients + half),
        "likelihood_ratio": _mean_test([one.likelihood_ratio for one in results]),
        "wald": found.test(range(len(first.names))),
        "score": _mean_test([one.score for one in results]),
        "robust_score": None,
        "log_likelihood_null": float(np.mean([one.log_likelihood_null for one in results])),
        "log_likelihood": float(np.mean([one.log_likelihood for one in results])),
        "concordance": Estimate(float(np.mean([one.concordance.value for one in results]))),
        "means": np.mean([one.means for one in results], axis=0),
    }
    return PooledCoxResult(**kept, pooled=found)


def pool_fine_gray(models: Sequence[FineGrayModel]) -> FineGrayModel:
    """Pool the same Fine-Gray model fitted to m >= 2 completed data sets, for its terms.

    Its coefficients, covariance, intervals and p values are Rubin's; its hazard is that of the
    first data set, and it does not predict.
    """
    found = pool(
        np.array([one.coefficients for one in models]), np.array([one.covariance for one in models])
    )
    errors = np.sqrt(np.diag(found.total))
    half = stdtrit(found.degrees_of_freedom, 0.5 + models[0].level / 2) * errors
    return replace(
        models[0],
        coefficients=found.coefficients,
        covariance=found.total,
        low=np.exp(found.coefficients - half),
        high=np.exp(found.coefficients + half),
        p_values=2 * stdtr(found.degrees_of_freedom, -np.abs(found.coefficients / errors)),
    )


def _mean_test(tests: Sequence[ChiSquareTest]) -> ChiSquareTest:
    statistic = float(np.mean([one.statistic for one in tests]))
    return ChiSquareTest.of(statistic, tests[0].degrees_of_freedom)
