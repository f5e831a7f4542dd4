"""What every network offers to the embedder, and the ResNets as one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

import numpy as np

from trephine.deep.last_block import LastBlock
from trephine.deep.runtime import choose_device, exact_float32
from trephine.deep.settings import DeepSettings, ResNetName
from trephine.deep.weights import WeightsRecord, build_resnet
from trephine.errors import InputError
from trephine.types import Float32Array

if TYPE_CHECKING:
    from torch import Tensor, nn

    Placed = TypeVar("Placed", bound=nn.Module)


class Network(Protocol):
    """A trained network that turns crops into one vector a case.

    Attributes
    ----------
    dimension
        Features a case.
    record
        Which weights.
    runtime, place
        The library that computes, with its version, and the device.
    """

    dimension: int
    record: WeightsRecord
    runtime: str
    place: str

    def features(self, crops: Float32Array) -> Float32Array:
        """Return (n, dimension) for normalised crops (n, 3, size, size)."""
        ...


class ResidualNetwork:
    """A ResNet on its device.

    Parameters
    ----------
    settings
        Backbone, device and threads.
    state
        Its weights by torchvision's names.
    record
        Where they come from.

    Attributes
    ----------
    module
        The network with torchvision's names, in float32. Features are computed by a twin whose
        batch norms are folded into its convolutions.
    """

    def __init__(
        self, settings: DeepSettings, state: Mapping[str, Tensor], record: WeightsRecord
    ) -> None:
        import torch

        from trephine.deep.backbone import folded

        self.record = record
        self.threads = settings.threads
        self.device = choose_device(settings.device)
        self._backbone = cast("ResNetName", settings.backbone)
        module = build_resnet(self._backbone, state)
        self._fast = self._placed(folded(module))
        self.module = self._placed(module)
        self._trained: LastBlock | None = None
        self.dimension: int = module.dimension
        self.runtime = f"torch {torch.__version__}"
        self.place = str(self.device)

    def features(self, crops: Float32Array) -> Float32Array:
        """Return the average pool, (n, dimension)."""
        if self._trained is None:
            return self._run(self._fast, crops)
        # As in training, in batches of one size: the last bits of a convolution depend on it.
        return self._trained.features(self.trunk(crops)[:, np.newaxis]).astype(np.float32)

    def maps(self, crops: Float32Array) -> Float32Array:
        """Return the maps before the average pool, (n, dimension, h, w)."""
        return self._run(self._fast.maps, crops)

    def trunk(self, crops: Float32Array) -> Float32Array:
        """Return what enters the last block, (n, C, h, w)."""
        return self._run(self._fast.trunk, crops)

    def last_block(self) -> LastBlock:
        """Return the last block, as arrays."""
        state = self.module.last_block.state_dict()
        arrays = {name: value.cpu().contiguous().numpy().copy() for name, value in state.items()}
        return LastBlock(self._backbone, self.record.sha256, arrays)

    def with_last_block(self, block: LastBlock) -> ResidualNetwork:
        """Return the network with a block that was trained in it; all else is shared with this one.

        Raises
        ------
        InputError
            If the block was trained in another network.
        """
        from trephine.deep.backbone import folded_block

        if block.origin != self.record.sha256 or block.backbone != self._backbone:
            raise InputError(
                f"deep weights: expected the network {block.backbone} {block.origin[:12]}, in which"
                f" the last block was trained, found {self._backbone} {self.record.sha256[:12]};"
                " use the same weights"
            )
        network = copy.copy(self)
        name = f"{self.record.name}, last block trained"
        network.record = WeightsRecord(self._backbone, "finetuned", name, block.sha256)
        module = block.module()
        network._fast = self._fast.with_last_block(self._placed(folded_block(module)))
        network.module = self.module.with_last_block(self._placed(module))
        network._trained = block
        return network

    def _placed(self, module: Placed) -> Placed:
        import torch

        # Channels last is the layout that the convolution kernels compute in.
        module.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return module

    def _run(self, function: Callable[[Tensor], Tensor], crops: Float32Array) -> Float32Array:
        import torch

        with exact_float32(self.threads), torch.inference_mode():
            batch = torch.from_numpy(crops).to(self.device, memory_format=torch.channels_last)
            return np.asarray(function(batch).cpu().contiguous().numpy(), dtype=np.float32)
