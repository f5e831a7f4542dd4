"""The Cox proportional hazards model, equal to R's survival::coxph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator

from trephine.choices import Penalty, Ties
from trephine.errors import InputError, ModelError
from trephine.regression.cox_fit import CoxFit, CoxOptions, fit_cox, weighted_sum
from trephine.regression.cox_prediction import predict_survival
from trephine.regression.cox_result import ChiSquareTest, CoxResult, SurvivalPrediction
from trephine.regression.outcome import as_design, as_survival, design_like
from trephine.regression.profile_likelihood import likelihood_ratio_of, profiled
from trephine.regression.proportional_hazards import (
    ProportionalHazardsTest,
    TimeTransform,
    proportional_hazards_test,
)
from trephine.survival.cox_residuals import (
    deviance_residuals,
    martingale_residuals,
    schoenfeld_moments,
    score_residuals,
)
from trephine.survival.kaplan_meier import IntervalType
from trephine.survival.late_concordance import harrell_of
from trephine.types import FloatArray

LinearPredictorOrigin = Literal["zero", "means"]


class CoxModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Cox regression by Newton's method on the partial likelihood.

    Parameters
    ----------
    ties
        "efron" (R's default) or "breslow".
    level
        Coverage of intervals.
    tolerance
        Stop once the log likelihood changes by less than this, relatively (``eps`` of R's
        ``coxph.control``, where the default is 1e-9).
    max_iterations
        Newton steps allowed.
    penalty
        "firth" penalises the likelihood by Jeffreys' prior, and then a column that separates the
        events has a finite estimate (R's ``coxphf``, with ``ties="breslow"``); `profile` has the
        intervals that belong to it.

    Attributes
    ----------
    result_
        `CoxResult` of the last fit.
    feature_names_in_, n_features_in_
        Columns of the last fit.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import CoxModel, Survival
    >>> rng = np.random.default_rng(1)
    >>> design = np.column_stack([rng.normal(50, 10, 200), rng.integers(0, 2, 200)])
    >>> months = rng.exponential(40 * np.exp(-0.8 * design[:, 1]))
    >>> outcome = Survival(np.minimum(months, 60), months <= 60)
    >>> model = CoxModel().fit(design, outcome, cluster=np.repeat(np.arange(100), 2))
    >>> model.result_.names, model.result_.n_clusters
    (('x0', 'x1'), 100)
    >>> model.result_.hazard_ratio_of("x1").low > 1
    True
    >>> late = CoxModel().fit(design, outcome, entry=outcome.time * rng.uniform(0, 0.5, 200))
    >>> late.result_.hazard_ratio_of("x1").low > 1
    True
    """

    result_: CoxResult

    def __init__(
        self,
        ties: Ties = "efron",
        level: float = 0.95,
        tolerance: float = 1e-12,
        max_iterations: int = 50,
        penalty: Penalty = "none",
    ) -> None:
        self.ties = ties
        self.level = level
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.penalty = penalty

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        entry: npt.ArrayLike | None = None,
        cluster: npt.ArrayLike | None = None,
        strata: npt.ArrayLike | None = None,
        weights: npt.ArrayLike | None = None,
    ) -> CoxModel:
        """Fit the model.

        Parameters
        ----------
        X
            DataFrame or array, shape (n, p), numeric.
        y
            `Survival`, structured array (boolean event, numeric time) or table (time, event).
        entry
            Shape (n,), >= 0: when each case came under observation, before its time; 0 where None.
            It is at risk of events after its entry only (left truncation), as in
            ``coxph(Surv(entry, time, event))``.
        cluster
            Shape (n,), labels, for example the patient of each hip: standard errors become the
            Lin-Wei sandwich with residuals summed within clusters, as ``coxph(cluster=)``.
        strata
            Shape (n,), labels; each stratum has its own baseline hazard.
        weights
            Shape (n,), > 0. Weights that are not whole numbers make the variance robust, as
            in R.

        Raises
        ------
        InputError
            Unusable values; columns are named, rows counted from 0.
        ModelError
            No events, all events at one time, p >= n, constant or collinear columns,
            separation, no convergence, or no more clusters than columns; columns are named.
        """
        if self.ties not in ("efron", "breslow"):
            raise InputError(f"ties: expected 'efron' or 'breslow', found {self.ties!r}")
        if self.penalty not in ("none", "firth"):
            raise InputError(f"penalty: expected 'none' or 'firth', found {self.penalty!r}")
        if not 0 < self.level < 1:
            raise InputError(f"level: expected 0 < level < 1, found {self.level}")
        survival = as_survival(y)
        design, names = as_design(X, len(survival))
        self._fit = fit_cox(
            design,
            names,
            survival,
            CoxOptions(self.ties, self.level, self.tolerance, self.max_iterations, self.penalty),
            entry=entry,
            cluster=cluster,
            strata=strata,
            weights=weights,
        )
        self.result_ = self._fit.result
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        return self

    def predict_linear_predictor(
        self, X: Any, *, reference: LinearPredictorOrigin = "zero"
    ) -> FloatArray:
        """Return X @ coefficients, shape (m,); higher is worse.

        Parameters
        ----------
        X
            New cases; a DataFrame's columns are found by name.
        reference
            "zero": as it is; "means": minus that of ``result_.means``, as R's
            ``predict(coxph, type = "lp")``.
        """
        result = self._fitted().result
        values = weighted_sum(design_like(X, result.names), result.coefficients)
        if reference == "means":
            values = values - result.means @ result.coefficients
        return values

    def predict(self, X: Any) -> FloatArray:
        """Return the risk score (the linear predictor), shape (m,), for scikit-learn."""
        return self.predict_linear_predictor(X)

    def score(self, X: Any, y: Any) -> float:
        """Return Harrell's C of the risk score."""
        survival = as_survival(y)
        return harrell_of(survival, self.predict(X))

    def predict_survival(
        self,
        X: Any,
        times: npt.ArrayLike,
        *,
        strata: npt.ArrayLike | None = None,
        interval: IntervalType = "log",
    ) -> SurvivalPrediction:
        """Predict survival probabilities with pointwise intervals.

        Equal to R's ``summary(survfit(coxph, newdata), times)``: S(t) = exp(-H0(t) exp(lp)),
        with the baseline that belongs to the treatment of ties, and the variance of both H0 and
        the coefficients (Tsiatis 1981).

        Parameters
        ----------
        X
            New cases, m rows.
        times
            Shape (k,); past the last follow-up (of the stratum) the result is NaN.
        strata
            Shape (m,), labels, where the model has strata.
        interval
            Scale on which the interval is symmetric.

        Raises
        ------
        InputError
            Strata that the fit has not seen, and as in `fit`.
        """
        fit = self._fitted()
        values = design_like(X, fit.result.names)
        return predict_survival(fit, values, times, strata=strata, interval=interval)

    def baseline_cumulative_hazard(
        self, *, reference: LinearPredictorOrigin = "zero"
    ) -> dict[str, pd.Series[float]]:
        """Return H0(t) by stratum ("all" without strata), indexed by time, as R's ``basehaz``.

        Parameters
        ----------
        reference
            Whose hazard: a case with every column 0, or with ``result_.means``
            (``basehaz(centered = FALSE)`` and ``TRUE``).
        """
        fit = self._fitted()
        at = np.zeros(fit.beta.size) if reference == "zero" else fit.result.means
        shift = np.exp((at - fit.risk_sets.centre) @ fit.result.coefficients)
        return {
            str(label): pd.Series(
                baseline.cumulative_hazard * shift,
                index=pd.Index(baseline.times, name="time"),
                name="cumulative_hazard",
            )
            for label, baseline in zip(fit.strata, fit.baselines, strict=True)
        }

    def martingale_residuals(self) -> FloatArray:
        """Return events minus expected events of the fitted cases, shape (n,)."""
        fit = self._fitted()
        return martingale_residuals(fit.risk_sets, fit.linear_predictor, fit.result.ties)

    def deviance_residuals(self) -> FloatArray:
        """Return martingale residuals made symmetric about 0, shape (n,)."""
        cases = self._fitted().risk_sets
        event = cases.in_input_order(cases.event)
        return deviance_residuals(self.martingale_residuals(), event)

    def score_residuals(self) -> FloatArray:
        """Return each fitted case's part of the score vector, shape (n, p), unweighted."""
        fit = self._fitted()
        scaled = score_residuals(fit.risk_sets, fit.linear_predictor, fit.result.ties)
        return scaled * fit.risk_sets.scale

    def dfbeta(self) -> FloatArray:
        """Return the approximate change of each coefficient by each case, shape (n, p).

        As R's ``residuals(coxph, "dfbeta")``: score residuals times the inverse information.
        """
        return self.score_residuals() @ self._fitted().result.naive_covariance

    def schoenfeld_residuals(self) -> pd.DataFrame:
        """Return the residuals of each event, a row an event, indexed by event time."""
        fit = self._fitted()
        cases = fit.risk_sets
        rows, residuals, _, _ = schoenfeld_moments(cases, fit.linear_predictor, fit.result.ties)
        time = cases.in_input_order(cases.time)[rows]
        frame = pd.DataFrame(
            residuals * cases.scale,
            columns=pd.Index(fit.result.names),
            index=pd.Index(time, name="time"),
        )
        return frame.sort_index(kind="stable")

    def proportional_hazards_test(
        self,
        transform: TimeTransform = "km",
        *,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> ProportionalHazardsTest:
        """Test whether coefficients change over time; see `proportional_hazards_test`."""
        fit = self._fitted()
        return proportional_hazards_test(
            fit.risk_sets,
            fit.beta,
            fit.naive_covariance,
            fit.result.names,
            ties=fit.result.ties,
            transform=transform,
            groups=groups,
        )

    def profile(self) -> CoxResult:
        """Return `result_` with intervals and p values of the profile likelihood."""
        return profiled(self._fitted())

    def likelihood_ratio_test(self, names: Sequence[str]) -> ChiSquareTest:
        """Test that some columns have coefficients of 0, by the likelihood that was fitted."""
        return likelihood_ratio_of(self._fitted(), names)

    def _fitted(self) -> CoxFit:
        if not hasattr(self, "_fit"):
            raise ModelError("expected a fitted model; call fit first", model="Cox model")
        return self._fit
