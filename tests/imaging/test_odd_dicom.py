"""DICOM as archives really hold it: odd representations, spare bits, functional groups, gzip."""

from __future__ import annotations

import copy
import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from trephine.errors import ImageError
from trephine.imaging import read_image
from trephine.imaging.deidentify.pixels import rewrite_pixels


def test_a_spacing_in_a_text_that_is_never_parted_is_read(make_dicom, save_dicom, stored) -> None:
    dataset = make_dicom(stored)
    dataset[0x00280030] = DataElement(Tag(0x00280030), "UT", "0.2\\0.3")
    assert read_image(save_dicom(dataset)).geometry.spacing_mm == (0.2, 0.3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0,143\\0,143", "commas"),
        ("0.143,0.143", "commas"),
        ("0.143", "1 value"),
        ("0.1\\0.1\\1", "3 values"),
        ("a\\b", "2 values"),
    ],
)
def test_a_spacing_that_cannot_be_read_is_called_so(
    make_dicom, save_dicom, stored, text: str, found: str
) -> None:
    dataset = make_dicom(stored, ImagerPixelSpacing=[0.2, 0.2])
    dataset[0x00280030] = DataElement(Tag(0x00280030), "UT", text)
    path = save_dicom(dataset)
    with pytest.raises(ImageError, match=rf"Pixel Spacing, found {found}.*--spacing-mm"):
        read_image(path)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [None, RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_an_overlay_above_the_stored_bits_is_cleared_in_every_encoding(
    make_dicom, save_dicom, signed: bool, syntax: str | None
) -> None:
    low = -2048 if signed else 0
    true = np.random.default_rng(1).integers(low, low + 4096, (32, 40))
    bits = true & 0x0FFF
    bits[5:9, 5:30] |= 0x1000
    dataset = make_dicom(bits.astype(np.int16 if signed else np.uint16), bits=16)
    if syntax is not None:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit = 12, 11
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, true)


def _film(rows: int = 48, columns: int = 64, low: float = 0, high: float = 9000) -> np.ndarray:
    """Return a smooth shadow with some noise, as a radiograph has."""
    place = np.hypot(*np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]) / np.sqrt(2)
    noise = np.random.default_rng(4).normal(0, 20, (rows, columns))
    return np.clip(low + (high - low) * (1 - place) + noise, low, high).astype(np.int64)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [None, RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_values_that_need_more_bits_than_the_header_states_are_refused(
    make_dicom, save_dicom, tmp_path, signed: bool, syntax: str | None
) -> None:
    """Cleared like an overlay, 4096 would be read as 0."""
    values = _film(low=-6000 if signed else 0)
    dataset = make_dicom(values.astype(np.int16 if signed else np.uint16), bits=16)
    if syntax is not None:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit = 12, 11
    path = save_dicom(dataset)
    above = int(np.sum((values > 4095) | (values < -2048)))
    with pytest.raises(ImageError, match=r"values of 12 bits.*found [0-9]+ pixels.*export") as told:
        read_image(path)
    if not signed:
        assert f"found {above} pixels" in str(told.value)
    with pytest.raises(ImageError, match="values of 12 bits"):
        rewrite_pixels(
            copy.deepcopy(dataset), dataset, dataset.file_meta.TransferSyntaxUID, "x.dcm"
        )


@pytest.mark.parametrize("drawn", ["text", "everywhere but a corner"])
def test_an_overlay_on_a_radiograph_is_no_value(make_dicom, save_dicom, drawn: str) -> None:
    true = _film(high=4095)
    bits = true.copy()
    region = np.s_[5:9, 5:30] if drawn == "text" else np.s_[4:, 4:]
    bits[region] |= 0x2000
    dataset = make_dicom(bits.astype(np.uint16), bits=16)
    dataset.BitsStored, dataset.HighBit = 12, 11
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, true)


def test_an_overlay_that_the_header_declares_is_no_value_whatever_it_looks_like(
    make_dicom, save_dicom
) -> None:
    film = _film(high=8000)
    dataset = make_dicom(film.astype(np.uint16), bits=16)
    dataset.BitsStored, dataset.HighBit = 12, 11
    with pytest.raises(ImageError, match="values of 12 bits"):
        read_image(save_dicom(dataset))
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 12)
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, film & 0x0FFF)


def test_signs_that_spare_bits_repeat_or_not_are_read_alike(make_dicom, save_dicom) -> None:
    true = _film(low=-2048, high=2047)
    read = []
    for pixels in (true, true & 0x0FFF):
        dataset = make_dicom(pixels.astype(np.int16), bits=16)
        dataset.BitsStored, dataset.HighBit = 12, 11
        read.append(read_image(save_dicom(dataset)).pixels)
    assert np.array_equal(read[0], true)
    assert np.array_equal(read[1], true)


def test_padding_above_the_stored_bits_is_padding(make_dicom, save_dicom) -> None:
    """63536 cut to 12 bits is 2096, a grey value in the midst of the others."""
    pixels = _film(low=300, high=4000).astype(np.uint16)
    pixels[:, :6] = 63536
    dataset = make_dicom(pixels, bits=16)
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset[0x00280120] = DataElement(Tag(0x00280120), "US", 63536)
    image = read_image(save_dicom(dataset))
    assert image.provenance["padding_pixels"] == 6 * pixels.shape[0]
    assert image.pixels[:, :6].max() == pixels[:, 6:].min()
    assert np.array_equal(image.pixels[:, 6:], pixels[:, 6:])
    cleaned = copy.deepcopy(dataset)
    rewrite_pixels(cleaned, dataset, dataset.file_meta.TransferSyntaxUID, "x.dcm")
    kept = np.frombuffer(cleaned.PixelData, "<u2").reshape(pixels.shape)
    assert np.array_equal(kept, pixels)


