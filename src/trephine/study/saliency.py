"""Where on a case's image its deep signature comes from."""

from __future__ import annotations

from typing import Any

import numpy as np

from trephine.deep.embed import Embedder
from trephine.deep.saliency import SaliencyMap, WeightedSum, signature_map
from trephine.modelling.signature import Signature
from trephine.types import BoolArray, Image


def case_map(
    embedder: Embedder, signature: Signature, image: Image, region: BoolArray, side: str | None
) -> SaliencyMap:
    """Return the map of a case's deep signature; it sums to the case's score.

    Parameters
    ----------
    embedder
        The network that the signature was fitted to.
    signature
        Of its features.
    image, region, side
        The case.
    """
    known: Any = side
    return signature_map(embedder, image, region, known, _of_all(signature, embedder))


def _of_all(signature: Signature, embedder: Embedder) -> WeightedSum:
    """Return a signature of some features as a sum of all features of the network."""
    whole = WeightedSum.plain(np.zeros(embedder.dimension))
    chosen = signature.columns(embedder.feature_names)
    whole.weights[chosen] = signature.weights / signature.scale
    whole.centre[chosen] = signature.centre
    if signature.floor is not None and signature.ceiling is not None:
        whole.floor[chosen] = signature.floor
        whole.ceiling[chosen] = signature.ceiling
    return whole
