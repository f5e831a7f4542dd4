"""Networks in files: what they compute, where they are read, what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from trephine.deep.checkpoint import read_network_file
from trephine.deep.embed import Embedder
from trephine.deep.external import ExternalNetwork, in_fixed_batches, one_vector_a_case
from trephine.deep.settings import DeepSettings
from trephine.deep.torch_file import ExportedReader, ScriptReader
from trephine.deep.weights import WeightsRecord
from trephine.errors import InputError

onnxruntime = pytest.importorskip("onnxruntime")

SIZE = 32


class Body(nn.Module):
    """Convolution, batch norm, relu: nested one level down."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        return self.pool(self.stage(x))


class SmallNet(nn.Module):
    """A classifier whose pool is what we want."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Body()
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        return self.fc(torch.flatten(self.body(x), 1))


def settings_for(path, **more) -> DeepSettings:
    stated = {"input_size": SIZE, "mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2), "threads": 1}
    return DeepSettings(backbone=str(path), device="cpu", **(stated | more))


def opened(path, **more) -> ExternalNetwork:
    """A torch file in this process, as the confined one opens it: starting that takes seconds."""
    settings = settings_for(path, **more)
    file = read_network_file(path, settings.sha256)
    reader = (ExportedReader if path.suffix == ".pt2" else ScriptReader)(settings, file)
    record = WeightsRecord(file.name, "file", file.name, file.sha256)
    channels = len(settings.normalisation[0])
    return ExternalNetwork(reader, record, (channels, SIZE, SIZE))


@pytest.fixture(scope="module")
def net() -> SmallNet:
    """A small network with weights by seed."""
    network = SmallNet()
    generator = torch.Generator().manual_seed(4)
    for parameter in network.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5, generator=generator)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def batch() -> np.ndarray:
    """Five crops."""
    return np.random.default_rng(1).normal(size=(5, 3, SIZE, SIZE)).astype(np.float32)


@pytest.fixture(
    scope="module", params=["exported", "exported, one batch size", "traced", "scripted"]
)
def saved(request, net, tmp_path_factory):
    """The network as each kind of torch file."""
    folder = tmp_path_factory.mktemp("nets")
    example = torch.zeros(2, 3, SIZE, SIZE)
    if request.param.startswith("exported"):
        free = None if "one" in request.param else {"x": {0: torch.export.Dim.DYNAMIC}}
        path = folder / "net.pt2"
        torch.export.save(torch.export.export(net, (example,), dynamic_shapes=free), path)
        return path
    path = folder / "net.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = (
            torch.jit.trace(net, example) if request.param == "traced" else torch.jit.script(net)
        )
        script.save(str(path))
    return path


def test_a_torch_file_gives_its_output(saved, net, batch):
    network = opened(saved)
    expected = net(torch.from_numpy(batch)).numpy()
    np.testing.assert_allclose(network.features(batch), expected, atol=1e-5)
    assert network.dimension == 5


def test_a_torch_file_is_read_at_an_inner_layer(saved, net, batch):
    network = opened(saved, layer="body.pool")
    expected = net.body(torch.from_numpy(batch)).flatten(1).numpy()
    np.testing.assert_allclose(network.features(batch), expected, atol=1e-5)
    assert network.dimension == 8


def test_a_layer_with_maps_is_refused(saved):
    with pytest.raises(InputError, match=r"expected one vector a case, \(3, d\), found \(3, 8, 15"):
        opened(saved, layer="body.stage")


def test_an_unknown_layer_is_refused_and_the_known_ones_named(saved):
    with pytest.raises(InputError, match=r"body\.pool"):
        opened(saved, layer="avgpool")


def test_the_hash_of_a_network_file_is_recorded_and_can_be_pinned(saved):
    record = opened(saved).record
    assert len(record.sha256) == 64
    with pytest.raises(InputError, match="wrong sha256"):
        opened(saved, sha256="0" * 64)


def test_a_truncated_torch_file_is_refused(saved, tmp_path):
    path = tmp_path / saved.name
    path.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(InputError, match="is damaged or no"):
        opened(path)


def test_a_state_dict_in_place_of_a_network_is_refused(tmp_path, net):
    torch.save(net.state_dict(), tmp_path / "net.pt")
    with pytest.raises(InputError, match=r"a state dict goes into deep\.weights"):
        opened(tmp_path / "net.pt")


def test_a_network_left_in_training_mode_is_refused(tmp_path):
    network = SmallNet().train()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            network,
            (torch.zeros(4, 3, SIZE, SIZE),),
            dynamic_shapes={"x": {0: torch.export.Dim.DYNAMIC}},
        )
        torch.export.save(program, tmp_path / "net.pt2")
    with pytest.raises(InputError, match="evaluation mode"):
        opened(tmp_path / "net.pt2")


def test_a_network_of_one_channel_gets_one(tmp_path):
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    torch.export.save(
        torch.export.export(network, (torch.zeros(1, 1, SIZE, SIZE),)), tmp_path / "net.pt2"
    )
    network_of_one = opened(tmp_path / "net.pt2", mean=(0.5,), std=(0.25,))
    settings = settings_for(tmp_path / "net.pt2", mean=(0.5,), std=(0.25,))
    embedder = Embedder(settings, network_of_one)
    pixels = np.random.default_rng(1).random((3, SIZE, SIZE))
    taken = embedder.normalise(pixels)
    np.testing.assert_allclose(taken, (pixels[1:2] - 0.5) / 0.25, rtol=1e-6)
    assert embedder.network.features(taken[None]).shape == (1, 4)
    with pytest.raises(InputError, match="check input_size, mean and std"):
        opened(tmp_path / "net.pt2")


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes | str | int) -> bytes:
    """One protobuf field, as in onnx.proto."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    raw = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def value_info(name: str, shape: list[int | str]) -> bytes:
    axes = b"".join(field(1, field(1, n) if isinstance(n, int) else field(2, n)) for n in shape)
    tensor = field(1, 1) + field(2, axes)  # elem_type FLOAT, shape
    return field(1, name) + field(2, field(1, tensor))


