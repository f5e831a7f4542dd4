"""Enhanced CT and MR: many slices in one file, sorted by what each frame says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import EnhancedCTImageStorage, EnhancedMRImageStorage, RLELossless

from trephine.errors import ImageError
from trephine.imaging import read_image

ORDER = [2, 0, 3, 1]
STEP = 2.5


def oblique() -> np.ndarray:
    """Return directions of rows, columns and normal of a plane that leans about two axes."""
    a, b = 0.3, 0.2
    turn = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    return turn @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])


def enhanced(make_dicom, volume: np.ndarray, modality: str = "MR", **more) -> FileDataset:
    """Write a volume's slices out of order, each with a rescale slope of its own."""
    frames = volume[ORDER]
    dataset = make_dicom(frames[0], Modality=modality, PixelSpacing=None)
    kind = EnhancedMRImageStorage if modality == "MR" else EnhancedCTImageStorage
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = kind
    dataset.NumberOfFrames, dataset.PixelData = len(frames), frames.tobytes()
    turn = oblique()
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [0.7, 0.5]
    orientation.ImageOrientationPatient = [*turn[:, 0], *turn[:, 1]]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    groups = []
    for place in ORDER:
        own, position, values = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [float(x) for x in np.round(place * STEP * turn[:, 2], 6)]
        values.RescaleSlope, values.RescaleIntercept = str(1 + place), "-5"
        values.RescaleType = "US"
        own.PlanePositionSequence, own.PixelValueTransformationSequence = [position], [values]
        groups.append(own)
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = groups
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.fixture
def volume() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 4000, (4, 6, 5), dtype=np.uint16)


def expected(volume: np.ndarray) -> np.ndarray:
    return volume * np.arange(1.0, 5.0)[:, None, None] - 5


@pytest.mark.parametrize("modality", ["MR", "CT"])
def test_frames_are_sorted_by_position_and_rescaled_each_by_its_own_numbers(
    make_dicom, save_dicom, volume: np.ndarray, modality: str
) -> None:
    image = read_image(save_dicom(enhanced(make_dicom, volume, modality)))
    assert np.array_equal(image.pixels, expected(volume))
    assert image.geometry.spacing_mm == pytest.approx((STEP, 0.7, 0.5), abs=1e-5)
    assert image.geometry.direction == pytest.approx(tuple(oblique().ravel()), abs=1e-5)
    assert image.geometry.origin_mm == (0.0, 0.0, 0.0)
    assert image.provenance["slices"] == 4


def test_it_is_the_volume_that_single_slices_give(
    make_dicom, save_dicom, make_slice, tmp_path: Path, volume: np.ndarray
) -> None:
    whole = read_image(save_dicom(enhanced(make_dicom, volume)))
    turn, series = oblique(), tmp_path / "series"
    series.mkdir()
    for place, plane in enumerate(volume):
        one = make_slice(plane, tuple(np.round(place * STEP * turn[:, 2], 6)), Modality="MR")
        one.ImageOrientationPatient = [*turn[:, 0], *turn[:, 1]]
        one.RescaleSlope, one.RescaleIntercept = str(1 + place), "-5"
        one.SeriesInstanceUID = "1.2.3"
        one.save_as(series / f"{place}.dcm", enforce_file_format=True)
    apart = read_image(series)
    assert np.array_equal(whole.pixels, apart.pixels)
    assert whole.geometry.placed == apart.geometry.placed
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
    itk = reader.Execute()
    assert whole.geometry.spacing_mm == pytest.approx(itk.GetSpacing()[::-1], abs=1e-5)
    assert whole.geometry.direction == pytest.approx(itk.GetDirection(), abs=1e-5)


def test_compressed_frames_are_the_same(make_dicom, save_dicom, volume: np.ndarray) -> None:
    dataset = enhanced(make_dicom, volume)
    dataset.compress(RLELossless, generate_instance_uid=False)
    assert np.array_equal(read_image(save_dicom(dataset)).pixels, expected(volume))


def test_a_missing_frame_is_a_gap(make_dicom, save_dicom, volume: np.ndarray) -> None:
    dataset = enhanced(make_dicom, volume)
    del dataset.PerFrameFunctionalGroupsSequence[3]  # the slice at place 1
    dataset.NumberOfFrames, dataset.PixelData = 3, volume[ORDER[:3]].tobytes()
    with pytest.raises(ImageError, match="1 slice seems to be missing"):
        read_image(save_dicom(dataset))


def test_two_echoes_in_one_file_are_refused(make_dicom, save_dicom, volume: np.ndarray) -> None:
    dataset = enhanced(make_dicom, volume)
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    dataset.PerFrameFunctionalGroupsSequence = [*groups, *groups]
    dataset.NumberOfFrames, dataset.PixelData = 8, dataset.PixelData * 2
    with pytest.raises(ImageError, match=r"doubled slices.*one stack, echo and time"):
        read_image(save_dicom(dataset))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: setattr(d, "NumberOfFrames", 5), "groups of each of 5 frames, found 4"),
        (lambda d: setattr(d, "PixelData", d.PixelData[:100]), "bytes of pixels, found 100"),
        (lambda d: d.PerFrameFunctionalGroupsSequence[1].pop("PlanePositionSequence"),
         "frame 2 of 4: expected 3 numbers as ImagePositionPatient"),
        (lambda d: setattr(d, "Rows", 60000), "pixels"),
    ],
)  # fmt: skip
def test_what_a_damaged_file_says_is_not_believed(
    make_dicom, save_dicom, volume: np.ndarray, spoil, told: str
) -> None:
    dataset = enhanced(make_dicom, volume)
    spoil(dataset)
    with pytest.raises(ImageError, match=told):
        read_image(save_dicom(dataset))


def test_several_frames_that_do_not_say_where_they_lie_are_no_volume(
    make_dicom, save_dicom, volume: np.ndarray
) -> None:
    dataset = enhanced(make_dicom, volume)
    del dataset.PerFrameFunctionalGroupsSequence
    with pytest.raises(ImageError, match="expected one frame, found 4"):
        read_image(save_dicom(dataset))
