"""Bootstrap validation of one Cox model with given columns, as ``rms::validate``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, ModelError
from trephine.evaluation.validation_indices import ValidationIndices, validation_indices
from trephine.regression.cox import CoxModel
from trephine.types import FloatArray, Survival
from trephine.validation.bootstrap_optimism import draw_patients

INDICES = (
    "somers_dxy",
    "r_squared",
    "slope",
    "discrimination",
    "unreliability",
    "quality",
    "gini_mean_difference",
)


@dataclass(frozen=True)
class ValidatedIndex:
    """One row of R's ``validate``.

    Attributes
    ----------
    apparent
        On the cases that the model was fitted to (``index.orig``).
    training, test
        Means over bootstraps: on the bootstrap sample, and of the same model on all cases.
    optimism, corrected
        ``training`` - ``test``, and ``apparent`` - ``optimism``.
    optimism_error
        Monte Carlo standard error of ``optimism``.
    n_bootstraps
        Samples to which the model could be fitted.
    """

    apparent: float
    training: float
    test: float
    optimism: float
    corrected: float
    optimism_error: float
    n_bootstraps: int


def validate_model(
    design: npt.ArrayLike,
    survival: Survival,
    *,
    bootstraps: int,
    rng: np.random.Generator,
    cluster: npt.ArrayLike | None = None,
) -> Mapping[str, ValidatedIndex]:
    """Refit a Cox model with the same columns to bootstrap samples.

    Nothing is selected anew: for a recipe that selects, see `bootstrap_validation`. As R's, the
    slope of a sample is 1 on the sample itself, the indices of the refitted model's linear
    predictor are taken on all cases, and there U is not relieved of 2 for the slope, since nothing
    was fitted to these cases, and g is that of slope times linear predictor.

    Parameters
    ----------
    design
        Shape (n, p).
    survival
        Of the n cases.
    bootstraps
        Samples, two at least.
    rng
        Source of the samples.
    cluster
        Shape (n,): patients are then drawn with all their cases; None draws cases, as R does.

    Returns
    -------
    Indices by the names of `ValidationIndices`.

    Raises
    ------
    InputError, ModelError
        As `CoxModel.fit`; or if fewer than two samples can be fitted.
    """
    if bootstraps < 2:
        raise InputError(f"bootstraps: expected two at least, found {bootstraps}")
    columns = np.asarray(design, dtype=np.float64)
    who = np.arange(len(survival)) if cluster is None else np.asarray(cluster)
    model = CoxModel().fit(columns, survival)
    apparent = _values(validation_indices(survival, columns @ model.result_.coefficients))
    null = -2.0 * model.result_.log_likelihood_null
    training, test = [], []
    for _ in range(bootstraps):
        rows = draw_patients(who, rng)
        sample = survival.take(rows)
        try:
            coefficients = CoxModel().fit(columns[rows], sample).result_.coefficients
        except ModelError:  # a sample may lack a level, or separate; R leaves it out too
            continue
        training.append(_values(validation_indices(sample, columns[rows] @ coefficients)))
        test.append(_on_other_cases(validation_indices(survival, columns @ coefficients), null))
    if len(training) < 2:
        raise ModelError(
            f"bootstrap: expected two samples that can be fitted at least, found {len(training)}"
            f" of {bootstraps}"
        )
    return _rows(apparent, np.array(training), np.array(test))


def _on_other_cases(found: ValidationIndices, null_deviance: float) -> list[float]:
    unreliability = found.unreliability + 2.0 / null_deviance
    quality = found.discrimination - unreliability
    g = found.slope * found.gini_mean_difference
    return _values(
        replace(found, unreliability=unreliability, quality=quality, gini_mean_difference=g)
    )


def _values(found: ValidationIndices) -> list[float]:
    return [float(getattr(found, name)) for name in INDICES]


def _rows(
    apparent: list[float], training: FloatArray, test: FloatArray
) -> dict[str, ValidatedIndex]:
    gap = training - test
    error = gap.std(axis=0, ddof=1) / np.sqrt(len(gap))
    return {
        name: ValidatedIndex(
            apparent=apparent[j],
            training=float(training[:, j].mean()),
            test=float(test[:, j].mean()),
            optimism=float(gap[:, j].mean()),
            corrected=float(apparent[j] - gap[:, j].mean()),
            optimism_error=float(error[j]),
            n_bootstraps=len(gap),
        )
        for j, name in enumerate(INDICES)
    }
