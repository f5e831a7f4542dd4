"""Weights and crops by seed and recipe, shared with reference/deep/make_torchvision_resnet.py."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trephine.deep.settings import DeepSettings
from trephine.types import BoolArray, Geometry, Image

REFERENCE = Path(__file__).parents[1] / "reference" / "deep" / "torchvision_resnet.json"


def recipe_state(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    """Every tensor from its own stream, whatever the order; batch-norm statistics are random."""
    ranges = {"running_mean": (-0.2, 0.2), "running_var": (0.5, 2.0), "bias": (-0.2, 0.2)}
    state: dict[str, torch.Tensor] = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(7)
            continue
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        if len(shape) > 1:  # a convolution or the classifier: He's bound
            bound = np.sqrt(6.0 / np.prod(shape[1:]))
            low, high = -bound, bound
        else:
            low, high = ranges.get(name.rsplit(".", 1)[1], (0.3, 0.9))
        values = low + (high - low) * rng.random(shape)
        state[name] = torch.from_numpy(values.astype(np.float32))
    return state


def recipe_crops(n: int, seed: int, size: int = 224) -> np.ndarray:
    """Uniform noise in about the range of normalised crops, (n, 3, size, size)."""
    rng = np.random.default_rng([seed, n])
    return (4.0 * rng.random((n, 3, size, size), dtype=np.float32) - 2.0).astype(np.float32)


@pytest.fixture(scope="session")
def state_of() -> Callable[[str, int], dict[str, torch.Tensor]]:
    """State dict by the recipe, with torchvision's names."""
    from trephine.deep.backbone import ResNet

    def make(name: str, seed: int, classes: int | None = 1000) -> dict[str, torch.Tensor]:
        shapes = {k: tuple(v.shape) for k, v in ResNet(name, classes).state_dict().items()}
        return recipe_state(shapes, seed)

    return make


@pytest.fixture(scope="session")
def crops_of() -> Callable[[int, int], np.ndarray]:
    """Crops by the recipe: number, seed."""
    return recipe_crops


@pytest.fixture(scope="session")
def torchvision_reference() -> dict[str, Any]:
    """What torchvision computes from the recipe."""
    return json.loads(REFERENCE.read_text())


@pytest.fixture
def weights_file(tmp_path: Path, state_of) -> Path:
    """A .pth of ResNet18 by the recipe."""
    path = tmp_path / "hips.pth"
    torch.save(state_of("resnet18", 1), path)
    return path


@pytest.fixture
def small_settings() -> DeepSettings:
    """Small enough to run in milliseconds: 64 pixels give maps of 2 x 2 cells."""
    return DeepSettings(weights="random:3", input_size=64, threads=1, device="cpu")


def make_hip(seed: int, shape: tuple[int, int] = (90, 100)) -> tuple[Image, BoolArray]:
    """A noisy radiograph with one elliptic region on it."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    centre = rng.uniform(0.4, 0.6, 2) * shape
    radii = rng.uniform(12.0, 20.0, 2)
    region = ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 < 1
    pixels = rng.normal(1000.0, 100.0, shape) + 300.0 * region + 4.0 * columns
    return Image(pixels, Geometry.plain((0.2, 0.2))), region


@pytest.fixture(scope="session")
def hip() -> Callable[[int], tuple[Image, BoolArray]]:
    """One simulated hip by seed."""
    return make_hip
