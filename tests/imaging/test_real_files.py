"""A folder of real DICOM files, where the reference folder has one; skipped elsewhere.

The files are public (NEMA WG-04, pydicom, highdicom, fo-dicom) and are not part of the product.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from trephine.errors import ImageError
from trephine.imaging import pixels_sha256, read_image, read_mask

STATED_MM = 0.2


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.config.getoption("--reference") / "radiographs"
    if not found.is_dir():
        pytest.skip(f"no folder of real DICOM files at {found}")
    return found


def itk_pixels(path: Path) -> np.ndarray:
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]


def test_every_file_is_read_or_refused_by_one_clear_error(folder: Path) -> None:
    for path in sorted(folder.glob("*.dcm")):
        try:
            image = read_image(path, spacing_mm=STATED_MM)
        except ImageError as refusal:
            assert str(refusal).startswith(path.name)  # noqa: PT017
            continue
        assert image.pixels.ndim == 2
        assert np.isfinite(image.pixels).all()


def test_four_lossless_encodings_of_one_hip_are_one_image(folder: Path) -> None:
    names = ["RG2_J2KR", "RG2_JLSL", "RG2_JPLL", "RG2_RLE"]
    images = [read_image(folder / f"{name}.dcm") for name in names]
    assert len({pixels_sha256(image) for image in images}) == 1
    assert images[0].geometry.spacing_mm == (0.2, 0.2)


def test_the_lossy_encoding_is_the_same_hip(folder: Path) -> None:
    lossless = read_image(folder / "RG2_RLE.dcm").pixels
    lossy = read_image(folder / "RG2_JPLY.dcm")
    assert lossy.provenance["lossy"]
    assert np.corrcoef(lossless.ravel(), lossy.pixels.ravel())[0, 1] > 0.999


@pytest.mark.parametrize(
    "name", ["RG2_RLE", "RG3_JPLL", "RG1_JLSN", "CR-MONO1-10-chest", "dx_image", "bad_sequence"]
)
def test_pixels_equal_itks_where_itk_is_right(folder: Path, name: str) -> None:
    path = folder / f"{name}.dcm"
    pixels = read_image(path, spacing_mm=STATED_MM).pixels
    assert np.allclose(pixels, itk_pixels(path), atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", ["RG3_JPLL", "RG1_JLSN", "CR-MONO1-10-chest"])
def test_monochrome1_is_inverted_and_its_missing_spacing_is_not_made_up(
    folder: Path, name: str
) -> None:
    path = folder / f"{name}.dcm"
    image = read_image(path, spacing_mm=STATED_MM)
    assert image.provenance["polarity"] == "inverted from MONOCHROME1"
    assert image.provenance["spacing_source"] == "stated in the plan"
    with pytest.raises(ImageError, match="expected a pixel spacing"):
        read_image(path)


def test_what_is_no_radiograph_is_refused_with_its_reason(folder: Path) -> None:
    for name, told in {
        "MR_truncated": "truncated",
        "SC_rgb_jpeg": "colours",
        "chrKoreanMulti": "without pixel data",
        "no_meta": "expected DICOM",
        "rtplan_truncated": "without pixel data",
        "seg_image_cr_binary": "use read_mask",
    }.items():
        with pytest.raises(ImageError, match=told):
            read_image(folder / f"{name}.dcm", spacing_mm=STATED_MM)


def test_the_segmentation_of_a_radiograph_is_a_mask(folder: Path) -> None:
    assert read_mask(folder / "seg_image_cr_binary.dcm").labels.shape == (16, 16)
