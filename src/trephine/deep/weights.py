"""Weights for the ResNets: ImageNet's, a file's or random ones, always on record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from trephine.deep.checkpoint import read_network_file, read_state
from trephine.deep.official import OFFICIAL, fetch
from trephine.deep.runtime import require_torch
from trephine.deep.settings import DeepSettings, ResNetName
from trephine.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from trephine.deep.backbone import ResNet


@dataclass(frozen=True)
class WeightsRecord:
    """Which weights made the features.

    Attributes
    ----------
    backbone
        Name of the ResNet, or of the network's file.
    source
        ``imagenet`` (torchvision's official file), ``file``, ``random``, or ``finetuned``.
    name
        Of the file; ``random:SEED`` for random weights.
    sha256
        Of the whole file; where there is no file, of the tensors (``state_sha256``), and for a
        trained block of its tensors behind the hash of the network that it was trained in.
    """

    backbone: str
    source: Literal["imagenet", "file", "random", "finetuned"]
    name: str
    sha256: str


def load_weights(settings: DeepSettings) -> tuple[dict[str, Tensor], WeightsRecord]:
    """Return the state dict that the settings ask for and its record.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    InputError
        If the file cannot be had, has the wrong hash, is truncated, holds code, or belongs to
        another architecture. There is no fall-back to other weights.
    """
    require_torch()
    name = _resnet_name(settings)
    if settings.random_seed is not None:
        return _random_state(name, settings.random_seed)
    is_official = settings.weights == "imagenet"
    path = fetch(OFFICIAL[name]) if is_official else Path(settings.weights)
    file = read_network_file(path, settings.sha256)
    state = read_state(file)
    check_state(name, state, file.name)
    origin: Literal["imagenet", "file"] = "imagenet" if is_official else "file"
    return state, WeightsRecord(name, origin, file.name, file.sha256)


def _resnet_name(settings: DeepSettings) -> ResNetName:
    if settings.is_network_file:
        raise InputError("deep weights: a network file holds its own; expected a ResNet")
    return cast("ResNetName", settings.backbone)


def _random_state(name: ResNetName, seed: int) -> tuple[dict[str, Tensor], WeightsRecord]:
    from trephine.deep.backbone import ResNet, initialise

    network = ResNet(name, classes=None)
    initialise(network, seed)
    state = network.state_dict()
    arrays = {key: value.numpy() for key, value in state.items()}
    return state, WeightsRecord(name, "random", f"random:{seed}", state_sha256(arrays))


def state_sha256(state: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return the sha256 of arrays by name: each name, shape and its little-endian values."""
    digest = hashlib.sha256()
    for key in sorted(state):
        values = np.asarray(state[key])
        digest.update(f"{key} {values.dtype.str} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def check_state(name: ResNetName, state: Mapping[str, Tensor], origin: str) -> None:
    """Refuse a state dict that is not exactly this ResNet's, naming what differs.

    The classifier ``fc`` may have any number of classes, or be absent: the features are read
    before it. ``num_batches_tracked``, which old files lack, takes no part in inference.

    Raises
    ------
    InputError
        Naming missing, unknown and ill-shaped tensors, or those that are not finite.
    """
    from trephine.deep.backbone import ResNet

    wanted = {key: tuple(value.shape) for key, value in ResNet(name, None).state_dict().items()}
    wanted = {k: v for k, v in wanted.items() if not k.endswith("num_batches_tracked")}
    found = {
        key: tuple(value.shape)
        for key, value in state.items()
        if not key.startswith("fc.") and not key.endswith("num_batches_tracked")
    }
    missing = [key for key in wanted if key not in found]
    unknown = [key for key in found if key not in wanted]
    ill_shaped = [
        f"{key} {found[key]} instead of {shape}"
        for key, shape in wanted.items()
        if key in found and found[key] != shape
    ]
    problems = [
        f"{len(keys)} {what} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
        for what, keys in (("missing", missing), ("unknown", unknown), ("ill-shaped", ill_shaped))
        if keys
    ]
    if problems:
        raise InputError(
            f"deep weights: {origin} is a checkpoint of another architecture than {name}:"
            f" {'; '.join(problems)}; name the backbone it was trained with"
        )
    odd = [key for key in wanted if not bool(state[key].isfinite().all())]
    if odd:
        raise InputError(
            f"deep weights: {origin} holds values that are not finite at {', '.join(odd[:3])}"
            f" ({len(odd)} tensors); take another checkpoint"
        )


def build_resnet(name: ResNetName, state: Mapping[str, Tensor]) -> ResNet:
    """Return the ResNet with these weights, strictly loaded, ready for inference."""
    from trephine.deep.backbone import ResNet

    classifier = state.get("fc.weight")
    network = ResNet(name, classes=None if classifier is None else int(classifier.shape[0]))
    # Weights kept in half precision are computed with in float32 like all others.
    network.load_state_dict(dict(state), strict=True)
    return network.float().eval().requires_grad_(False)
