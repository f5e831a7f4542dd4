"""Where on a case's image its deep signature comes from."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from trephine.deep.embed import Embedder
from trephine.deep.saliency import SaliencyMap, WeightedSum, signature_map
from trephine.errors import InputError
from trephine.modelling.signature import Signature
from trephine.study.image_plans import DEEP, set_name
from trephine.study.locked.model import LockedModel
from trephine.study.locked.network import open_embedder
from trephine.study.locked.new_case import NewCase, alone, open_case
from trephine.types import BoolArray, FloatArray, Image


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


def draw_saliency(model: LockedModel, case: NewCase, out: Path) -> list[Path]:
    """Write what raises (red) and lowers (blue) a case's deep signatures, over its images.

    Returns
    -------
    list of Path
        ``out``, or where a case has several images one file for each: ``out`` with the image's
        name behind its own.

    Raises
    ------
    InputError
        If the model has no deep signature that can be drawn.
    """
    written = []
    for key, picture in saliency_pictures(model, case).items():
        written.append(out.with_stem(f"{out.stem}-{key}") if key else out)
        picture.save(written[-1])
    return written


def drawable(model: LockedModel, used: Collection[str] | None = None) -> dict[str, str]:
    """Return the deep signatures that a map can be drawn of, by the key of their image.

    Of a ResNet's features of one slice; the key is empty where a case has one image. With
    ``used``, of these feature sets alone.
    """
    found = {}
    for key, context in (model.context.images or {"": model.context.features}).items():
        name = set_name(key, DEEP)
        signature = model.predictor.signatures.get(name)
        has_maps = context.deep is not None and context.deep.has_maps
        if has_maps and signature is not None and not signature.empty:
            found[key] = name
    return {key: name for key, name in found.items() if used is None or name in used}


def saliency_pictures(
    model: LockedModel, case: NewCase, used: Collection[str] | None = None
) -> dict[str, Picture.Image]:
    """Return what raises (red) and lowers (blue) a case's deep signatures, by key of the image.

    Against the average case of the study; each map sums to the case's score. Of a volume, the
    slice that the network saw. An image that the case lacks has none.

    Parameters
    ----------
    used
        Feature sets of which a map is wanted; all by default.

    Raises
    ------
    InputError
        If the model has no deep signature that can be drawn.
    """
    names = drawable(model, used)
    if not names:
        raise InputError(
            "saliency: expected a model with a signature of a ResNet's features of one slice, found"
            " none"
        )
    found = {}
    for key, name in names.items():
        of_image, own = alone(model, case, key)
        if key and own.image is None:
            continue
        image, _, region = open_case(of_image, own)
        embedder = open_embedder(of_image, own.weights, own.trust)
        signature = model.predictor.signatures[name]
        seen = case_map(embedder, signature, image, region, own.side)
        at = ... if seen.window.slice_index is None else seen.window.slice_index
        found[key] = _over(image.pixels[at], seen.values[at])
    return found


def _over(pixels: FloatArray, heat: FloatArray) -> Picture.Image:
    """Return a map over the grey values that it is of."""
    low, high = np.percentile(pixels, (0.5, 99.5))
    grey = np.clip((pixels - low) / (high - low if high > low else 1.0), 0, 1)
    strength = np.clip(heat / (np.abs(heat).max() or 1.0), -1, 1)
    alpha = 0.75 * np.abs(strength)[..., np.newaxis]
    colour = np.where(strength[..., np.newaxis] > 0, (0.84, 0.19, 0.15), (0.19, 0.42, 0.75))
    mixed = (1 - alpha) * grey[..., np.newaxis] + alpha * colour
    return Picture.fromarray(np.rint(255 * mixed).astype(np.uint8))
