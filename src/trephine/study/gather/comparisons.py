"""Differences between models: C-index, AUC, likelihood ratio, NRI and IDI (Table S1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trephine.choices import ProtocolName
from trephine.facts import (
    BenefitGainFacts,
    ComparisonFacts,
    EstimateFact,
    ReclassificationFacts,
    ThresholdSpan,
)
from trephine.study.assess import Compared
from trephine.study.gather.signature_p import p_of_gain
from trephine.study.results import ProtocolResult
from trephine.types import Estimate


def comparisons(
    pairs: Sequence[Compared], results: Mapping[ProtocolName, ProtocolResult] | None = None
) -> tuple[ComparisonFacts, ...]:
    """Return the differences of every pair of models of one protocol and kind.

    Parameters
    ----------
    pairs
        Of models.
    results
        What fitted them; None where they were fitted elsewhere, which leaves no likelihood ratio.
    """
    found: list[ComparisonFacts] = []
    for pair in pairs:
        found += [*_concordance(pair), *_auc(pair), *_held_out(pair)]
        if results is not None:
            found += _likelihood_ratio(pair, results[pair.old.protocol])
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


def _likelihood_ratio(pair: Compared, result: ProtocolResult) -> list[ComparisonFacts]:
    """Return the likelihood ratio; a signature that was learned has not the p of chi-square."""
    test = pair.likelihood_ratio
    if test is None:
        return []
    old, new = pair.old.model, pair.new.model
    models = result.fitted.models
    learned = set(models[new].signatures) - set(models[old].signatures)
    return [
        ComparisonFacts(
            **_models_of(pair),
            measure="likelihood ratio",
            statistic=test.statistic,
            degrees_of_freedom=test.degrees_of_freedom[0] if test.degrees_of_freedom else None,
            **(p_of_gain(result, old, new) if learned else {"p": test.p_value}),
        )
    ]


def _held_out(pair: Compared) -> list[ComparisonFacts]:
    test = pair.held_out
    if test is None or test.note:
        return []
    return [
        ComparisonFacts(
            **_models_of(pair),
            measure="held-out likelihood ratio",
            statistic=test.statistic,
            degrees_of_freedom=test.degrees_of_freedom[0],
            p=test.p_value,
        )
    ]


def benefit_gains(pairs: Sequence[Compared]) -> tuple[BenefitGainFacts, ...]:
    """Return what one image more gains in net benefit, by pair and horizon."""
    return tuple(
        BenefitGainFacts(
            **_models_of(pair),
            horizon=horizon,
            thresholds=found.thresholds,
            gain=found.gain,
            low=found.low,
            high=found.high,
            cost=found.cost,
            worth=tuple(ThresholdSpan(low=low, high=high) for low, high in found.worth),
        )
        for pair in pairs
        for horizon, found in pair.gain.items()
    )


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
