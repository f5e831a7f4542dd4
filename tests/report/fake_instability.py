"""Made-up facts about instability."""

from __future__ import annotations

import numpy as np

from trephine.facts import InstabilityFacts
from trephine.validation.loess import loess

CASES, REFITS, CURVES = 60, 200, 12


def instability(protocol: str, model: str, horizon: float) -> InstabilityFacts:
    """Refits scattered about a model; series for the last model alone."""
    rng = np.random.default_rng(int(horizon))
    spread = 0.12 if protocol == "published" else 0.05
    original = np.sort(rng.beta(2, 5, CASES))
    refitted = np.clip(original + spread * rng.standard_normal((REFITS, CASES)), 0.001, 0.999)
    error = np.abs(refitted - original).mean(axis=0)
    cut = 0.25
    changed = ((refitted > cut) != (original > cut)).mean(axis=0)
    drawn = {}
    if model == "DLRC":
        at = np.linspace(0.02, 0.8, 30)
        slopes = 1 + 0.3 * rng.standard_normal(CURVES)
        thresholds = np.linspace(0, 0.99, 50)
        benefit = 0.25 - 0.4 * thresholds
        low, high = np.quantile(refitted, (0.025, 0.975), axis=0)
        drawn = {
            "original": original,
            "low": low,
            "high": high,
            "low_smooth": loess(original, low),
            "high_smooth": loess(original, high),
            "error": error,
            "changed_of_case": changed,
            "point_at": np.tile(original, 10),
            "point_refitted": refitted[:10].ravel(),
            "drawn": CURVES,
            "calibration_at": at,
            "calibration_original": at,
            "calibration_refitted": np.clip(slopes[:, None] * at, 0, 1),
            "thresholds": thresholds,
            "benefit_original": benefit,
            "benefit_refitted": benefit + 0.02 * rng.standard_normal((CURVES, 1)),
        }
    return InstabilityFacts(
        protocol=protocol,
        model=model,
        horizon=horizon,
        refits=REFITS,
        mape=error.mean(),
        mape_largest=error.max(),
        changed=changed.mean(),
        cuts=(cut,),
        cut_rule="median of the linear predictor in training",
        **drawn,
    )
