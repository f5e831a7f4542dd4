"""The last block and its head while they are trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trephine.deep.backbone import ResidualBlock, pool
from trephine.deep.cox_loss import cox_loss
from trephine.deep.settings import FineTuneSettings
from trephine.types import Float32Array, FloatArray, IntArray, Survival


class Trainable:
    """A network's last block with a linear head on its standardised features.

    Parameters
    ----------
    block
        Is trained in place.
    maps
        What enters the block, shape (n, views, channels, h, w).
    survival
        Of the n cases.
    settings
        How to train.
    """

    def __init__(
        self,
        block: ResidualBlock,
        maps: Float32Array,
        survival: Survival,
        settings: FineTuneSettings,
    ) -> None:
        # Batch norm stays in evaluation mode: a fold is too small to estimate its statistics.
        self.block = block.eval().requires_grad_(True)
        self.block.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.weights = torch.zeros(block.out_channels, requires_grad=True)
        self.mean = torch.zeros(block.out_channels)
        self.scale = torch.ones(block.out_channels)
        self.maps = maps
        self.event = survival.event
        self.chunk = settings.cases_per_step
        self._time = torch.from_numpy(survival.time.copy())
        self._event = torch.from_numpy(survival.event.copy())
        self._optimiser = torch.optim.AdamW(
            [
                {"params": list(self.block.parameters()), "lr": settings.learning_rate},
                {"params": [self.weights], "lr": settings.head_learning_rate},
            ],
            weight_decay=settings.weight_decay,
        )

    def standardise(self, cases: IntArray) -> None:
        """Fix the centre and scale of the features at what they are for ``cases`` now."""
        with torch.no_grad():
            features = torch.cat([self._features(part) for part in self._chunks(cases)])
        self.mean = features.mean(dim=0)
        scale = features.std(dim=0)
        # A feature that never varies (a dead channel) is left out by an infinite scale.
        self.scale = torch.where(scale > 1e-6, scale, torch.inf)

    def step(self, cases: IntArray) -> None:
        """Take one optimiser step on the partial likelihood among ``cases``."""
        self._optimiser.zero_grad()
        loss = self._loss(self._score(cases), cases)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()

    def loss(self, cases: IntArray) -> float:
        """Return the negative log partial likelihood per event among ``cases``."""
        with torch.no_grad():
            score = torch.cat([self._score(part) for part in self._chunks(cases)])
            return float(self._loss(score, cases))

    def remember(self) -> None:
        """Keep the present weights as the best."""
        block = {key: value.clone() for key, value in self.block.state_dict().items()}
        self._best = block, self.weights.detach().clone()

    def restore(self) -> None:
        """Go back to the best weights."""
        block, weights = self._best
        self.block.load_state_dict(block)
        with torch.no_grad():
            self.weights.copy_(weights)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the block's weights as arrays."""
        state = self.block.state_dict()
        return {name: value.contiguous().numpy().copy() for name, value in state.items()}

    def head(self) -> FloatArray:
        """Return the head's weights per unit of each feature."""
        weights = (self.weights.detach() / self.scale).numpy()
        return np.asarray(weights, dtype=np.float64)

    def _features(self, cases: IntArray) -> Tensor:
        part = self.maps[cases]
        entering = torch.from_numpy(part.reshape(-1, *part.shape[2:]))
        pooled = pool(self.block(entering.contiguous(memory_format=torch.channels_last)))
        return pooled.reshape(*part.shape[:2], -1).mean(dim=1)

    def _score(self, cases: IntArray) -> Tensor:
        return ((self._features(cases) - self.mean) / self.scale) @ self.weights

    def _loss(self, score: Tensor, cases: IntArray) -> Tensor:
        index = torch.from_numpy(cases)
        return cox_loss(score, self._time[index], self._event[index])

    def _chunks(self, cases: IntArray) -> list[IntArray]:
        return [cases[i : i + self.chunk] for i in range(0, cases.size, self.chunk)]
