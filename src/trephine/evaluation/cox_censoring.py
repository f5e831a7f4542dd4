"""Inverse probabilities of censoring where it depends on covariates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.regression.cox import CoxModel
from trephine.types import FloatArray, Survival


def cox_uncensored_probability(
    outcome: Survival, covariates: npt.ArrayLike, horizon: float
) -> tuple[FloatArray, FloatArray]:
    """Return G(T- | x) and G(t | x) of every case from an Efron Cox model of censoring."""
    design = np.asarray(covariates, dtype=np.float64)
    # pec::ipcw fits with rms::cph, which stops at 1e-4; converged, the AUC moves by 2e-8.
    model = CoxModel(tolerance=1e-4).fit(
        design, Survival(outcome.time, ~outcome.event, outcome.unit)
    )
    relative_hazard = np.exp(model.predict_linear_predictor(design))
    (baseline,) = model.baseline_cumulative_hazard().values()
    steps = np.append(0.0, baseline.to_numpy())
    times = baseline.index.to_numpy(dtype=np.float64)
    own = steps[np.searchsorted(times, outcome.time, side="left")]
    at_horizon = steps[np.searchsorted(times, horizon, side="right")]
    return np.exp(-own * relative_hazard), np.exp(-at_horizon * relative_hazard)
