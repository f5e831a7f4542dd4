"""Differences between two models that predict the same cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtr

from trephine.errors import InputError
from trephine.evaluation.benefit_gain import BenefitGain
from trephine.evaluation.concordance import ConcordanceComparison, compare_concordance
from trephine.evaluation.likelihood_ratio import likelihood_ratio_test
from trephine.evaluation.reclassification_summary import ReclassificationSummary
from trephine.evaluation.time_dependent_auc import AucDifference, compare_time_dependent_auc
from trephine.group_tests.hypothesis_test import HypothesisTest
from trephine.study.assess.drawn import Draws
from trephine.study.assess.measures import Assessed
from trephine.study.assess.predictions import shared_horizons
from trephine.study.assess.training import widened
from trephine.study.results import Analysed
from trephine.study.settings import image_steps
from trephine.validation.held_out_gain import held_out_likelihood_ratio
from trephine.validation.out_of_fold import compare_out_of_fold_concordance


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a new model adds to an old one of the same protocol and kind.

    Attributes
    ----------
    old, new
        The models.
    concordance
        Difference of Harrell's C; None where one of them has none.
    auc
        Difference of AUC at each horizon where both have one.
    likelihood_ratio
        Of nested models that were fitted to these cases; None for others.
    reclassification
        NRI and IDI by horizon; absent where there is no answer, or where both predict alike.
    held_out
        Likelihood ratio of out-of-fold predictions, of models that differ by one image of a case.
    gain
        What one image more gains in net benefit, by horizon.
    """

    old: Assessed
    new: Assessed
    concordance: ConcordanceComparison | None
    auc: tuple[AucDifference, ...]
    likelihood_ratio: HypothesisTest | None
    reclassification: Mapping[float, ReclassificationSummary]
    held_out: HypothesisTest | None = None
    gain: Mapping[float, BenefitGain] = field(default_factory=dict)


def compared(analysis: Analysed, draws: Draws, old: Assessed, new: Assessed) -> Compared:
    """Compare two models of one protocol and kind."""
    return Compared(
        old=old,
        new=new,
        concordance=_concordance(analysis, old, new),
        auc=tuple(_auc(old, new)),
        likelihood_ratio=_likelihood_ratio(old, new),
        reclassification=_reclassification(draws, old, new),
        held_out=_held_out(analysis, old, new),
        gain=_gain(draws, old, new),
    )


def _concordance(analysis: Analysed, old: Assessed, new: Assessed) -> ConcordanceComparison | None:
    """Compare by joint jackknife: all pairs of cases, or pairs within folds out of fold.

    A model that ranks nobody has no C-index to be compared with.
    """
    survival = analysis.cases.survival
    if not (old.varies and new.varies):
        return None
    try:
        if old.out_of_fold is None:
            return compare_concordance(
                survival, old.risk_score, new.risk_score, cluster=old.patient
            )
        return compare_out_of_fold_concordance(
            survival,
            old.out_of_fold,
            old.model,
            new.model,
            analysis.cases.patient,
            training_error=new.training.difference_error(old.model, new.model, "concordance"),
        )
    except InputError:
        # Their own rows say why there is no C-index.
        return None


def _auc(old: Assessed, new: Assessed) -> list[AucDifference]:
    found = []
    for horizon in shared_horizons(old, new):
        first, second = old.at(horizon).auc, new.at(horizon).auc
        if first.note or second.note:
            continue
        difference = compare_time_dependent_auc(second, first, cluster=old.patient)
        luck = new.training.difference_error(old.model, new.model, "auc", horizon)
        found.append(_with_luck(difference, luck))
    return found


def _with_luck(found: AucDifference, luck: float) -> AucDifference:
    """Return a difference whose interval and p know of the luck of the training cases."""
    wider = widened(found.difference, luck)
    z = wider.value / wider.standard_error if wider.standard_error > 0 else float("nan")
    return replace(found, difference=wider, statistic=z, p_value=float(2 * ndtr(-abs(z))))


def _likelihood_ratio(old: Assessed, new: Assessed) -> HypothesisTest | None:
    """Compare nested models that were fitted to these very cases.

    Penalties of different models differ: Firth's likelihoods cannot be compared so.
    """
    if old.fit is None or new.fit is None or not set(old.fit.names) < set(new.fit.names):
        return None
    if (old.fit.penalty, new.fit.penalty) != ("none", "none"):
        return None
    return likelihood_ratio_test(old.fit, new.fit)


def _held_out(analysis: Analysed, old: Assessed, new: Assessed) -> HypothesisTest | None:
    """Compare models that differ by one image on cases that neither had seen."""
    if old.out_of_fold is None or new.without_term:
        return None
    if (old.model, new.model) not in image_steps(analysis.inputs.plan):
        return None
    survival = analysis.cases.survival
    return held_out_likelihood_ratio(survival, old.out_of_fold, old.model, new.model)


def _gain(draws: Draws, old: Assessed, new: Assessed) -> dict[float, BenefitGain]:
    key = (old.protocol, old.kind, old.model, new.model)
    drawn = {horizon: draws.gain.get((*key, horizon)) for horizon in shared_horizons(old, new)}
    return {horizon: gain for horizon, gain in drawn.items() if gain is not None}


def _reclassification(
    draws: Draws, old: Assessed, new: Assessed
) -> dict[float, ReclassificationSummary]:
    """Leave out models that predict alike: they reclassify nobody."""
    found = {}
    for horizon in shared_horizons(old, new):
        drawn = draws.reclassification.get((old.protocol, old.kind, old.model, new.model, horizon))
        alike = np.array_equal(old.probability_at(horizon), new.probability_at(horizon))
        if drawn is not None and not alike:
            found[horizon] = drawn
    return found
