"""Odd files that people have brought and that were read right: they stay right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from imaging.conftest import radiograph
from trephine.errors import ImageError
from trephine.imaging import read_image


@pytest.mark.parametrize(
    ("polarity", "inside", "outside"), [("MONOCHROME2", 1000, 2000), ("MONOCHROME1", 2450, 1450)]
)
def test_a_negative_slope_is_applied_before_the_polarity_as_itk_does(
    tmp_path: Path, polarity: str, inside: int, outside: int
) -> None:
    stored = np.full((12, 14), 100, np.uint8)
    stored[3:9, 3:9] = 200
    dataset = radiograph(
        stored, bits=8, PhotometricInterpretation=polarity, RescaleSlope=-10, RescaleIntercept=3000
    )
    dataset.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    pixels = read_image(tmp_path / "x.dcm").pixels
    assert (pixels[5, 5], pixels[0, 0]) == (inside, outside)


def test_a_nifti_of_one_volume_is_read_and_of_two_or_of_colours_refused(tmp_path: Path) -> None:
    volume = np.arange(4 * 10 * 12, dtype=np.float32).reshape(4, 10, 12)
    one, two = (SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(volume)] * n) for n in (1, 2))
    SimpleITK.WriteImage(one, str(tmp_path / "one.nii"))
    SimpleITK.WriteImage(two, str(tmp_path / "two.nii"))
    assert np.array_equal(read_image(tmp_path / "one.nii").pixels, volume)
    with pytest.raises(ImageError, match="save one volume of a series on its own"):
        read_image(tmp_path / "two.nii")
    colours = np.zeros((4, 10, 12, 3), np.uint8)
    coloured = SimpleITK.GetImageFromArray(colours, isVector=True)
    SimpleITK.WriteImage(coloured, str(tmp_path / "rgb.nii"))
    with pytest.raises(ImageError, match=r"rgb\.nii: expected"):
        read_image(tmp_path / "rgb.nii")
