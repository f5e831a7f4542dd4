"""Differences between models: C-index, AUC, likelihood ratio, NRI and IDI (Table S1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, groupby

from trephine.errors import InputError
from trephine.evaluation.concordance import compare_concordance
from trephine.evaluation.discrimination_improvement import discrimination_improvement
from trephine.evaluation.likelihood_ratio import likelihood_ratio_test
from trephine.evaluation.reclassification import continuous_reclassification
from trephine.evaluation.time_dependent_auc import compare_time_dependent_auc
from trephine.report.facts import ComparisonFacts, EstimateFact, ReclassificationFacts
from trephine.study.facts.assessment import Assessed
from trephine.study.results import Analysis

Pair = tuple[Assessed, Assessed]


def _pairs(assessed: Sequence[Assessed]) -> Iterator[Pair]:
    """Yield (old, new) of one protocol and kind, in the models' order."""
    for _, group in groupby(assessed, key=lambda one: (one.protocol, one.kind)):
        yield from combinations(list(group), 2)


def comparisons(analysis: Analysis, assessed: Sequence[Assessed]) -> tuple[ComparisonFacts, ...]:
    """Return the differences of every pair of models of one protocol and kind."""
    found: list[ComparisonFacts] = []
    for old, new in _pairs(assessed):
        found += _concordance(analysis, old, new)
        found += _auc(analysis, old, new)
        found += _likelihood(analysis, old, new)
    return tuple(found)


def _concordance(analysis: Analysis, old: Assessed, new: Assessed) -> list[ComparisonFacts]:
    """Compare by joint jackknife; only where every pair of cases may be compared."""
    if old.kind != "apparent":
        return []
    result = compare_concordance(
        analysis.cases.survival, old.risk_score, new.risk_score, cluster=analysis.cases.patient
    )
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


def _auc(analysis: Analysis, old: Assessed, new: Assessed) -> list[ComparisonFacts]:
    found = []
    for horizon in old.horizons:
        if horizon not in new.horizons:
            continue
        first, second = old.performance.at(horizon).auc, new.performance.at(horizon).auc
        if first.note or second.note:
            continue
        result = compare_time_dependent_auc(second, first, patient=analysis.cases.patient)
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


def reclassifications(
    analysis: Analysis, assessed: Sequence[Assessed]
) -> tuple[ReclassificationFacts, ...]:
    """Return NRI and IDI of every pair of models, split by event status."""
    survival = analysis.cases.survival
    found = []
    for old, new in _pairs(assessed):
        for horizon in old.horizons:
            if horizon not in new.horizons:
                continue
            before = old.event_probability[:, old.horizons.index(horizon)]
            after = new.event_probability[:, new.horizons.index(horizon)]
            try:
                nri = continuous_reclassification(survival, before, after, horizon)
                idi = discrimination_improvement(survival, before, after, horizon)
            except InputError:
                continue
            found.append(
                ReclassificationFacts(
                    protocol=old.protocol,
                    kind=old.kind,
                    new=new.model,
                    old=old.model,
                    horizon=horizon,
                    method="KM",
                    nri=EstimateFact(value=nri.total),
                    nri_events=EstimateFact(value=nri.events),
                    nri_nonevents=EstimateFact(value=nri.non_events),
                    idi=EstimateFact(value=idi.idi.value),
                    idi_events=idi.idi.events,
                    idi_nonevents=idi.idi.non_events,
                    half_nri=EstimateFact(value=idi.half_nri.value),
                    median_improvement=EstimateFact(value=idi.median_improvement.value),
                )
            )
    return tuple(found)
