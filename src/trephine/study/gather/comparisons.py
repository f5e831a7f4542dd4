"""Differences between models: C-index, AUC, likelihood ratio, NRI and IDI (Table S1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trephine.facts import ComparisonFacts, EstimateFact, ReclassificationFacts
from trephine.study.assess import Compared
from trephine.types import Estimate


def comparisons(pairs: Sequence[Compared]) -> tuple[ComparisonFacts, ...]:
    """Return the differences of every pair of models of one protocol and kind."""
    found: list[ComparisonFacts] = []
    for pair in pairs:
        found += [*_concordance(pair), *_auc(pair), *_likelihood_ratio(pair)]
    return tuple(found)


def _concordance(pair: Compared) -> list[ComparisonFacts]:
    result = pair.concordance
    if result is None:
        return []
    difference = EstimateFact.model_validate(result.difference)
    return [
        ComparisonFacts(
            **_models_of(pair),
            measure="C-index",
            difference=difference,
            statistic=result.z,
            p=result.p_value,
        )
    ]


def _auc(pair: Compared) -> list[ComparisonFacts]:
    return [
        ComparisonFacts(
            **_models_of(pair),
            measure="AUC",
            horizon=result.horizon,
            difference=EstimateFact.model_validate(result.difference),
            statistic=result.statistic,
            p=result.p_value,
        )
        for result in pair.auc
    ]


def _likelihood_ratio(pair: Compared) -> list[ComparisonFacts]:
    test = pair.likelihood_ratio
    if test is None:
        return []
    return [
        ComparisonFacts(
            **_models_of(pair),
            measure="likelihood ratio",
            statistic=test.statistic,
            degrees_of_freedom=test.degrees_of_freedom[0] if test.degrees_of_freedom else None,
            p=test.p_value,
        )
    ]


def _models_of(pair: Compared) -> dict[str, Any]:
    """Return what every fact about a pair says of it: whose predictions, and which two models."""
    old = pair.old
    return {"protocol": old.protocol, "kind": old.kind, "new": pair.new.model, "old": old.model}


def reclassifications(
    pairs: Sequence[Compared], risk_cuts: tuple[float, ...] = ()
) -> tuple[ReclassificationFacts, ...]:
    """Return NRI and IDI of every pair of models, split by event status."""
    return tuple(
        ReclassificationFacts(
            **_models_of(pair),
            horizon=horizon,
            method="KM",
            nri=EstimateFact.model_validate(drawn.nri),
            nri_events=EstimateFact.model_validate(drawn.nri_events),
            nri_nonevents=EstimateFact.model_validate(drawn.nri_non_events),
            categorical_nri=_fact(drawn.categorical_nri),
            categorical_nri_events=_fact(drawn.categorical_nri_events),
            categorical_nri_nonevents=_fact(drawn.categorical_nri_non_events),
            risk_cuts=risk_cuts,
            idi=EstimateFact.model_validate(drawn.idi),
            idi_events=drawn.idi_events.value,
            idi_nonevents=-drawn.idi_non_events.value,
            half_nri=EstimateFact.model_validate(drawn.half_nri),
            median_improvement=EstimateFact.model_validate(drawn.median_improvement),
        )
        for pair in pairs
        for horizon, drawn in pair.reclassification.items()
    )


def _fact(estimate: Estimate | None) -> EstimateFact | None:
    return None if estimate is None else EstimateFact.model_validate(estimate)
