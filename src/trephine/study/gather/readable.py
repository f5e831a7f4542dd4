"""What a signature of many features is made of, and a few features that stand for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trephine.errors import InputError
from trephine.facts import EstimateFact, PartShare, ShortFeature, ShortSignature
from trephine.modelling.cases import FeatureSet
from trephine.modelling.signature import Signature
from trephine.radiomics.names import FeatureDescription, describe
from trephine.study.assess.signatures import Shortened, feature_shares, shortened
from trephine.study.results import Analysis, ProtocolResult

FAMILIES = {"shape": "Shape", "shape2D": "Shape", "firstorder": "First order"}
FILTERS = {
    "log": "Laplacian of Gaussian",
    "lbp": "Local binary pattern",
    "squareroot": "Square root",
}


def describe_known(name: str) -> FeatureDescription | None:
    """Describe a radiomics feature by its name; None for a name of another kind."""
    try:
        return describe(name)
    except InputError:
        return None


def family_shares(signature: Signature, features: FeatureSet) -> tuple[PartShare, ...]:
    """Return what each feature family contributes; nothing where names have no family."""
    return _shares(signature, features, family_name)


def family_name(known: FeatureDescription) -> str:
    """Return a feature's family as printed."""
    return FAMILIES.get(known.family, known.family.upper())


def filter_name(known: FeatureDescription) -> str:
    """Return the kind of filtered image that a feature was measured on, as printed."""
    kind = known.image_type.split("-")[0]
    return FILTERS.get(kind, kind.capitalize())


def image_shares(signature: Signature, features: FeatureSet) -> tuple[PartShare, ...]:
    """Return what the features of each kind of filtered image contribute."""
    return _shares(signature, features, filter_name)


def _shares(
    signature: Signature, features: FeatureSet, part_of: Callable[[FeatureDescription], str]
) -> tuple[PartShare, ...]:
    known = [describe_known(name) for name in signature.names]
    if not any(known):
        return ()
    parts = np.array([part_of(found) if found else "Other" for found in known])
    shares = feature_shares(signature, features)
    rows = [
        PartShare(part=part, features=int((parts == part).sum()), share=shares[parts == part].sum())
        for part in sorted(set(parts.tolist()))
    ]
    return tuple(sorted(rows, key=lambda row: -(row.share or 0.0)))


def short_signature(
    analysis: Analysis, result: ProtocolResult, name: str, features: FeatureSet
) -> ShortSignature | None:
    """Return a short reading of a signature; None where it is short itself.

    Parameters
    ----------
    analysis, result
        The study, and the protocol whose signature it is.
    name, features
        The feature set, and its values that the signature was fitted to.
    """
    found = shortened(analysis, result, name, features)
    if found is None:
        return None
    short = found.approximation.signature
    rows = zip(short.names, short.weights, found.approximation.explained, strict=True)
    return ShortSignature(
        features=tuple(
            ShortFeature(name=feature, weight=weight, explained=explained)
            for feature, weight, explained in rows
        ),
        n_short=len(short.names),
        n_long=len(found.whole.names),
        r_squared=found.approximation.r_squared,
        **_held_out(found),
    )


def _held_out(found: Shortened) -> dict[str, EstimateFact]:
    """Return the concordance of whole and short signatures on cases that neither had seen."""
    both = found.held_out
    if both is None:
        return {}
    return {
        "c_long": EstimateFact.model_validate(both.second),
        "c_short": EstimateFact.model_validate(both.first),
        "c_lost": EstimateFact.model_validate(both.difference),
    }
