"""What is a label map, and what only looks like one."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from scipy import ndimage

from trephine.errors import ImageError
from trephine.imaging import label_maps, read_mask
from trephine.imaging.label_maps import as_labels, check_label_map, picture_labels
from trephine.types import Geometry, Mask


def disc(side: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side]
    return (rows - side / 2) ** 2 + (columns - side / 2) ** 2 <= radius**2


def smooth(side: int = 48, method: int = Pillow.Resampling.LANCZOS) -> np.ndarray:
    """A white disc that was drawn large and saved smaller, with smooth edges."""
    large = Pillow.fromarray((disc(4 * side, side) * 255).astype(np.uint8))
    return np.asarray(large.resize((side, side), method))


@pytest.mark.parametrize("name", ["mask.png", "mask.tif", "mask.nii.gz", "mask.nrrd", "mask.mha"])
@pytest.mark.parametrize("method", [Pillow.Resampling.LANCZOS, Pillow.Resampling.BILINEAR])
def test_a_mask_with_smooth_edges_is_refused_with_its_greys(
    tmp_path: Path, name: str, method: int
) -> None:
    grey = smooth(method=method)
    if name.endswith((".png", ".tif")):
        Pillow.fromarray(grey).save(tmp_path / name)
    else:
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(grey), str(tmp_path / name))
    with pytest.raises(ImageError, match=rf"{name}: expected a mask of few labels, found \d+ grey"):
        read_mask(tmp_path / name)


def test_interpolated_labels_of_a_picture_are_refused(tmp_path: Path) -> None:
    small = (disc(40, 12) * 2).astype(np.uint8)
    large = Pillow.fromarray(small).resize((80, 80), Pillow.Resampling.BILINEAR)
    assert set(np.unique(np.asarray(large))) == {0, 1, 2}
    large.save(tmp_path / "mask.png")
    with pytest.raises(ImageError, match=r"of which 1 form no region \(such as 1\)"):
        read_mask(tmp_path / "mask.png")


def test_a_jpeg_mask_is_refused_as_a_mask(tmp_path: Path) -> None:
    Pillow.fromarray((disc(40, 12) * 255).astype(np.uint8)).save(tmp_path / "mask.jpg")
    with pytest.raises(ImageError, match="a JPEG picture, whose compression blurs the edges"):
        read_mask(tmp_path / "mask.jpg")


@given(st.integers(1, 255))
def test_a_picture_of_two_values_is_one_region(value: int) -> None:
    labels, _, white = picture_labels(disc(20, 6) * value, "mask.png")
    label = value if value <= 32 else 1
    assert np.array_equal(labels, disc(20, 6) * label)
    assert white == (None if value <= 32 else value)


def test_white_can_be_asked_for_by_its_value(tmp_path: Path) -> None:
    Pillow.fromarray((disc(40, 12) * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png")
    assert np.array_equal(mask.region(255), mask.region(1))


def test_label_255_of_a_nifti_stays_255(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray((disc(40, 12) * 255).astype(np.uint8))
    SimpleITK.WriteImage(image, str(tmp_path / "mask.nii"))
    assert np.array_equal(read_mask(tmp_path / "mask.nii").region(255), disc(40, 12))


def test_a_picture_without_a_background_is_refused() -> None:
    with pytest.raises(ImageError, match="expected 0 outside the regions, found values 1, 2"):
        picture_labels(1 + disc(20, 6).astype(int), "mask.png")


def test_an_atlas_of_many_regions_is_a_label_map() -> None:
    atlas = np.kron(np.arange(64).reshape(8, 8), np.ones((5, 5), int))
    check_label_map(atlas.astype(np.int32), "atlas.nii")
    with pytest.raises(ImageError, match="found 64 grey values"):
        picture_labels(atlas, "atlas.png")


def test_five_thousand_labels_beyond_sixteen_bits_are_a_label_map_and_named_in_a_line() -> None:
    numbers = 100 * np.arange(1, 5042)
    atlas = np.kron(numbers.reshape(71, 71), np.ones((3, 3), int)).astype(np.int32)
    check_label_map(atlas, "atlas.nii")
    mask = Mask(atlas, Geometry.plain((1.0, 1.0)))
    with pytest.raises(ImageError, match=r"found labels .*1900, 2000. and 5021 more$") as caught:
        mask.region(3)
    assert len(str(caught.value)) < 200


def test_reading_labels_takes_little_memory_beside_the_labels() -> None:
    stored = np.zeros((2000, 1000), np.uint8)
    tracemalloc.start()
    labels = as_labels(stored, "mask.nii")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.25 * labels.nbytes


@given(
    st.lists(
        st.sampled_from([0.0, 1.0, 2.0005, 2.002, -1.0, 0.4, 2.0**31, 2.0**31 - 1, 255.0]),
        min_size=4,
        max_size=4,
    )
)
def test_whatever_row_it_stands_in_a_value_that_is_no_label_is_named(values: list[float]) -> None:
    array = np.array(values).reshape(2, 2)
    wrong = {2.002, -1.0, 0.4, 2.0**31} & set(values)
    if not wrong:
        assert as_labels(array, "m.nii").tolist() == np.rint(array).astype(int).tolist()
        return
    with pytest.raises(ImageError, match="expected labels 0, 1, 2") as caught:
        as_labels(array, "m.nii")
    assert f"found {len(set(values))} values" in str(caught.value)
    for value in wrong:
        assert f"{value:.6g}" in str(caught.value)


def test_few_small_labels_of_a_volume_are_taken_at_their_word() -> None:
    shell = disc(30, 10).astype(np.int32) + disc(30, 9)
    check_label_map(shell, "shell.nii")


@pytest.mark.parametrize(("kind", "slope"), [(np.uint8, 1 / 255), (np.int16, 1 / 32767)])
def test_labels_that_a_header_scales_are_read_as_itk_reads_them(
    tmp_path: Path, kind: type, slope: float
) -> None:
    path = tmp_path / "mask.nii"
    stored = (disc(32, 8) * np.iinfo(kind).max).astype(kind)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stored), str(path))
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([slope, 0], "<f4").tobytes()
    path.write_bytes(content)
    assert np.array_equal(read_mask(path).region(1), disc(32, 8))
    assert SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).max() == pytest.approx(1)


def test_labels_within_a_thousandth_of_a_whole_number_are_rounded(tmp_path: Path) -> None:
    for factor, fine in ((0.9999, True), (0.99, False)):
        path = tmp_path / f"{factor}.nrrd"
        values = disc(32, 8).astype(np.float32) * np.float32(factor)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path))
        if fine:
            assert np.array_equal(read_mask(path).labels, disc(32, 8))
        else:
            with pytest.raises(ImageError, match="must not be interpolated or scaled"):
                read_mask(path)


def one_by_one(labels: np.ndarray) -> list[int]:
    """The labels that look like no region, by the definition, one after the other."""
    thin = []
    for label in np.unique(labels[labels > 0]):
        region = np.pad(labels == label, [(0, 0)] * (labels.ndim - 2) + [(3, 3), (3, 3)])
        side = 2 if region.sum() <= 16 else 3
        block = np.ones((1,) * (labels.ndim - 2) + (side, side), dtype=bool)
        if ndimage.binary_opening(region, block).sum() * 2 < region.sum():
            thin.append(int(label))
    return thin


@given(st.integers(0, 10_000), st.integers(2, 3), st.sampled_from([1, 20, 1 << 20]))
@settings(max_examples=60, deadline=None)
def test_labels_are_looked_at_together_as_one_by_one(seed: int, axes: int, strip: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 4, size=rng.integers(1, 8, size=axes))
    labels = np.repeat(np.repeat(coarse, rng.integers(1, 5), -1), rng.integers(1, 5), -2) * 1000
    present = np.unique(labels[labels > 0])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(label_maps, "_STRIP_PIXELS", strip)
        found = label_maps._unlike_regions(labels.astype(np.int32), present)
    assert found == one_by_one(labels)


def test_an_image_in_a_masks_place_is_refused_however_many_values_it_has() -> None:
    grey = np.random.default_rng(1).permutation(1 << 16).reshape(256, 256).astype(np.int32)
    with pytest.raises(ImageError, match=r"found 65536 grey values.*65535 form no region"):
        check_label_map(grey, "image.nii")  # an hour, when each value was looked at by itself
