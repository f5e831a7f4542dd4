"""Freeze torchvision's features: python make_torchvision_resnet.py TORCHVISION/models/resnet.py.

torchvision's package does not import beside a CPU-only torch of another version (its compiled
operators do not load), but its residual networks are plain torch: their source file is executed
here with stand-ins for the download helpers that it imports. The features are computed in
float64, so that they do not depend on a machine's kernels, and rounded to 12 digits.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import torch

HERE = Path(__file__).parent
CASES = (("resnet18", 11, 32), ("resnet34", 12, 4), ("resnet50", 13, 4))
CROP_SEED = 2025


def load(path: Path, name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def torchvision_resnets(source: Path) -> types.ModuleType:
    for package in ("torchvision", "torchvision.models", "torchvision.transforms"):
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = []
    for module, names in {
        "torchvision.transforms._presets": ("ImageClassification",),
        "torchvision.utils": ("_log_api_usage_once",),
        "torchvision.models._api": ("Weights",),
        "torchvision.models._meta": ("_IMAGENET_CATEGORIES",),
        "torchvision.models._utils": ("_ovewrite_named_param",),
    }.items():
        stub = sys.modules[module] = types.ModuleType(module)
        for name in names:
            setattr(stub, name, MagicMock())
    api = sys.modules["torchvision.models._api"]
    api.WeightsEnum = type("WeightsEnum", (), {"verify": staticmethod(lambda weights: weights)})
    api.register_model = lambda *a, **k: lambda function: function
    utils = sys.modules["torchvision.models._utils"]
    utils.handle_legacy_interface = lambda *a, **k: lambda function: function
    return load(source, "torchvision.models.resnet")


def features_of(network: torch.nn.Module, crops: np.ndarray) -> np.ndarray:
    """The output of torchvision's own avgpool, read with a hook."""
    seen: list[torch.Tensor] = []
    network.avgpool.register_forward_hook(lambda module, args, out: seen.append(out.flatten(1)))
    with torch.inference_mode():
        for crop in crops:
            network(torch.from_numpy(crop[None]).double())
    return torch.cat(seen).numpy()


def main() -> None:
    recipe = load(HERE.parents[1] / "deep" / "conftest.py", "recipe")
    resnets = torchvision_resnets(Path(sys.argv[1]))
    networks = []
    for name, seed, n in CASES:
        network = getattr(resnets, name)(weights=None)
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        network.load_state_dict(recipe.recipe_state(shapes, seed), strict=True)
        features = features_of(network.double().eval(), recipe.recipe_crops(n, CROP_SEED))
        columns = np.linspace(0, features.shape[1] - 1, 8).astype(int)
        networks.append(
            {
                "backbone": name,
                "weights_seed": seed,
                "crops": n,
                "keys": len(shapes),
                "columns": columns.tolist(),
                "features": [[float(f"{v:.12g}") for v in row[columns]] for row in features],
            }
        )
    reference = {
        "source": f"torchvision {sys.argv[2]}, torch {torch.__version__}, float64",
        "crop_seed": CROP_SEED,
        "networks": networks,
    }
    (HERE / "torchvision_resnet.json").write_text(json.dumps(reference, indent=1) + "\n")


main()
