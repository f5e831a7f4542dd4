"""Headers at odds with themselves are placed where ITK places them."""

from __future__ import annotations

import struct
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation

from trephine.errors import ImageError
from trephine.imaging import read_image

SPACING = np.array([0.86, 0.7, 3.0])
TURN = Rotation.from_euler("xyz", [20, -10, 35], degrees=True)


def straight(scale: np.ndarray = SPACING) -> np.ndarray:
    return np.c_[np.diag([-1.0, -1.0, 1.0]) * scale, [50.0, 60.0, 100.0]]


def changed(row: int, column: int, by: float) -> np.ndarray:
    matrix = straight()
    matrix[row, column] += by
    return matrix


MATRICES = {
    "equal": straight(),
    "ones": straight(np.ones(3)),
    "doubled": straight(2 * SPACING),
    "sheared": changed(0, 1, 0.2),
    "a little sheared": changed(0, 1, 3e-5),
    "moved": changed(0, 3, -30.0),
    "moved a little": changed(0, 3, 5e-5),
    "turned": np.c_[TURN.as_matrix() * SPACING, [1.0, 2.0, 3.0]],
    "mirrored": np.c_[np.diag([1.0, -1.0, 1.0]) * SPACING, [1.0, 2.0, 3.0]],
    "zero": np.zeros((3, 4)),
    "no third axis": straight(SPACING * [1, 1, 0]),
}
PIXDIMS = {
    "plain": (1, *SPACING),
    "left-handed": (-1, *SPACING),
    "no handedness": (0, *SPACING),
    "negative": (1, 0.86, -0.7, 3.0),
    "without a third": (1, 0.86, 0.7, 0.0),
}


def placed(path: Path) -> tuple[np.ndarray, ...] | None:
    """Where ITK puts an image; None where it refuses."""
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        itk = SimpleITK.ReadImage(str(path))
    except RuntimeError:
        return None
    return tuple(map(np.array, (itk.GetSpacing(), itk.GetOrigin(), itk.GetDirection())))


@pytest.mark.parametrize("pixdim", PIXDIMS)
@pytest.mark.parametrize("matrix", MATRICES)
def test_a_header_is_placed_as_itk_places_it(tmp_path: Path, matrix: str, pixdim: str) -> None:
    path = tmp_path / "x.nii"
    image = SimpleITK.GetImageFromArray(np.zeros((4, 3, 5), np.int16))
    SimpleITK.WriteImage(image, str(path))
    header = bytearray(path.read_bytes())
    struct.pack_into("<4f", header, 76, *PIXDIMS[pixdim])
    struct.pack_into("<12f", header, 280, *MATRICES[matrix].ravel())
    quaternion = TURN.as_quat(canonical=True)[:3] if matrix == "turned" else (0.0, 0.0, 1.0)
    offset = (1.0, 2.0, 3.0) if matrix == "turned" else (50.0, 60.0, 100.0)
    struct.pack_into("<6f", header, 256, *quaternion, *offset)
    for qform, sform, unit in product((0, 1, 2), (0, 1, 4), (2, 1, 27)):
        if unit != 2 and (qform, sform) not in ((0, 0), (1, 1), (1, 0), (0, 4)):
            continue
        struct.pack_into("<2h", header, 252, qform, sform)
        header[123] = unit
        path.write_bytes(header)
        expected = placed(path)
        try:
            geometry = read_image(path).geometry
        except ImageError:
            assert expected is None, (qform, sform, unit)
            continue
        assert expected is not None, (qform, sform, unit)
        found = (geometry.spacing_mm[::-1], geometry.origin_mm, geometry.direction)
        for ours, itk in zip(found, expected, strict=True):
            assert ours == pytest.approx(itk, rel=1e-5, abs=2e-5), (qform, sform, unit)
