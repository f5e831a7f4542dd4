"""Small files that declare or inflate to much, and files that name files."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from PIL import Image as Pillow
from pydicom.uid import JPEG2000Lossless, RLELossless

from trephine.errors import ImageError, InputError
from trephine.imaging import file_sha256, is_image_path, limits, read_image, read_mask, write_nifti
from trephine.types import Geometry, Image

NRRD = "NRRD0004\ntype: uint8\ndimension: 2\nsizes: 16 16\nencoding: raw\nspacings: 1 1\n"
META = (
    "ObjectType = Image\nNDims = 2\nDimSize = 16 16\nElementSpacing = 1 1\n"
    "ElementType = MET_UCHAR\nElementDataFile = "
)


@pytest.mark.parametrize("name", ["plane", "volume"])
def test_more_pixels_than_the_limits_are_refused_until_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shape = (30, 40) if name == "plane" else (3, 10, 10)
    spacing = (1.0,) * len(shape)
    write_nifti(Image(np.zeros(shape), Geometry.plain(spacing)), tmp_path / "x.nii.gz")
    variable = "TREPHINE_MAX_PLANE_PIXELS" if name == "plane" else "TREPHINE_MAX_PIXELS"
    monkeypatch.setenv(variable, "250")
    with pytest.raises(ImageError, match=f"at most 250 .*{variable}"):
        read_image(tmp_path / "x.nii.gz")
    monkeypatch.setenv(variable, "1200")
    assert read_image(tmp_path / "x.nii.gz").pixels.shape == shape
    monkeypatch.setenv(variable, "many")
    with pytest.raises(InputError, match="whole number above 0"):
        read_image(tmp_path / "x.nii.gz")


def zeros_as(folder: Path, name: str) -> Path:
    path, zeros = folder / name, np.zeros((300, 300), np.uint8)
    if name.endswith(("png", "tif")):
        Pillow.fromarray(zeros).save(
            path, **({"compression": "tiff_deflate"} if "tif" in name else {})
        )
    else:
        image = SimpleITK.GetImageFromArray(zeros)
        SimpleITK.WriteImage(image, str(path), True)
    return path


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nrrd", "x.mha", "x.png", "x.tif"])
def test_a_large_image_that_inflates_from_nothing_is_refused_and_a_mask_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = zeros_as(tmp_path, name)
    assert read_image(path, spacing_mm=1.0).pixels.shape == (300, 300)
    monkeypatch.setattr(limits, "SMALL_PIXELS", 1000)
    with pytest.raises(ImageError, match="compresses to no less than 1/100"):
        read_image(path, spacing_mm=1.0)
    assert not read_mask(path).labels.any()


def test_a_file_larger_than_the_limit_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_MAX_FILE_BYTES", "50")
    for name in ("x.nii.gz", "x.png", "x.mha"):
        with pytest.raises(ImageError, match="at most 50 bytes"):
            read_image(zeros_as(tmp_path, name), spacing_mm=1.0)


@pytest.mark.parametrize(
    "named",
    ["{elsewhere}", "../secret.raw", "LIST\n../secret.raw", "s%03d.raw 1 1 1", "~/x", "link"],
)
@pytest.mark.parametrize("kind", ["nrrd", "nhdr", "mha", "mhd", "png"])
def test_a_header_cannot_name_a_file_elsewhere(tmp_path: Path, named: str, kind: str) -> None:
    secret = tmp_path / "secret.raw"
    secret.write_bytes(b"s" * 256)
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    named = named.format(elsewhere=secret)
    text = META + named if kind.startswith(("m", "p")) else f"{NRRD}data file: {named}\n"
    path = folder / f"x.{kind}"
    path.write_text(text)
    for read in (read_image, read_mask, file_sha256):
        with pytest.raises(ImageError):
            read(path)  # type: ignore[operator]


def test_pipes_and_devices_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, told in (("pipe", "a pipe"), ("zero", "a link")):
        (tmp_path / "x.nhdr").write_text(f"{NRRD}data file: {name}\n")
        with pytest.raises(ImageError, match=f"found {told}"):
            read_image(tmp_path / "x.nhdr")
    for name in ("pipe", "zero"):
        assert not is_image_path(tmp_path / name)
        for read in (read_image, read_mask, file_sha256):
            with pytest.raises(ImageError, match="expected a regular file"):
                read(tmp_path / name)  # type: ignore[operator]


def test_values_beside_their_header_are_read_digested_and_refused_where_confined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.mhd"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.ones((4, 4), np.uint8)), str(path))
    before = file_sha256(path)
    (tmp_path / "x.raw").write_bytes(b"\2" * 16)
    assert (read_image(path).pixels == 2).all()
    assert file_sha256(path) != before
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    with pytest.raises(ImageError, match="header and values in one file"):
        read_image(path)


@pytest.mark.parametrize(
    "text",
    [
        NRRD.replace("spacings: 1 1\n", "") + "\n",
        NRRD.replace("1 1", "1 nan") + "\n",
        META.replace("ElementSpacing = 1 1\n", "") + "LOCAL\n",
    ],
)
def test_a_spacing_that_the_file_does_not_state_is_asked_for(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(text.encode() + bytes(range(256)))
    with pytest.raises(ImageError, match="expected a pixel spacing, found none"):
        read_image(path)
    image = read_image(path, spacing_mm=0.3)
    assert image.geometry.spacing_mm == (0.3, 0.3)
    assert image.provenance["spacing_source"] == "stated in the plan"
    assert np.array_equal(image.pixels.ravel(), np.arange(256))


def test_a_plane_in_space_as_imagej_writes_it_is_read(tmp_path: Path) -> None:
    values = np.arange(24, dtype="<u2").reshape(4, 6)
    header = (
        "NRRD0004\ntype: uint16\ndimension: 2\nsizes: 6 4\nencoding: raw\nendian: little\n"
        "space dimension: 3\nspace directions: (0.5,0,0) (0,0.25,0)\nspace origin: (1,2,3)\n\n"
    )
    (tmp_path / "x.nrrd").write_bytes(header.encode() + values.tobytes())
    image = read_image(tmp_path / "x.nrrd")
    assert image.geometry.spacing_mm == (0.25, 0.5)
    assert np.array_equal(image.pixels, values)


def test_the_offset_of_nifti_values_is_bounded(tmp_path: Path) -> None:
    write_nifti(Image(np.zeros((4, 4)), Geometry.plain((1.0, 1.0))), tmp_path / "x.nii")
    content = bytearray((tmp_path / "x.nii").read_bytes())
    content[108:112] = np.float32(3e10).tobytes()
    (tmp_path / "x.nii.gz").write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(ImageError, match="values that start within"):
        read_image(tmp_path / "x.nii.gz")


def test_a_folder_is_digested_by_what_its_files_hold_and_not_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    assert not is_image_path(folder)
    (folder / "1.dcm").write_bytes(b"one")
    (folder / "2.dcm").write_bytes(b"two")
    before = file_sha256(folder)
    assert is_image_path(folder)
    (folder / "1.dcm").rename(folder / "9.dcm")
    (folder / ".DS_Store").write_bytes(b"x")
    assert file_sha256(folder) == before
    (folder / "2.dcm").write_bytes(b"three")
    assert file_sha256(folder) != before


def test_a_damaged_deflate_stream_is_refused() -> None:
    whole = zlib.compress(b"1" * 1000)[2:-4]
    assert limits.inflate_deflated(whole, "x") == b"1" * 1000
    for damaged in (whole[:-3], b"\xff" + whole):
        with pytest.raises(ImageError, match="whole compressed file"):
            limits.inflate_deflated(damaged, "x")


def test_a_pixel_of_jpeg_2000_counts_as_two(
    make_dicom: Any, save_dicom: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_dicom(np.zeros((32, 40), np.uint16), bits=16)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    path = save_dicom(dataset)
    monkeypatch.setenv("TREPHINE_MAX_PLANE_PIXELS", str(2 * 32 * 40))
    assert read_image(path).pixels.shape == (32, 40)
    monkeypatch.setenv("TREPHINE_MAX_PLANE_PIXELS", str(2 * 32 * 40 - 1))
    with pytest.raises(ImageError, match=r"32 x 40.*plane_pixels"):
        read_image(path)


@pytest.mark.parametrize("syntax", [None, RLELossless])
def test_a_large_dicom_image_is_not_held_several_times(
    make_dicom: Any, save_dicom: Any, syntax: str | None
) -> None:
    stored = np.random.default_rng(1).integers(0, 4096, (700, 800)).astype(np.uint16)
    dataset = make_dicom(stored, bits=16, PhotometricInterpretation="MONOCHROME1")
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1.5, -3, "US"
    dataset.PixelPaddingValue = 0
    if syntax is not None:
        dataset.compress(syntax, generate_instance_uid=False)
    path = save_dicom(dataset)
    read_image(path)  # imports and caches before it counts
    tracemalloc.start()
    try:
        read_image(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 8 of float64, 2 of the file, and 2 more; it was 22.
    assert peak / stored.size < 13.5
