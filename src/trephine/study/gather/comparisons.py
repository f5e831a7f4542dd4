"""Differences between models: C-index, AUC, likelihood ratio, NRI and IDI (Table S1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from trephine.errors import InputError
from trephine.evaluation.concordance import compare_concordance
from trephine.evaluation.likelihood_ratio import likelihood_ratio_test
from trephine.evaluation.time_dependent_auc import compare_time_dependent_auc
from trephine.facts import ComparisonFacts, EstimateFact, ReclassificationFacts
from trephine.study.assess import Assessed
from trephine.study.draws import Draws, pairs
from trephine.study.results import Analysis
from trephine.types import Estimate
from trephine.validation.out_of_fold import compare_out_of_fold_concordance


def comparisons(analysis: Analysis, assessed: Sequence[Assessed]) -> tuple[ComparisonFacts, ...]:
    """Return the differences of every pair of models of one protocol and kind."""
    found: list[ComparisonFacts] = []
    for old, new in pairs(assessed):
        found += _concordance(analysis, old, new)
        found += _auc(old, new)
        found += _likelihood(analysis, old, new)
    return tuple(found)


def _concordance(analysis: Analysis, old: Assessed, new: Assessed) -> list[ComparisonFacts]:
    """Compare by joint jackknife: all pairs of cases, or pairs within folds out of fold."""
    survival = analysis.cases.survival
    out_of_fold = analysis.protocols[old.protocol].out_of_fold
    try:
        if old.kind != "nested cross-validated":
            result = compare_concordance(
                survival, old.risk_score, new.risk_score, cluster=old.patient
            )
        else:
            assert out_of_fold is not None
            result = compare_out_of_fold_concordance(
                survival, out_of_fold, old.model, new.model, analysis.cases.patient
            )
    except InputError:
        # Their own rows say why there is no C-index.
        return []
    return [
        ComparisonFacts(
            protocol=old.protocol,
            kind=old.kind,
            new=new.model,
            old=old.model,
            measure="C-index",
            difference=EstimateFact.model_validate(result.difference),
            statistic=result.z,
            p=result.p_value,
        )
    ]


def _auc(old: Assessed, new: Assessed) -> list[ComparisonFacts]:
    found = []
    for horizon in old.horizons:
        if horizon not in new.horizons:
            continue
        first, second = old.performance.at(horizon).auc, new.performance.at(horizon).auc
        if first.note or second.note:
            continue
        result = compare_time_dependent_auc(second, first, patient=old.patient)
        found.append(
            ComparisonFacts(
                protocol=old.protocol,
                kind=old.kind,
                new=new.model,
                old=old.model,
                measure="AUC",
                horizon=horizon,
                difference=EstimateFact.model_validate(result.difference),
                statistic=result.statistic,
                p=result.p_value,
            )
        )
    return found


def _likelihood(analysis: Analysis, old: Assessed, new: Assessed) -> list[ComparisonFacts]:
    """Compare nested models that were fitted to the same cases."""
    models = analysis.protocols[old.protocol].fitted.models
    smaller, larger = models[old.model], models[new.model]
    nested = {t.name for t in smaller.terms} < {t.name for t in larger.terms}
    if old.kind != "apparent" or not nested or smaller.result is None or larger.result is None:
        return []
    test = likelihood_ratio_test(smaller.result, larger.result)
    return [
        ComparisonFacts(
            protocol=old.protocol,
            kind=old.kind,
            new=new.model,
            old=old.model,
            measure="likelihood ratio",
            statistic=test.statistic,
            degrees_of_freedom=test.degrees_of_freedom[0] if test.degrees_of_freedom else None,
            p=test.p_value,
        )
    ]


def _fact(estimate: Estimate | None) -> EstimateFact | None:
    return None if estimate is None else EstimateFact.model_validate(estimate)


def reclassifications(
    assessed: Sequence[Assessed], draws: Draws, risk_cuts: tuple[float, ...] = ()
) -> tuple[ReclassificationFacts, ...]:
    """Return NRI and IDI of every pair of models, split by event status.

    Models that predict alike reclassify nobody; their row would say nothing and is left out, as is
    a horizon at which there is no answer.
    """
    found = []
    for old, new in pairs(assessed):
        for horizon in (h for h in old.horizons if h in new.horizons):
            drawn = draws.reclassification_of(old, new, horizon)
            if drawn is None:
                continue
            if np.array_equal(old.probability_at(horizon), new.probability_at(horizon)):
                continue
            found.append(
                ReclassificationFacts(
                    protocol=old.protocol,
                    kind=old.kind,
                    new=new.model,
                    old=old.model,
                    horizon=horizon,
                    method="KM",
                    nri=EstimateFact.model_validate(drawn.nri),
                    nri_events=EstimateFact.model_validate(drawn.nri_events),
                    nri_nonevents=EstimateFact.model_validate(drawn.nri_non_events),
                    nri_p=_p_value(drawn.nri),
                    categorical_nri=_fact(drawn.categorical_nri),
                    categorical_nri_events=_fact(drawn.categorical_nri_events),
                    categorical_nri_nonevents=_fact(drawn.categorical_nri_non_events),
                    risk_cuts=risk_cuts,
                    idi=EstimateFact.model_validate(drawn.idi),
                    idi_p=_p_value(drawn.idi),
                    idi_events=drawn.idi_events.value,
                    idi_nonevents=-drawn.idi_non_events.value,
                    half_nri=EstimateFact.model_validate(drawn.half_nri),
                    median_improvement=EstimateFact.model_validate(drawn.median_improvement),
                )
            )
    return tuple(found)


def _p_value(estimate: Estimate) -> float | None:
    """Return the two-sided p of a normal test with the draws' standard deviation."""
    error = estimate.standard_error
    if not np.isfinite(error) or error <= 0:
        return None
    return float(2 * ndtr(-abs(estimate.value) / error))