@pytest.mark.parametrize(
    ("vr", "value"),
    [("SS", -2000), ("US", 63536), ("OB", (-2000).to_bytes(2, "little", signed=True))],
)
def test_padding_is_found_whatever_representation_it_was_written_in(
    make_dicom, save_dicom, vr: str, value: object
) -> None:
    pixels = np.full((16, 16), 100, np.int16)
    pixels[:4], pixels[8] = -2000, -200
    dataset = make_dicom(pixels, bits=16)
    dataset[0x00280120] = DataElement(Tag(0x00280120), vr, value)
    image = read_image(save_dicom(dataset))
    assert image.provenance["padding_pixels"] == 64
    assert image.pixels.min() == -200


def enhanced(make_dicom, stored: np.ndarray):
    dataset = make_dicom(stored, Modality="CT", PixelSpacing=None, NumberOfFrames=1)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    shared, own = Dataset(), Dataset()
    measures, values, place, turn = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [0.7, 0.8]
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = "2", "-2048", "HU"
    place.ImagePositionPatient = [1, 2, 3]
    turn.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [turn]
    own.PixelValueTransformationSequence, own.PlanePositionSequence = [values], [place]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [own]
    return dataset


def test_an_enhanced_object_of_one_frame_is_read_by_its_functional_groups(
    make_dicom, save_dicom, stored
) -> None:
    path = save_dicom(enhanced(make_dicom, stored))
    image = read_image(path)
    itk = SimpleITK.ReadImage(str(path))
    assert image.geometry.spacing_mm == itk.GetSpacing()[1::-1] == (0.7, 0.8)
    assert np.array_equal(image.pixels, SimpleITK.GetArrayFromImage(itk)[0])
    assert image.geometry.placed is not None
    assert image.geometry.placed.origin_mm == (1.0, 2.0, 3.0)


def test_an_enhanced_object_whose_frames_are_not_all_described_is_refused(
    make_dicom, save_dicom, stored
) -> None:
    dataset = enhanced(make_dicom, stored)
    dataset.NumberOfFrames, dataset.PixelData = 2, dataset.PixelData * 2
    with pytest.raises(ImageError, match="groups of each of 2 frames, found 1"):
        read_image(save_dicom(dataset))


@pytest.mark.parametrize(
    ("kind", "bits", "slope", "intercept"),
    [
        (np.uint16, 12, "1", "0"),
        (np.int16, 16, "1", "0"),
        (np.uint16, 12, "1", "-1024"),
        (np.uint16, 16, "1", "-1024"),
        (np.uint16, 12, "2", "10"),
        (np.int16, 12, "-10", "3000"),
        (np.uint8, 8, "1", "-8"),
        (np.uint16, 12, "0.5", "0"),
    ],
)
def test_the_pixel_type_is_the_one_that_itk_holds(
    make_dicom, save_dicom, kind, bits: int, slope: str, intercept: str
) -> None:
    pixels = np.arange(64, dtype=kind).reshape(8, 8)
    dataset = make_dicom(pixels, bits=bits, RescaleSlope=slope, RescaleIntercept=intercept)
    path = save_dicom(dataset)
    held = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).dtype.name
    assert read_image(path).provenance["pixel_type"] == held


def test_a_few_bytes_too_many_are_padding_and_more_are_called_so(
    make_dicom, save_dicom, stored
) -> None:
    dataset = make_dicom(stored)
    dataset.PixelData += b"\0\0"
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, stored)
    dataset.PixelData += b"\0" * 400
    with pytest.raises(ImageError, match="fewer pixels than the file holds"):
        read_image(save_dicom(dataset))


def test_a_packed_image_is_asked_to_be_unpacked(
    tmp_path: Path, make_dicom, save_dicom, stored
) -> None:
    plain = save_dicom(make_dicom(stored))
    (tmp_path / "x.dcm.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with pytest.raises(ImageError, match="a DICOM file as it is, found it packed with gzip"):
        read_image(tmp_path / "x.dcm.gz")
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stored), str(tmp_path / "y.nrrd"))
    (tmp_path / "y.nrrd.gz").write_bytes(gzip.compress((tmp_path / "y.nrrd").read_bytes()))
    with pytest.raises(ImageError, match="an NRRD file as it is, found it packed"):
        read_image(tmp_path / "y.nrrd.gz")
    series = tmp_path / "series"
    series.mkdir()
    (tmp_path / "x.dcm.gz").rename(series / "x.dcm.gz")
    with pytest.raises(ImageError, match="unpack it first"):
        read_image(series)
    shutil.copy(series / "x.dcm.gz", series / "z.dcm.gz")
    with pytest.raises(ImageError, match="unpack them first"):
        read_image(series)


def test_a_deflated_file_is_read_and_a_deflated_bomb_is_not(
    make_dicom, save_dicom, stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_dicom(stored)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, stored)
    dataset.add_new(0x00091001, "OB", b"\0" * 80_000_000)
    dataset.add_new(0x00090010, "LO", "X")
    path = save_dicom(dataset)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ImageError, match="inflates to at most"):
        read_image(path)
