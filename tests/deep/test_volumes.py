"""Networks of three dimensions: what they are shown, in which order of axes, what is refused."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from deep.test_external import field, value_info
from deep.test_planes import volume
from trephine.deep.checkpoint import read_network_file
from trephine.deep.crop import Framing
from trephine.deep.cube import region_cube
from trephine.deep.embed import Embedder
from trephine.deep.settings import DeepSettings
from trephine.deep.torch_file import ExportedReader
from trephine.errors import ImageError, InputError
from trephine.study.gather.methods import network_crop
from trephine.types import Geometry, Image

DEPTH, SIZE = 8, 32
STATED = {
    "slices": "volume", "input_depth": DEPTH, "input_size": SIZE, "mean": (0.0,), "std": (1.0,),
    "device": "cpu", "threads": 1,
}  # fmt: skip


def write_pool(path, axes: int = 3, flipped: bool = False) -> None:
    """Write relu -> average over all voxels -> flatten, as an ONNX file by hand."""
    lengths = [SIZE, SIZE, DEPTH] if flipped else [DEPTH, SIZE, SIZE]
    steps = [("Relu", "x", "r"), ("GlobalAveragePool", "r", "p"), ("Flatten", "p", "flat")]
    nodes = b"".join(
        field(1, field(1, source) + field(2, target) + field(4, kind))
        for kind, source, target in steps
    )
    shape = ["n", 1, *lengths[:axes]]
    graph = nodes + field(2, "net") + field(11, value_info("x", shape))
    graph += field(12, value_info("flat", ["n", "d"]))
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(2, 17)))


def test_a_cube_in_millimetres_about_the_region_is_shown() -> None:
    pixels = np.random.default_rng(2).uniform(0, 100, (12, 30, 40))
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    image = Image(pixels, Geometry((2.0, 1.0, 1.0), (0.0, 0.0, 0.0), identity))
    region = np.zeros(pixels.shape, bool)
    region[4:6, 10:18, 20:24] = True  # 4 x 8 x 4 mm, of which 8 mm are shown along each axis
    cube = region_cube(image, region, Framing(0.0, 8), 4, "zyx")
    shown = pixels[3:7, 10:18, 18:26]
    low, high = np.percentile(shown, (1, 99))
    np.testing.assert_allclose(cube, np.clip((shown - low) / (high - low), 0, 1), atol=1e-12)
    region = np.zeros(pixels.shape, bool)
    region[0:2, 0:8, 36:40] = True  # at the border, which is repeated
    cube = region_cube(image, region, Framing(0.0, 8), 4, "zyx")
    np.testing.assert_array_equal(cube[0], cube[1])
    np.testing.assert_array_equal(cube[:, :, -1], cube[:, :, -2])


def test_the_axes_are_turned_as_stated() -> None:
    image, region = volume()
    zyx = region_cube(image, region, Framing(size=SIZE), DEPTH, "zyx")
    xyz = region_cube(image, region, Framing(size=SIZE), DEPTH, "xyz")
    np.testing.assert_array_equal(xyz, zyx.transpose(2, 1, 0))


def test_a_left_side_is_the_right_one_that_it_mirrors() -> None:
    image, region = volume()
    mirrored = Image(image.pixels[:, :, ::-1], image.geometry)
    right = region_cube(image, region, Framing(size=SIZE), DEPTH, "zyx", "R")
    left = region_cube(mirrored, region[:, :, ::-1], Framing(size=SIZE), DEPTH, "zyx", "L")
    np.testing.assert_array_equal(left, right)


def test_a_volume_that_is_alike_everywhere_but_along_one_axis_stays_so() -> None:
    image, region = volume()
    for axis, spread in ((0, (1, 2)), (1, (0, 2)), (2, (0, 1))):
        slope = np.indices(image.pixels.shape)[axis].astype(float)
        cube = region_cube(Image(slope, image.geometry), region, Framing(size=SIZE), DEPTH, "zyx")
        assert np.ptp(cube, axis=spread).max() < 1e-9
        assert (np.diff(cube.mean(axis=spread)) >= -1e-12).all()


@pytest.mark.parametrize("axes", ["zyx", "xyz"])
def test_an_onnx_network_reads_the_volume(tmp_path, axes: str) -> None:
    pytest.importorskip("onnxruntime")
    image, region = volume()
    write_pool(tmp_path / "net.onnx", flipped=axes == "xyz")
    settings = DeepSettings(backbone=str(tmp_path / "net.onnx"), axes=axes, **STATED)
    found = Embedder(settings).extract([image, image], [region, region], ["R", "L"])
    expected = [
        [region_cube(image, region, Framing(0.1, SIZE), DEPTH, "zyx", side).mean()]
        for side in ("R", "L")
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_exported_program_reads_the_volume(tmp_path) -> None:
    class Pool(torch.nn.Module):
        def forward(self, x):
            return torch.cat([x.mean(dim=(2, 3, 4)), x.amax(dim=(2, 3, 4))], dim=1)

    path = tmp_path / "net.pt2"
    free = {"x": {0: torch.export.Dim.DYNAMIC}}
    example = torch.zeros(2, 1, DEPTH, SIZE, SIZE)
    torch.export.save(torch.export.export(Pool(), (example,), dynamic_shapes=free), path)
    trust = hashlib.sha256(path.read_bytes()).hexdigest()
    settings = DeepSettings(backbone=str(path), trust=trust, **STATED)
    assert settings.input_shape == (1, DEPTH, SIZE, SIZE)
    reader = ExportedReader(settings, read_network_file(path, None))
    batch = np.random.default_rng(1).normal(size=(3, *settings.input_shape)).astype(np.float32)
    np.testing.assert_allclose(
        reader(batch), np.c_[batch.mean(axis=(1, 2, 3, 4)), batch.max(axis=(1, 2, 3, 4))], atol=1e-6
    )
    flat = DeepSettings(backbone=str(path), input_size=SIZE, mean=(0.0,), std=(1.0,))
    with pytest.raises(InputError, match="the first with 5 axes"):
        ExportedReader(flat, read_network_file(path, None))


def test_a_network_of_two_dimensions_does_not_read_volumes(tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    write_pool(tmp_path / "net.onnx", axes=2)
    with pytest.raises(InputError, match="and the three of the volume"):
        Embedder(DeepSettings(backbone=str(tmp_path / "net.onnx"), **STATED))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"input_depth": None}, "a network file, its input_depth"),
        ({"mean": (0.1, 0.2, 0.3), "std": (1.0, 1.0, 1.0)}, "mean and std of one channel"),
        ({"augment": "flips"}, 'augment: expected "none"'),
        ({"slices": "all"}, 'input_depth: expected slices = "volume"'),
        ({"slices": "largest", "input_depth": None, "axes": "xyz"}, 'axes: expected slices = "vol'),
    ],
)
def test_what_does_not_go_together_is_refused(changed: dict, told: str) -> None:
    with pytest.raises((ValidationError, InputError), match=told):
        DeepSettings(backbone="net.onnx", **{**STATED, **changed})


def test_a_picture_is_no_volume() -> None:
    flat = Image(np.random.default_rng(1).uniform(size=(20, 20)), Geometry.plain((0.5, 0.5)))
    with pytest.raises(ImageError, match="expected a volume and its region"):
        region_cube(flat, np.ones((20, 20), bool), Framing(size=SIZE), DEPTH, "zyx")


@pytest.mark.parametrize(
    ("axes", "order"), [("zyx", "slices, rows, columns"), ("xyz", "columns, rows, slices")]
)
def test_the_methods_section_names_the_depth_and_the_axes_of_the_cube(axes, order) -> None:
    words = network_crop(DeepSettings(backbone="net.onnx", **{**STATED, "axes": axes}))
    assert f"{DEPTH} slices of {SIZE} x {SIZE}" in words
    assert f"axes: {order}" in words
