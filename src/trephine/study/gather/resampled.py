"""What bootstrap samples and permuted outcomes say of each model."""

from __future__ import annotations

import numpy as np

from trephine.choices import Corrected
from trephine.facts import (
    CalibrationNumbers,
    EstimateFact,
    HorizonEstimate,
    NullFacts,
    OptimismFacts,
    PerformanceFacts,
)
from trephine.study.assess.measures import NO_RANKING
from trephine.study.assess.predictions import ranked_in_null_check
from trephine.study.results import Analysis, ProtocolResult
from trephine.study.settings import CLINICAL
from trephine.types import Estimate
from trephine.validation.bootstrap_optimism import BootstrapValidation
from trephine.validation.corrected_index import CorrectedIndex


def corrected_performance(analysis: Analysis, result: ProtocolResult) -> list[PerformanceFacts]:
    """Return each model's performance corrected by bootstraps, where the plan asked for them."""
    if result.bootstrap is None:
        return []
    return [
        _corrected(analysis, result, result.bootstrap, model) for model in result.bootstrap.indices
    ]


def _corrected(
    analysis: Analysis, result: ProtocolResult, bootstrap: BootstrapValidation, model: str
) -> PerformanceFacts:
    """Return one model's row; a model without a term ranks nobody, and has no such number.

    Harrell's correction is known to be too small where features outnumber cases: half of a
    signature's luck is still in the original cases. Models with signatures are given .632+.
    """
    survival, indices = analysis.cases.survival, bootstrap.indices[model]
    fitted = result.fitted.models[model]
    ranks = bool(fitted.terms)
    chosen: Corrected = "Harrell" if set(fitted.parts) <= {CLINICAL} else ".632+"
    c_index = _estimate(bootstrap.of(model, "concordance"), chosen)
    return PerformanceFacts(
        protocol=result.settings.protocol,
        kind="optimism-corrected",
        model=model,
        n=len(survival),
        events=int(survival.event.sum()),
        c_index=EstimateFact.model_validate(c_index) if ranks else EstimateFact(value=None),
        auc=_by_horizon(indices, "auc", chosen) if ranks else (),
        brier=_by_horizon(indices, "brier", chosen),
        calibration=_slope(analysis, indices) if ranks and chosen == "Harrell" else (),
        optimism=_optimism(bootstrap, model, chosen) if ranks else None,
        note="" if ranks else f"{NO_RANKING}.",
    )


def _estimate(index: CorrectedIndex, chosen: Corrected) -> Estimate:
    return index.corrected if chosen == "Harrell" else index.by_632_plus


def _by_horizon(
    indices: tuple[CorrectedIndex, ...], name: str, chosen: Corrected
) -> tuple[HorizonEstimate, ...]:
    return tuple(
        HorizonEstimate(horizon=found.horizon, estimate=_estimate(found, chosen))
        for found in indices
        if found.index == name and np.isfinite(_estimate(found, chosen).value)
    )


def _slope(
    analysis: Analysis, indices: tuple[CorrectedIndex, ...]
) -> tuple[CalibrationNumbers, ...]:
    """Return the corrected slope, listed at the first horizon since it has none of its own.

    A model's slope on its own training cases is 1 in every sample: what varies is the optimism,
    and an interval around the apparent slope would have no width.
    """
    first = analysis.inputs.plan.outcome.horizons[0]
    return tuple(
        CalibrationNumbers(horizon=first, slope=EstimateFact(value=found.corrected.value))
        for found in indices
        if found.index == "slope" and np.isfinite(found.corrected.value)
    )


def _optimism(bootstrap: BootstrapValidation, model: str, chosen: Corrected) -> OptimismFacts:
    concordance = bootstrap.of(model, "concordance")
    return OptimismFacts(
        samples=concordance.n_bootstraps,
        failed=len(bootstrap.failures),
        c_index=concordance.optimism,
        c_index_632_plus=concordance.point_632_plus,
        estimate=chosen,
    )


def null_facts(result: ProtocolResult) -> list[NullFacts]:
    """Return each model's C-index on permuted outcomes, where the plan asked for them."""
    if result.null is None:
        return []
    return [
        NullFacts(
            protocol=result.settings.protocol,
            kind="apparent" if result.null.kind == "apparent" else "nested cross-validated",
            model=name,
            observed=found.observed,
            permuted=found.permuted,
            median=float(np.median(found.permuted)),
            p95=float(np.quantile(found.permuted, 0.95)),
            p=found.p_value,
        )
        for name, found in result.null.models.items()
        if ranked_in_null_check(result, name)
    ]