def write_onnx(path, batch: int | str = "n", outputs=(("flat", 2),)) -> None:
    """relu -> global average pool -> flatten, as an ONNX file written by hand."""
    steps = [
        ("Relu", "x", "relu"),
        ("GlobalAveragePool", "relu", "pooled"),
        ("Flatten", "pooled", "flat"),
    ]
    nodes = b"".join(
        field(1, field(1, source) + field(2, target) + field(4, kind))
        for kind, source, target in steps
    )
    graph = nodes + field(2, "net") + field(11, value_info("x", [batch, 3, "h", "w"]))
    for name, rank in outputs:
        graph += field(12, value_info(name, [batch, *(f"{name}{i}" for i in range(1, rank))]))
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(2, 17)))


def test_an_onnx_file_gives_its_output(tmp_path, batch):
    write_onnx(tmp_path / "net.onnx")
    embedder = Embedder(settings_for(tmp_path / "net.onnx"))
    expected = np.maximum(batch, 0).mean(axis=(2, 3))
    np.testing.assert_allclose(embedder.network.features(batch), expected, atol=1e-6)
    assert embedder.record.runtime == f"onnxruntime {onnxruntime.__version__}"
    assert embedder.feature_names == ("deep_000", "deep_001", "deep_002")


@pytest.mark.parametrize("size", [1, 2, 4])
def test_an_onnx_file_of_one_batch_size_takes_any_number(tmp_path, batch, size):
    write_onnx(tmp_path / "net.onnx", batch=size)
    found = Embedder(settings_for(tmp_path / "net.onnx")).network.features(batch)
    np.testing.assert_allclose(found, np.maximum(batch, 0).mean(axis=(2, 3)), atol=1e-6)


def test_an_onnx_file_is_read_at_an_inner_value(tmp_path, batch):
    write_onnx(tmp_path / "net.onnx")
    found = Embedder(settings_for(tmp_path / "net.onnx", layer="pooled")).network.features(batch)
    np.testing.assert_allclose(found, np.maximum(batch, 0).mean(axis=(2, 3)), atol=1e-6)
    with pytest.raises(InputError, match="expected one vector a case"):
        Embedder(settings_for(tmp_path / "net.onnx", layer="relu"))
    with pytest.raises(InputError, match="cannot be read at this layer"):
        Embedder(settings_for(tmp_path / "net.onnx", layer="absent"))


def test_an_onnx_file_of_several_outputs_needs_a_layer(tmp_path, batch):
    write_onnx(tmp_path / "net.onnx", outputs=(("flat", 2), ("relu", 4)))
    with pytest.raises(InputError, match="has the outputs flat, relu"):
        Embedder(settings_for(tmp_path / "net.onnx"))
    assert Embedder(settings_for(tmp_path / "net.onnx", layer="flat")).dimension == 3


def test_a_damaged_onnx_file_is_refused(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08not a network")
    with pytest.raises(InputError, match=r"net\.onnx is damaged or not an ONNX network"):
        Embedder(settings_for(tmp_path / "net.onnx"))


def test_an_onnx_network_without_cuda_says_so(tmp_path):
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("CUDA is here")
    write_onnx(tmp_path / "net.onnx")
    settings = settings_for(tmp_path / "net.onnx").model_copy(update={"device": "cuda"})
    with pytest.raises(InputError, match="'cuda' to be usable"):
        Embedder(settings)


@pytest.mark.parametrize("shape", [(3,), (2, 5), (3, 5, 2), (3, 5, 7, 7), ()])
def test_anything_but_one_vector_a_case_is_refused(shape):
    with pytest.raises(InputError, match="expected one vector a case"):
        one_vector_a_case(np.zeros(shape, dtype=np.float32), 3)


def test_filling_up_a_batch_changes_no_case():
    seen = []

    def run(crops):
        seen.append(len(crops))
        return crops[:, :2, 0, 0]

    crops = np.random.default_rng(0).random((5, 3, 2, 2)).astype(np.float32)
    np.testing.assert_array_equal(in_fixed_batches(run, 3)(crops), crops[:, :2, 0, 0])
    assert seen == [3, 3]
