"""From all features to the signatures: audit, penalised path, weights, agreement, correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trephine.cohort.schema import capitalised
from trephine.facts import (
    AgreementFacts,
    CoefficientPath,
    CorrelationFacts,
    EstimateFact,
    IccFacts,
    LassoFacts,
    OverlapFacts,
    SelectedFeature,
    SelectionFacts,
    SelectionStep,
    SpreadFact,
)
from trephine.facts.selection import RivalFacts
from trephine.modelling.feature_chain import FittedChain
from trephine.modelling.learner import LearnedWeights
from trephine.study.agreement import Comparison
from trephine.study.assess.signatures import against_rivals, refits, stability
from trephine.study.gather.estimates import SHARE, cut
from trephine.study.gather.readable import (
    describe_known,
    family_name,
    family_shares,
    image_shares,
    short_signature,
)
from trephine.study.image_plans import DEEP
from trephine.study.results import Analysis, ProtocolResult
from trephine.validation.stability import FeatureStability

# A figure with more lines than this shows none of them.
MOST_PATHS = 60
# A correlation matrix with more rows than this cannot be read.
MOST_CORRELATED = 40
ICC_EDGES = np.round(np.linspace(0.0, 1.0, 21), 2)


def selection_facts(analysis: Analysis, result: ProtocolResult) -> list[SelectionFacts]:
    """Return the selection of each feature set on all cases."""
    found = []
    cases = result.fitted.harmonised(replace(analysis.cases, features=result.features))
    again, chosen = refits(result), stability(result)
    for name, chain in result.fitted.chains.items():
        features = cases.features[name]
        counts = [len(refit.weights.get(name, {})) for refit in again]
        found.append(
            SelectionFacts(
                feature_set=set_label(name),
                protocol=result.settings.protocol,
                extracted=chain.audit[0].n_in,
                steps=tuple(
                    SelectionStep(
                        name=row.step,
                        features_in=row.n_in,
                        features_out=row.n_out,
                        threshold=row.detail,
                        note="; ".join(f"{n} {reason}" for reason, n in row.removed.items()),
                    )
                    for row in chain.audit
                ),
                lasso=_lasso(chain.learned, chain) if chain.learned is not None else None,
                selected=_selected(name, chain, None if chosen is None else chosen.get(name, ())),
                resamples=len(again),
                selected_per_resample=_spread(counts),
                families=family_shares(chain.signature, features),
                image_types=image_shares(chain.signature, features),
                short=short_signature(analysis, result, name, features),
                rivals=_rivals(analysis, result, name),
            )
        )
    return found


def _rivals(analysis: Analysis, result: ProtocolResult, name: str) -> tuple[RivalFacts, ...]:
    return tuple(
        RivalFacts(
            learner=learner,
            repeats=repeats,
            concordance=EstimateFact.model_validate(cut(found.first, SHARE)),
            own=EstimateFact.model_validate(cut(found.second, SHARE)),
            gained=EstimateFact.model_validate(found.difference),
        )
        for learner, (found, repeats) in against_rivals(analysis, result, name).items()
    )


def set_label(name: str) -> str:
    """Return a feature set's name as printed."""
    return capitalised(name.replace("_", " "))


def _lasso(learned: LearnedWeights, chain: FittedChain) -> LassoFacts:
    cv = learned.cross_validation
    path = cv.path
    ever = np.flatnonzero((path.coefficients != 0).any(axis=0))
    strongest = ever[np.argsort(-np.abs(learned.weights[ever]), kind="stable")][:MOST_PATHS]
    return LassoFacts(
        mixture=learned.mixture,
        folds=cv.cv_raw.shape[0],
        features=len(chain.candidates),
        penalties=path.penalties,
        deviance=cv.cvm,
        deviance_se=cv.cvsd,
        nonzero=path.n_nonzero,
        lambda_min=cv.lambda_min,
        lambda_1se=cv.lambda_1se,
        chosen=cv.lambda_min,
        averaged=max(len(learned.members), 1),
        adaptivity=min(learned.members, key=lambda member: member.deviance).adaptivity
        if learned.members
        else None,
        paths=tuple(
            CoefficientPath(feature=chain.candidates[j], coefficients=path.coefficients[:, j])
            for j in strongest
        ),
    )


