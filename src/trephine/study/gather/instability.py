"""Instability of predictions, as facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trephine.facts import InstabilityFacts
from trephine.report import phrases
from trephine.study.assess.instability import ModelInstability, instability
from trephine.study.results import Analysis, ProtocolResult


def instability_facts(
    analysis: Analysis, results: Sequence[ProtocolResult]
) -> tuple[InstabilityFacts, ...]:
    """Return one fact a protocol, model and horizon, where the plan asked for bootstraps."""
    return tuple(
        _fact(analysis, result, found)
        for result in results
        for found in instability(analysis, result)
    )


def _fact(analysis: Analysis, result: ProtocolResult, found: ModelInstability) -> InstabilityFacts:
    outcome = analysis.inputs.plan.outcome
    rule = ""
    if found.cuts:
        rule = (
            phrases.cut_by_plan(outcome.risk_cuts, outcome.horizons[0], outcome.unit)
            if found.by_plan
            else phrases.cut_at_median(out_of_fold=False)
        )
    return InstabilityFacts(
        protocol=result.settings.protocol,
        model=found.model,
        horizon=found.predictions.horizon,
        refits=found.predictions.n_refits,
        mape=found.predictions.average_error,
        mape_largest=found.predictions.largest_error,
        changed=float(found.changed.mean()) if found.cuts else None,
        cuts=found.cuts,
        cut_rule=rule,
        **_drawn(found),
    )


def _drawn(found: ModelInstability) -> dict[str, Any]:
    """Return what the figure draws; nothing of a model that has none."""
    if found.curves is None:
        return {}
    predictions, curves = found.predictions, found.curves
    order = np.argsort(predictions.original, kind="stable")
    return {
        "original": predictions.original[order],
        "low": predictions.low[order],
        "high": predictions.high[order],
        "low_smooth": predictions.smooth(predictions.low)[order],
        "high_smooth": predictions.smooth(predictions.high)[order],
        "error": predictions.mean_absolute_error[order],
        "changed_of_case": found.changed[order] if found.cuts else (),
        "point_at": curves.points[:, 0],
        "point_refitted": curves.points[:, 1],
        "drawn": len(curves.calibration.refitted),
        "calibration_at": curves.calibration.at,
        "calibration_original": curves.calibration.original,
        "calibration_refitted": curves.calibration.refitted,
        "thresholds": curves.decision.at,
        "benefit_original": curves.decision.original,
        "benefit_refitted": curves.decision.refitted,
    }
