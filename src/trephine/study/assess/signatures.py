"""What refits and held-out cases say of the signatures, and few features that stand for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from trephine.choices import RivalName
from trephine.evaluation.concordance import ConcordanceComparison
from trephine.modelling.approximation import Approximation, approximate, contributions
from trephine.modelling.cases import FeatureSet
from trephine.modelling.signature import Signature
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import FloatArray
from trephine.validation.out_of_fold import compare_signatures, compare_with_rival
from trephine.validation.refits import Refit
from trephine.validation.stability import FeatureStability, selection_stability


@dataclass(frozen=True)
class Shortened:
    """A signature approximated by a few of its features.

    Attributes
    ----------
    whole, approximation
        The signature, and what stands for it.
    held_out
        Short (first) against whole signatures on cases that neither had seen; None where no
        cases were held out.
    """

    whole: Signature
    approximation: Approximation
    held_out: ConcordanceComparison | None


def shortened(
    analysis: Analysis, result: ProtocolResult, name: str, features: FeatureSet
) -> Shortened | None:
    """Return a short reading of a signature; None where it is short itself.

    Parameters
    ----------
    analysis, result
        The study, and the protocol whose signature it is.
    name, features
        The feature set, and its values that the signature was fitted to.
    """
    signature = result.fitted.chains[name].signature
    found = approximate(signature, features.values, features.names)
    if found.signature is signature or found.signature.empty:
        return None
    predicted, cases, held_out = result.out_of_fold, analysis.cases, None
    if predicted is not None and name in predicted.short_signature:
        held_out = compare_signatures(cases.survival, predicted, name, cases.patient)
    return Shortened(signature, found, held_out)


def against_rivals(
    analysis: Analysis, result: ProtocolResult, name: str
) -> dict[RivalName, tuple[ConcordanceComparison, int]]:
    """Return other learners (first) against a signature on cases that neither had seen.

    By learner, with the number of repeats; none without nested cross-validation.

    Parameters
    ----------
    analysis, result
        The study, and the protocol whose signature it is.
    name
        The feature set.
    """
    predicted, cases = result.out_of_fold, analysis.cases
    found: dict[RivalName, tuple[ConcordanceComparison, int]] = {}
    if predicted is None:
        return found
    for rival in get_args(RivalName):
        if rival in predicted.rivals.get(name, {}):
            compared = compare_with_rival(cases.survival, predicted, name, rival, cases.patient)
            if compared is not None:
                found[rival] = compared
    return found


def feature_shares(signature: Signature, features: FeatureSet) -> FloatArray:
    """Return what each feature of a signature contributes to its variance, shape (features,)."""
    return contributions(signature, features.values, features.names)


def refits(result: ProtocolResult) -> tuple[Refit, ...]:
    """Return the refits that stability is counted over: bootstrap samples, else outer folds."""
    if result.bootstrap is not None:
        return result.bootstrap.refits
    return result.out_of_fold.refits if result.out_of_fold is not None else ()


def stability(result: ProtocolResult) -> Mapping[str, tuple[FeatureStability, ...]] | None:
    """Return how often each feature is selected, by feature set; None without refits."""
    again = refits(result)
    return selection_stability(again).features if again else None