def _selected(
    set_name: str, chain: FittedChain, chosen: Sequence[FeatureStability] | None
) -> tuple[SelectedFeature, ...]:
    """Return the features of a signature; ``chosen`` is of its refits, None without any."""
    signature = chain.signature
    known = {feature.name: feature for feature in chosen or ()}
    order = np.argsort(-np.abs(signature.weights), kind="stable")
    found = []
    for j in order:
        name = signature.names[j]
        found.append(
            SelectedFeature(
                name=name,
                weight=signature.weights[j],
                centre=signature.centre[j],
                scale=signature.scale[j],
                **_stable(known.get(name), signature.weights[j], resampled=chosen is not None),
                **_described(set_name, name),
            )
        )
    return tuple(found)


def _stable(
    found: FeatureStability | None, weight: float, *, resampled: bool
) -> dict[str, float | SpreadFact]:
    """Return what refits say of a feature's weight; nothing where there are none."""
    if not resampled:
        return {}
    if found is None:
        return {"stability": 0.0, "same_sign": 0.0}
    return {
        "stability": found.selected,
        "same_sign": found.positive if weight > 0 else found.negative,
        "weights": SpreadFact(low=found.low, high=found.high),
    }


def _described(set_name: str, name: str) -> dict[str, str]:
    if set_name.rpartition(" ")[2] == DEEP:
        return {"family": "deep"}
    known = describe_known(name)
    if known is None:
        return {}
    return {
        "family": family_name(known),
        "image_type": known.image_type,
        "ibsi_code": known.ibsi_code,
        "ibsi_name": known.ibsi_name,
        "definition": known.definition,
    }


def _spread(counts: list[int]) -> EstimateFact | None:
    if not counts:
        return None
    low, middle, high = np.quantile(counts, (0.025, 0.5, 0.975))
    return EstimateFact(value=middle, low=low, high=high)


def correlation_facts(analysis: Analysis, result: ProtocolResult) -> list[CorrelationFacts]:
    """Return the correlation of the selected features, the strongest where there are many."""
    weighted = [
        (abs(weight), name, feature)
        for name, chain in result.fitted.chains.items()
        for feature, weight in zip(chain.signature.names, chain.signature.weights, strict=True)
    ]
    if len(weighted) < 2:
        return []
    strongest = sorted(weighted, key=lambda row: (-row[0], row[2]))[:MOST_CORRELATED]
    kept = [row for name in result.fitted.chains for row in strongest if row[1] == name]
    columns = []
    cases = result.fitted.harmonised(replace(analysis.cases, features=result.features))
    for _, name, feature in kept:
        given = cases.features[name]
        column = given.values[:, given.names.index(feature)]
        columns.append(np.where(given.present, column, np.nanmean(column)))
    matrix = np.atleast_2d(np.corrcoef(np.nan_to_num(np.array(columns))))
    return [
        CorrelationFacts(
            protocol=result.settings.protocol,
            features=tuple(feature for _, _, feature in kept),
            feature_sets=tuple(set_label(name) for _, name, _ in kept),
            matrix=matrix,
        )
    ]


def agreement_facts(analysis: Analysis) -> AgreementFacts | None:
    """Return the ICC of all features between readings and of copies; None with one reading."""
    result = next(iter(analysis.protocols.values()))
    chain_settings = result.settings.chain
    kind = {"1": "one-way", "2": "absolute agreement", "3": "consistency"}
    found = []
    for name, chain in result.fitted.chains.items():
        for agreement in chain.agreements:
            icc = agreement.icc[~np.isnan(agreement.icc)]
            counts, _ = np.histogram(np.clip(icc, 0.0, 1.0), ICC_EDGES)
            found.append(
                IccFacts(
                    feature_set=set_label(name),
                    comparison=agreement.comparison,
                    form=f"ICC({agreement.form}), {kind[agreement.form[0]]}",
                    cases=agreement.n_subjects,
                    features=len(agreement.icc),
                    threshold=chain_settings.icc_threshold,
                    kept=int((icc >= chain_settings.icc_threshold).sum()),
                    bin_edges=ICC_EDGES,
                    bin_counts=counts,
                    perturbed=agreement.kind == "perturbed",
                )
            )
    overlap = tuple(_overlap(comparison) for comparison in analysis.drawings if comparison.rows)
    return AgreementFacts(icc=tuple(found), overlap=overlap) if found or overlap else None


def _overlap(comparison: Comparison) -> OverlapFacts:
    dice = np.array([region.dice for region in comparison.regions])
    distance = np.array([region.hausdorff95_mm for region in comparison.regions])
    low, middle, high = np.quantile(dice, (0.25, 0.5, 0.75))
    return OverlapFacts(
        comparison=comparison.name,
        cases=len(comparison.rows),
        dice_median=middle,
        dice_q1=low,
        dice_q3=high,
        dice_lowest=dice.min(),
        hd95_median_mm=float(np.median(distance)),
    )
