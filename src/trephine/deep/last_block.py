"""The last residual block of a ResNet on its own: what is trained, and what a model keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trephine.archives import bounded_tensors
from trephine.deep.runtime import exact_float32, require_torch
from trephine.deep.settings import ResNetName
from trephine.deep.weights import state_sha256
from trephine.errors import InputError
from trephine.types import Float32Array, FloatArray

if TYPE_CHECKING:
    from trephine.deep.backbone import ResidualBlock

# Cases computed at once. Fixed, so that a case's features do not depend on who computes them.
BATCH = 8

Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class LastBlock:
    """The last block of a ResNet, as arrays: it travels to workers and into files without torch.

    Attributes
    ----------
    backbone
        Of which ResNet.
    origin
        The sha256 of the network's weights that it was taken from.
    state
        Weights by torchvision's names within the block.
    trained
        Whether it is no longer the one of ``origin``.
    """

    backbone: ResNetName
    origin: str
    state: Tensors
    trained: bool = False

    @cached_property
    def sha256(self) -> str:
        """Of the network that it makes with all that lies before it: two networks, two hashes."""
        if not self.trained:
            return self.origin
        content = f"{self.origin} {state_sha256(self.state)}"
        return hashlib.sha256(content.encode()).hexdigest()

    def module(self) -> ResidualBlock:
        """Return the block as torch's, in evaluation mode.

        Raises
        ------
        MissingExtraError
            If torch is not installed.
        InputError
            If the arrays are not this ResNet's last block.
        """
        require_torch()
        import torch

        from trephine.deep.backbone import last_block_of

        with torch.device("meta"):  # no weights are drawn only to be replaced
            block = last_block_of(self.backbone)
        state = {name: torch.from_numpy(np.array(values)) for name, values in self.state.items()}
        try:
            block.load_state_dict(state, strict=True, assign=True)
        except RuntimeError as error:
            raise InputError(
                f"deep weights: expected the last block of a {self.backbone}, found another:"
                f" {str(error).splitlines()[-1].strip()}"
            ) from None
        return block.eval().requires_grad_(False)

    @cached_property
    def _fast(self) -> ResidualBlock:
        import torch

        from trephine.deep.backbone import folded_block

        fast = folded_block(self.module())
        fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return fast

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker or a copy is handed: the arrays, not what was built from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def features(self, maps: Float32Array) -> FloatArray:
        """Return the average pool, (n, dimension), of maps that enter the block.

        Parameters
        ----------
        maps
            Shape (n, views, channels, h, w); the features are the mean over the views.
        """
        import torch

        from trephine.deep.backbone import pool

        fast = self._fast
        n, views = maps.shape[:2]
        flat = maps.reshape(-1, *maps.shape[2:])
        parts = [np.empty((0, fast.out_channels), dtype=np.float32)]
        with exact_float32(1), torch.inference_mode():
            for start in range(0, len(flat), BATCH):
                part = flat[start : start + BATCH]
                filled = np.concatenate([part, np.repeat(part[-1:], BATCH - len(part), axis=0)])
                batch = torch.from_numpy(filled).contiguous(memory_format=torch.channels_last)
                parts.append(pool(fast(batch)).numpy()[: len(part)])
        by_view = np.concatenate(parts).astype(np.float64)
        features: FloatArray = by_view.reshape(n, views, -1).mean(axis=1)
        return features


def block_to_bytes(block: LastBlock) -> bytes:
    """Return the weights as ``.safetensors``, which hold numbers and no code."""
    require_torch()
    from safetensors.numpy import save

    return bytes(save({name: np.array(v, order="C") for name, v in block.state.items()}))


def state_from_bytes(content: bytes) -> Tensors:
    """Return what ``block_to_bytes`` wrote.

    Raises
    ------
    MissingExtraError
        If the extra ``deep`` is not installed.
    InputError
        If the content is cut short or altered.
    """
    require_torch()
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(bounded_tensors(content)))
    except (SafetensorError, ValueError) as error:
        raise InputError(f"deep weights: expected .safetensors, found others: {error}") from None
