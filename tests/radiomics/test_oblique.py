"""An oblique MR: resampling against SimpleITK at every point in space, and masks moved in space."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from trephine.imaging import fit_mask
from trephine.imaging.itk import itk_image
from trephine.radiomics.extract import extract_radiomics
from trephine.radiomics.resample import resample_pair
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import Geometry, Image, Mask

SHAPE = (9, 26, 30)
SPACING = (3.0, 0.9, 0.7)


def turned(a: float, b: float, c: float) -> np.ndarray:
    """Return the rotation about x, y and z in turn."""
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(x @ y @ z)


OBLIQUE = Geometry(SPACING, (12.5, -40.0, 7.25), tuple(turned(0.35, -0.2, 0.15).ravel()))


def made() -> tuple[Image, Mask]:
    """Return smooth grey values with noise, and a ball on them."""
    z, y, x = np.indices(SHAPE).astype(float)
    grey = 300 + 80 * np.sin(x / 4) * np.cos(y / 5) + 15 * z
    grey += np.random.default_rng(2).normal(0, 10, SHAPE)
    away = ((z - 4) * 3.0) ** 2 + ((y - 13) * 0.9) ** 2 + ((x - 15) * 0.7) ** 2
    return Image(grey, OBLIQUE), Mask((away < 49).astype(np.int32), OBLIQUE, {})


def points_of(geometry: Geometry, shape: tuple[int, ...]) -> np.ndarray:
    """Return where each voxel's centre lies, (voxels, 3), by the definition of a geometry."""
    index = np.indices(shape).reshape(3, -1).T[:, ::-1]  # x, y, z
    turn = np.reshape(geometry.direction, (3, 3))
    stepped = index * np.array(geometry.spacing_mm[::-1])
    return np.asarray(np.array(geometry.origin_mm) + stepped @ turn.T)


@pytest.mark.parametrize(
    ("interpolator", "itk"),
    [("sitkBSpline", SimpleITK.sitkBSpline), ("sitkLinear", SimpleITK.sitkLinear)],
)
def test_each_resampled_voxel_is_what_simpleitk_has_at_its_point_in_space(
    interpolator: str, itk: int
) -> None:
    image, mask = made()
    settings = RadiomicsSettings(
        resampledPixelSpacing=[1.0, 1.0, 1.0], interpolator=interpolator, padDistance=1
    )
    grey, _ = resample_pair(image, mask, settings, 1)
    assert grey.geometry.spacing_mm == pytest.approx((1.0, 1.0, 1.0))
    whole = itk_image(image.pixels, image.geometry)
    points = points_of(grey.geometry, grey.pixels.shape)
    some = np.random.default_rng(3).choice(len(points), 400, replace=False)
    found = grey.pixels.reshape(-1)
    checked = 0
    for at in some:
        inside = whole.TransformPhysicalPointToContinuousIndex(points[at].tolist())
        edges = [0 <= i <= n - 1 for i, n in zip(inside, whole.GetSize(), strict=True)]
        if all(edges):
            expected = whole.EvaluateAtPhysicalPoint(points[at].tolist(), itk)
            assert found[at] == pytest.approx(expected, rel=1e-6)
            checked += 1
    assert checked > 200


def test_a_mask_on_another_grid_is_moved_to_where_each_voxel_lies_in_space() -> None:
    image, mask = made()
    other = Geometry((2.0, 1.1, 1.1), (10.0, -42.0, 4.0), tuple(turned(0.1, 0.1, -0.3).ravel()))
    plain = Image(np.zeros((16, 24, 24)), other)
    found = fit_mask(plain, mask, "resample")
    turn = np.reshape(OBLIQUE.direction, (3, 3))
    index = (points_of(other, plain.pixels.shape) - np.array(OBLIQUE.origin_mm)) @ turn
    index = (index / np.array(SPACING[::-1]))[:, ::-1]
    near = np.rint(index).astype(int)
    inside = ((near >= 0) & (near < np.array(SHAPE))).all(axis=1)
    expected = np.zeros(len(near), np.int32)
    expected[inside] = mask.labels[tuple(near[inside].T)]
    # Halfway between two voxels either is the nearest.
    clear = (np.abs(np.abs(index - np.floor(index)) - 0.5) > 1e-6).all(axis=1)
    assert expected[clear].sum() > 200
    np.testing.assert_array_equal(found.labels.ravel()[clear], expected[clear])
    assert image.pixels.shape == mask.labels.shape


def test_a_turn_of_patient_and_scanner_together_changes_no_feature() -> None:
    image, mask = made()
    straight = Geometry(SPACING, (0.0, 0.0, 0.0), tuple(np.eye(3).ravel()))
    # At 1 mm some centres lie halfway between two of the mask's, and rounding says which is nearer.
    settings = RadiomicsSettings(resampledPixelSpacing=[0.97, 1.03, 1.01], binWidth=20.0)
    oblique = extract_radiomics(image, mask, settings)
    plain = extract_radiomics(
        Image(image.pixels, straight), Mask(mask.labels, straight, {}), settings
    )
    assert list(oblique.index) == list(plain.index)
    np.testing.assert_allclose(oblique.to_numpy(float), plain.to_numpy(float), rtol=1e-7, atol=1e-9)
