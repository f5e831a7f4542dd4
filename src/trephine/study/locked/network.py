"""The engine and the network that measured a locked model's features: these, or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trephine.deep.embed import Embedder
from trephine.deep.settings import DeepSettings
from trephine.errors import BundleError, InputError
from trephine.radiomics.extract import ENGINE_VERSION
from trephine.study.image_plans import DEEP
from trephine.study.locked.model import LockedModel


def check_engine(model: LockedModel) -> None:
    """Refuse a model whose radiomic features another version of the engine measured.

    Raises
    ------
    BundleError
        If the versions differ.
    """
    made_with = model.context.features.engine_version
    if made_with != ENGINE_VERSION:
        raise BundleError(
            f"bundle: expected features of radiomics engine {made_with!r}, found engine"
            f" {ENGINE_VERSION!r}; use the version of Trephine that fitted the model"
            f" ({model.context.trephine}), or fit it again"
        )


def network_settings(
    model: LockedModel, weights: Path | None, trust: str | None = None
) -> DeepSettings:
    """Return the settings of the network that the study used, its file and its hash put in.

    The hash is that of the file that the model was fitted with, so that another is refused before
    it is opened. ``trust`` is never the model's word, only its user's.

    Raises
    ------
    InputError
        If the network or its weights are a file, which is no part of a bundle, and none is given.
    """
    features = model.context.features
    settings = features.deep
    if settings is None:
        raise BundleError("bundle: expected the settings of its network, found none")
    if settings.random_seed is None:  # there is a file
        settings = settings.model_copy(update={"sha256": features.weights_sha256})
    if not settings.is_network_file and settings.weights_file is None:
        return settings
    key = "backbone" if settings.is_network_file else "weights"
    if weights is None:
        name = getattr(settings, key)
        raise InputError(
            f"network: expected the file {name}, which is not part of the model, found none; name"
            " it with --weights, or as [deep] weights in a study file"
        )
    named = settings.model_copy(update={key: str(weights)})
    if settings.is_network_file and named.is_program != settings.is_program:
        raise InputError(
            f"network: expected a file ending in {Path(settings.backbone).suffix}, as the model's"
            f" is, found one ending in {weights.suffix}"
        )
    return _deep_settings({**named.model_dump(), "trust": trust})


def _deep_settings(content: Mapping[str, Any]) -> DeepSettings:
    try:
        return DeepSettings(**content)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first.get("ctx", {}).get("error", first["msg"])
        raise InputError(f"network: {reason}") from None


def open_embedder(model: LockedModel, weights: Path | None, trust: str | None = None) -> Embedder:
    """Open the network that the study used, with its trained last block where it has one.

    Raises
    ------
    InputError
        If the network's file is needed and not given.
    BundleError
        If the weights are not those that the model was fitted with.
    """
    embedder = Embedder(network_settings(model, weights, trust).case_by_case())
    check_weights(model.context.features.weights_sha256, embedder.record.weights.sha256)
    block = model.predictor.blocks.get(DEEP)
    return embedder if block is None else embedder.with_last_block(block)


def check_weights(expected: str, found: str) -> None:
    """Refuse a network of other weights than the model was fitted with.

    Raises
    ------
    BundleError
        If the hashes differ.
    """
    if found != expected:
        raise BundleError(
            f"bundle: expected network weights {expected[:12]}, found {found[:12]}; use the file"
            " that the model was fitted with"
        )
