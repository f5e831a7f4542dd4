"""Where on a case's image its deep signature comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from trephine.deep.embed import Embedder
from trephine.deep.saliency import SaliencyMap, WeightedSum, signature_map
from trephine.errors import InputError
from trephine.modelling.signature import Signature
from trephine.study.image_plans import DEEP
from trephine.study.locked.model import LockedModel
from trephine.study.locked.network import open_embedder
from trephine.study.locked.new_case import NewCase, open_case
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


def draw_saliency(model: LockedModel, case: NewCase, out: Path) -> None:
    """Write what raises (red) and lowers (blue) a case's deep signature, over its image.

    Raises
    ------
    InputError
        If the model has no deep signature.
    """
    saliency_picture(model, case).save(out)


def has_saliency(model: LockedModel) -> bool:
    """Say whether a model has a deep signature, which a map can be drawn of."""
    signature = model.predictor.signatures.get(DEEP)
    return signature is not None and not signature.empty


def saliency_picture(model: LockedModel, case: NewCase) -> Picture.Image:
    """Return what raises (red) and lowers (blue) a case's deep signature, over its image.

    Against the average case of the study; the map sums to the case's score.

    Raises
    ------
    InputError
        If the model has no deep signature.
    """
    if not has_saliency(model):
        raise InputError("saliency: expected a model with a deep signature, found none")
    image, _, region = open_case(model, case)
    embedder = open_embedder(model, case.weights, case.trust)
    heat = case_map(embedder, model.predictor.signatures[DEEP], image, region, case.side).values
    low, high = np.percentile(image.pixels, (0.5, 99.5))
    grey = np.clip((image.pixels - low) / (high - low if high > low else 1.0), 0, 1)
    strength = np.clip(heat / (np.abs(heat).max() or 1.0), -1, 1)
    alpha = 0.75 * np.abs(strength)[..., np.newaxis]
    colour = np.where(strength[..., np.newaxis] > 0, (0.84, 0.19, 0.15), (0.19, 0.42, 0.75))
    mixed = (1 - alpha) * grey[..., np.newaxis] + alpha * colour
    return Picture.fromarray(np.rint(255 * mixed).astype(np.uint8))
