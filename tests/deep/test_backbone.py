"""The ResNets against torchvision's own graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trephine.deep.backbone import ResNet, folded, initialise, pool
from trephine.deep.network import ResidualNetwork
from trephine.deep.settings import RESNETS, DeepSettings
from trephine.deep.weights import WeightsRecord, build_resnet


def open_reference(entry, state_of) -> ResidualNetwork:
    state = state_of(entry["backbone"], entry["weights_seed"])
    record = WeightsRecord(entry["backbone"], "file", "recipe", "0" * 64)
    return ResidualNetwork(DeepSettings(backbone=entry["backbone"], device="cpu"), state, record)


@pytest.fixture(params=RESNETS)
def entry(request, torchvision_reference):
    """One network of the frozen reference."""
    found = [e for e in torchvision_reference["networks"] if e["backbone"] == request.param]
    assert len(found) == 1
    return found[0]


def test_float32_features_are_torchvisions(entry, state_of, crops_of, torchvision_reference):
    crops = crops_of(entry["crops"], torchvision_reference["crop_seed"])
    found = open_reference(entry, state_of).features(crops)[:, entry["columns"]]
    np.testing.assert_allclose(found, entry["features"], rtol=1e-6, atol=1e-6)


def test_the_graph_is_torchvisions_to_the_last_digits_of_float64(
    entry, state_of, crops_of, torchvision_reference
):
    crops = crops_of(entry["crops"], torchvision_reference["crop_seed"])[:4]
    module = open_reference(entry, state_of).module.double()
    with torch.inference_mode():
        found = module(torch.from_numpy(crops).double()).numpy()[:, entry["columns"]]
    np.testing.assert_allclose(found, np.array(entry["features"])[:4], rtol=0, atol=1e-10)


def test_folding_batch_norm_brings_the_features_nearer_to_exact(state_of, crops_of):
    network = build_resnet("resnet18", state_of("resnet18", 5))
    crops = torch.from_numpy(crops_of(4, 1))
    with torch.inference_mode():
        plain, fast = network(crops).double(), folded(network)(crops).double()
        exact = network.double()(crops.double())
    error = (fast - exact).abs()
    assert float(error.max()) < 2e-6
    assert float(error.mean()) < 1.2 * float((plain - exact).abs().mean())


def test_names_are_as_many_as_torchvisions(entry):
    assert len(ResNet(entry["backbone"]).state_dict()) == entry["keys"]


def test_the_average_pool_is_the_mean_of_the_maps(state_of, crops_of):
    settings = DeepSettings(device="cpu")
    network = ResidualNetwork(
        settings, state_of("resnet18", 5), WeightsRecord("resnet18", "file", "recipe", "0" * 64)
    )
    crops = crops_of(2, 1)
    maps = network.maps(crops)
    assert maps.shape == (2, 512, 7, 7)
    np.testing.assert_allclose(network.features(crops), maps.mean(axis=(2, 3)), atol=1e-6)


def test_the_trunk_and_the_last_block_make_the_features(state_of, crops_of):
    network = ResidualNetwork(
        DeepSettings(device="cpu"),
        state_of("resnet18", 5),
        WeightsRecord("resnet18", "file", "recipe", "0" * 64),
    )
    crops = crops_of(2, 1)
    trunk = torch.from_numpy(network.trunk(crops))
    with torch.inference_mode():
        found = pool(network.module.last_block(trunk)).numpy()
    np.testing.assert_allclose(found, network.features(crops), atol=1e-6)


def test_a_seed_gives_the_same_weights_whatever_was_drawn_before():
    drawn = []
    for before in (0, 1):
        torch.manual_seed(before)
        network = ResNet("resnet18", classes=None)
        initialise(network, seed=9)
        drawn.append(network.state_dict())
    assert all(torch.equal(drawn[0][key], drawn[1][key]) for key in drawn[0])
