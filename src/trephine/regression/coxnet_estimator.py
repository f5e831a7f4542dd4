"""The penalised Cox model as scikit-learn estimators."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from trephine.choices import EarlyStop
from trephine.errors import InputError
from trephine.regression.coxnet_cv import CoxNetCV, FoldDeviance, LossMeasure, cross_validate
from trephine.regression.coxnet_design import Standardise, column_names
from trephine.regression.coxnet_path import coxnet_path
from trephine.regression.coxnet_result import CoxNetPath
from trephine.regression.coxnet_settings import PathSettings
from trephine.regression.folds import assign_folds
from trephine.regression.outcome import as_survival
from trephine.survival.late_concordance import harrell_of
from trephine.types import FloatArray


class _PenalisedCox(BaseEstimator):  # type: ignore[misc]
    """What both estimators predict and how they are scored."""

    coef_: FloatArray
    feature_names_in_: npt.NDArray[np.object_]
    n_features_in_: int

    def predict_linear_predictor(self, X: npt.ArrayLike) -> FloatArray:
        """Return X b, shape (n,); higher is worse, not centred."""
        check_is_fitted(self, "coef_")
        values = np.asarray(X, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != self.n_features_in_:
            raise InputError(
                f"X: expected shape (cases, {self.n_features_in_}), found {values.shape}"
            )
        if hasattr(X, "columns") and list(column_names(X)) != list(self.feature_names_in_):
            raise InputError("X: expected the columns of the fit, in their order")
        product: FloatArray = values @ self.coef_
        return product

    def predict(self, X: npt.ArrayLike) -> FloatArray:
        """Return the risk score, which is the linear predictor."""
        return self.predict_linear_predictor(X)

    def score(self, X: npt.ArrayLike, y: Any) -> float:
        """Return Harrell's concordance of the risk score."""
        outcome = as_survival(y)
        return harrell_of(outcome, self.predict(X))

    def _learn_names(self, X: Any) -> None:
        self.feature_names_in_ = np.array(column_names(X), dtype=object)
        self.n_features_in_ = self.feature_names_in_.size


class CoxNetModel(_PenalisedCox):
    """Penalised Cox model at one penalty.

    Parameters
    ----------
    penalty
        glmnet's lambda.
    mixture, standardise, tolerance
        As in `PathSettings`.
    penalty_factors
        As ``coxnet_path``.

    Attributes
    ----------
    coef_
        Log hazard ratio per unit of each column, shape (p,).
    path_
        The one-point path.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import CoxNetModel, Survival
    >>> rng = np.random.default_rng(1)
    >>> features = rng.normal(size=(100, 20))
    >>> months = rng.exponential(40 * np.exp(-features[:, 0]))
    >>> outcome = Survival(np.minimum(months, 60), months <= 60)
    >>> model = CoxNetModel(penalty=0.2).fit(features, outcome)
    >>> np.flatnonzero(model.coef_)
    array([0])
    """

    def __init__(
        self,
        penalty: float = 0.1,
        *,
        mixture: float = 1.0,
        standardise: Standardise = "fold",
        penalty_factors: npt.ArrayLike | None = None,
        tolerance: float = 1e-9,
    ) -> None:
        self.penalty = penalty
        self.mixture = mixture
        self.standardise = standardise
        self.penalty_factors = penalty_factors
        self.tolerance = tolerance

    def fit(self, X: npt.ArrayLike, y: Any) -> Self:
        """Fit to X (n, p) and y, a ``Survival`` or a structured array."""
        self.path_: CoxNetPath = coxnet_path(
            X,
            as_survival(y),
            PathSettings(
                mixture=self.mixture, standardise=self.standardise, tolerance=self.tolerance
            ),
            penalties=[self.penalty],
            penalty_factors=self.penalty_factors,
        )
        self._learn_names(X)
        self.coef_ = self.path_.coefficients[0]
        return self


class CoxNetCVModel(_PenalisedCox):
    """Penalised Cox model at the penalty that cross-validation chooses.

    Parameters
    ----------
    rule
        Which penalty: "lambda_min" or "lambda_1se".
    n_folds
        Folds, balanced in events, drawn by ``cluster`` of ``fit``.
    seed
        Of the folds.
    mixture, n_penalties, penalty_ratio, standardise, tolerance, early_stop
        As in `PathSettings`.
    penalty_factors
        As ``coxnet_path``.
    measure, fold_deviance
        As ``cross_validate``.

    Attributes
    ----------
    coef_
        Log hazard ratio per unit of each column, shape (p,).
    penalty_
        The chosen penalty.
    cross_validation_
        The whole result, with the path.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import CoxNetCVModel, Survival
    >>> rng = np.random.default_rng(1)
    >>> features = rng.normal(size=(100, 20))
    >>> months = rng.exponential(40 * np.exp(-features[:, 0]))
    >>> outcome = Survival(np.minimum(months, 60), months <= 60)
    >>> patient = np.repeat(np.arange(50), 2)
    >>> model = CoxNetCVModel(n_folds=5, seed=1).fit(features, outcome, cluster=patient)
    >>> bool(model.coef_[0] > 0.5)
    True
    """

    # Twelve parameters: scikit-learn clones and searches an estimator by the flat names of them.
    def __init__(
        self,
        *,
        rule: Literal["lambda_min", "lambda_1se"] = "lambda_min",
        n_folds: int = 10,
        seed: int = 0,
        mixture: float = 1.0,
        n_penalties: int = 100,
        penalty_ratio: float | None = None,
        standardise: Standardise = "fold",
        penalty_factors: npt.ArrayLike | None = None,
        tolerance: float = 1e-9,
        early_stop: EarlyStop = "none",
        measure: LossMeasure = "deviance",
        fold_deviance: FoldDeviance = "grouped",
    ) -> None:
        self.rule = rule
        self.n_folds = n_folds
        self.seed = seed
        self.mixture = mixture
        self.n_penalties = n_penalties
        self.penalty_ratio = penalty_ratio
        self.standardise = standardise
        self.penalty_factors = penalty_factors
        self.tolerance = tolerance
        self.early_stop = early_stop
        self.measure = measure
        self.fold_deviance = fold_deviance

    def fit(self, X: npt.ArrayLike, y: Any, cluster: npt.ArrayLike | None = None) -> Self:
        """Fit to X (n, p) and y; ``cluster`` (n,) are the patients that folds keep together."""
        if self.rule not in ("lambda_min", "lambda_1se"):
            raise InputError(f"rule: expected 'lambda_min' or 'lambda_1se', found {self.rule!r}")
        outcome = as_survival(y)
        labels = np.arange(len(outcome)) if cluster is None else cluster
        rng = np.random.default_rng(self.seed)
        result = cross_validate(
            X,
            outcome,
            assign_folds(self.n_folds, labels, outcome.event, rng),
            PathSettings(
                mixture=self.mixture,
                n_penalties=self.n_penalties,
                penalty_ratio=self.penalty_ratio,
                standardise=self.standardise,
                tolerance=self.tolerance,
                early_stop=self.early_stop,
            ),
            penalty_factors=self.penalty_factors,
            measure=self.measure,
            fold_deviance=self.fold_deviance,
        )
        self.cross_validation_: CoxNetCV = result
        self._learn_names(X)
        at_min = self.rule == "lambda_min"
        self.coef_ = result.coefficients_min if at_min else result.coefficients_1se
        self.penalty_ = result.lambda_min if at_min else result.lambda_1se
        return self
