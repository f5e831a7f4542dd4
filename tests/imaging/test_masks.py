"""Masks from every program, on their image or refused."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    Segmentation,
    SegmentationTypeValues,
    SegmentDescription,
)
from PIL import Image as Pillow
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from trephine.errors import ImageError
from trephine.imaging import check_geometry, correct_mask, read_image, read_mask
from trephine.imaging.geometry import corner_distance_pixels
from trephine.study.converting import read_as
from trephine.types import Geometry, Image, Mask

IMAGE = Image(np.zeros((20, 16)), Geometry.plain((0.2, 0.3)))


def drawn() -> np.ndarray:
    labels = np.zeros((20, 16), np.uint8)
    labels[4:9, 3:7], labels[10:14, 9:15] = 1, 2
    return labels


def saved(labels: np.ndarray, path: Path, origin: tuple[float, float] = (0.0, 0.0)) -> Path:
    itk = SimpleITK.GetImageFromArray(labels)
    itk.SetSpacing((0.3, 0.2))
    itk.SetOrigin(origin)
    SimpleITK.WriteImage(itk, str(path))
    return path


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd", "mask.mha"])
def test_labels_are_read_with_their_geometry(tmp_path: Path, name: str) -> None:
    mask = read_mask(saved(drawn(), tmp_path / name))
    assert np.array_equal(mask.labels, drawn())
    check_geometry(IMAGE, mask)
    assert mask.region(2).sum() == 24


def test_a_label_that_is_missing_is_named(tmp_path: Path) -> None:
    mask = read_mask(saved(drawn(), tmp_path / "mask.nrrd"))
    with pytest.raises(ImageError, match=r"expected label 3, found labels \[1, 2\]"):
        mask.region(3)


def test_interpolated_and_negative_values_are_no_labels(tmp_path: Path) -> None:
    for number, odd in enumerate((0.5, -1.0)):
        labels = drawn().astype(np.float32)
        labels[0, 0] = odd
        with pytest.raises(ImageError, match="expected labels 0, 1, 2"):
            read_mask(saved(labels, tmp_path / f"{number}.nrrd"))


def test_a_black_and_white_picture_is_labels_0_and_1_on_the_image(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    Pillow.fromarray((drawn() > 0).astype(np.uint8) * 255).save(path)
    mask = read_mask(path, image=IMAGE)
    assert np.array_equal(mask.labels, drawn() > 0)
    assert mask.geometry == IMAGE.geometry
    Pillow.fromarray(drawn() > 0).save(path)
    assert np.array_equal(read_mask(path, image=IMAGE).labels, drawn() > 0)
    Pillow.fromarray(drawn()).save(path)
    assert np.array_equal(read_mask(path).labels, drawn())


def test_a_picture_of_another_shape_is_refused(tmp_path: Path) -> None:
    Pillow.fromarray(drawn()[:, :-1]).save(tmp_path / "mask.png")
    with pytest.raises(ImageError, match=r"image's shape \(20, 16\), found \(20, 15\)"):
        read_mask(tmp_path / "mask.png", image=IMAGE)


def slicer_file(path: Path, layers: list[np.ndarray], corner: tuple[int, int]) -> Path:
    """Write what 3D Slicer writes: a one-slice volume cropped to the drawing, segments named."""
    stack = np.stack(layers, axis=-1)[None]
    itk = SimpleITK.GetImageFromArray(stack if len(layers) > 1 else stack[..., 0], len(layers) > 1)
    itk.SetSpacing((0.3, 0.2, 1.0))
    itk.SetOrigin((corner[1] * 0.3, corner[0] * 0.2, 0.0))
    number = 0
    for layer, values in enumerate(layers):
        for value in np.unique(values[values > 0]):
            itk.SetMetaData(f"Segment{number}_ID", f"Segment_{number}")
            itk.SetMetaData(f"Segment{number}_LabelValue", str(value))
            itk.SetMetaData(f"Segment{number}_Layer", str(layer))
            number += 1
    SimpleITK.WriteImage(itk, str(path))
    return path


def test_a_cropped_slicer_segmentation_is_put_back_exactly(tmp_path: Path) -> None:
    path = slicer_file(tmp_path / "mask.seg.nrrd", [drawn()[3:15, 2:16]], (3, 2))
    mask = read_mask(path, image=IMAGE)
    assert np.array_equal(mask.labels, drawn())
    assert "cropped" in str(mask.provenance["corrected"])
    check_geometry(IMAGE, mask)
    assert read_mask(path).labels.shape == (12, 14)


def test_layers_of_a_slicer_segmentation_keep_their_label_values(tmp_path: Path) -> None:
    first, second = np.where(drawn() == 1, 7, 0), np.where(drawn() == 2, 2, 0)
    layers = [first.astype(np.uint8), second.astype(np.uint8)]
    mask = read_mask(slicer_file(tmp_path / "mask.seg.nrrd", layers, (0, 0)), image=IMAGE)
    assert np.array_equal(mask.region(7), drawn() == 1)
    assert np.array_equal(mask.region(2), drawn() == 2)


def test_a_label_value_that_layers_share_names_no_segment_but_the_names_do(tmp_path: Path) -> None:
    layers = [(drawn() == 1).astype(np.uint8), (drawn() == 2).astype(np.uint8)]
    mask = read_mask(slicer_file(tmp_path / "mask.seg.nrrd", layers, (0, 0)), image=IMAGE)
    with pytest.raises(ImageError, match=r"several in different layers; choose one by its name"):
        mask.region(1)
    assert np.array_equal(mask.region("Segment_1"), drawn() == 2)
    with pytest.raises(ImageError, match=r"expected a segment 'Bone', found segments \['Segment"):
        mask.region("Bone")


def test_of_overlapping_slicer_segments_only_the_others_are_read(tmp_path: Path) -> None:
    first = np.where(drawn() == 1, 3, 0).astype(np.uint8)
    both = np.where(drawn() == 2, 5, first).astype(np.uint8)
    second = np.where(drawn() == 1, 4, 0).astype(np.uint8)
    mask = read_mask(slicer_file(tmp_path / "mask.seg.nrrd", [both, second], (0, 0)), image=IMAGE)
    assert np.array_equal(mask.region(5), drawn() == 2)
    assert np.array_equal(mask.region("Segment_1"), drawn() == 2)
    for wanted in (3, 4, "Segment_0", "Segment_2"):
        with pytest.raises(ImageError, match=r"shares no pixel with another, found .* overlapping"):
            mask.region(wanted)
    with pytest.raises(ImageError, match="overlapping"):
        read_as(tmp_path / "mask.seg.nrrd", "mask", None)


@pytest.mark.parametrize("volume", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_of_overlapping_segments_of_a_dicom_seg_only_the_others_are_read(
    make_dicom, make_slice, tmp_path, volume: bool
) -> None:
    source = [complete(make_dicom(np.zeros((20, 16), np.uint16)))]
    if volume:
        study, series, frame = generate_uid(), generate_uid(), generate_uid()
        source = []
        for number in range(3):
            one = complete(make_slice(np.zeros((20, 16), np.int16), (0.0, 0.0, 2.5 * number)))
            one.StudyInstanceUID, one.SeriesInstanceUID = study, series
            one.FrameOfReferenceUID = frame
            source.append(one)
    pixels = np.zeros((len(source), 20, 16, 3), np.uint8)
    pixels[..., 0] = drawn() == 1
    pixels[..., 1] = drawn() == 1
    pixels[..., 2] = drawn() == 2
    path = tmp_path / "mask.dcm"
    segmentation(source, pixels, SegmentationTypeValues.BINARY, (1, 2, 3)).save_as(path)
    mask = read_mask(path)
    assert np.array_equal(np.atleast_3d(mask.region(3).T).T[0], drawn() == 2)
    for wanted in (1, 2):
        with pytest.raises(ImageError, match="overlapping"):
            mask.region(wanted)


def test_a_segmentation_that_hangs_over_its_image_is_refused(tmp_path: Path) -> None:
    path = slicer_file(tmp_path / "mask.seg.nrrd", [drawn()[3:15, 2:16]], (14, 2))
    with pytest.raises(ImageError, match="belongs to another image"):
        read_mask(path, image=IMAGE)


def segmentation(
    source: list,
    pixels: np.ndarray,
    kind: SegmentationTypeValues,
    numbers: tuple[int, ...] = (1, 2),
) -> Segmentation:
    segments = [
        SegmentDescription(
            segment_number=number,
            segment_label=f"part {number}",
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Bone,
            algorithm_type=SegmentAlgorithmTypeValues.MANUAL,
        )
        for number in numbers
    ]
    return Segmentation(
        source_images=source,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=segments,
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Trephine",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="0",
    )


def complete(dataset):
    """Fill the attributes of the patient and study modules that highdicom copies."""
    dataset.PatientBirthDate = dataset.PatientSex = dataset.StudyDate = dataset.StudyTime = ""
    dataset.AccessionNumber = dataset.StudyID = dataset.ReferringPhysicianName = ""
    dataset.PositionReferenceIndicator = ""
    return dataset


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.filterwarnings("ignore")
def test_dicom_seg_of_a_radiograph_lies_on_its_image(make_dicom, tmp_path, kind: str) -> None:
    source = complete(make_dicom(np.zeros((20, 16), np.uint16)))
    path = tmp_path / "mask.dcm"
    segmentation([source], drawn()[None], SegmentationTypeValues[kind]).save_as(path)
    mask = read_mask(path, image=IMAGE)
    assert np.array_equal(mask.labels, drawn())
    assert mask.geometry == IMAGE.geometry
    smaller = Image(np.zeros((10, 16)), IMAGE.geometry)
    with pytest.raises(ImageError, match="belongs to another image"):
        read_mask(path, image=smaller)


@pytest.mark.filterwarnings("ignore")
def test_dicom_seg_of_a_series_lies_in_its_volume(make_slice, tmp_path) -> None:
    frame, study = generate_uid(), generate_uid()
    slices = []
    for number in range(4):
        dataset = complete(make_slice(np.zeros((20, 16), np.int16), (0.0, 0.0, 2.5 * number)))
        dataset.FrameOfReferenceUID, dataset.SeriesInstanceUID = frame, study
        dataset.StudyInstanceUID = study
        slices.append(dataset)
        dataset.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    image = read_image(tmp_path)
    labels = np.zeros((4, 20, 16), np.uint8)
    labels[1:3] = drawn()
    seg = segmentation(slices, labels, SegmentationTypeValues.BINARY)
    (tmp_path / "seg").mkdir()
    seg.save_as(tmp_path / "seg" / "mask.dcm")
    mask = read_mask(tmp_path / "seg" / "mask.dcm", image=image)
    assert np.array_equal(mask.labels, labels)
    check_geometry(image, mask)


def test_an_image_is_no_mask_and_a_structure_set_needs_its_image(
    make_dicom, save_dicom, stored
) -> None:
    with pytest.raises(ImageError, match="are image and mask exchanged"):
        read_mask(save_dicom(make_dicom(stored)))
    with pytest.raises(ImageError, match="that an RT Structure Set was drawn on beside it"):
        read_mask(save_dicom(make_dicom(stored, Modality="RTSTRUCT")))


def test_highdicom_is_the_version_that_reads_volumes() -> None:
    assert hasattr(highdicom.seg.Segmentation, "get_volume")


def test_a_mask_off_by_a_hundredth_of_a_pixel_is_refused_and_by_a_rounding_is_not() -> None:
    near = Mask(drawn(), Geometry((0.2 * (1 + 6e-8), 0.3), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0)))
    check_geometry(IMAGE, near)
    off = Mask(drawn(), Geometry((0.2, 0.3), (0.002, 0.0), (1.0, 0.0, 0.0, 1.0)))
    with pytest.raises(ImageError, match=r"a corner is 0.01 pixels off"):
        check_geometry(IMAGE, off)
    check_geometry(IMAGE, off, tolerance=0.02)


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry((1.0, 1.0), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0)),
        Geometry((0.2, 0.3), (0.0, 0.0), (-1.0, 0.0, 0.0, 1.0)),
        Geometry((0.2, 0.3), (0.0, 0.0), (float("nan"), 0.0, 0.0, 1.0)),
    ],
)
def test_another_spacing_or_direction_is_refused(geometry: Geometry) -> None:
    with pytest.raises(ImageError, match="expected the image's geometry"):
        check_geometry(IMAGE, Mask(drawn(), geometry))


def test_another_shape_is_refused() -> None:
    with pytest.raises(ImageError, match="image's shape"):
        check_geometry(IMAGE, Mask(drawn()[1:], IMAGE.geometry))


def test_a_right_drawing_under_a_wrong_header_adopts_the_images_geometry() -> None:
    wrong = Mask(drawn(), Geometry.plain((1.0, 1.0)))
    corrected = correct_mask(IMAGE, wrong, "adopt")
    check_geometry(IMAGE, corrected)
    assert np.array_equal(corrected.labels, drawn())
    assert corrected.provenance["corrected"] == "the image's geometry adopted"


def test_a_drawing_on_a_finer_grid_is_resampled_to_where_it_lies() -> None:
    fine = np.kron(drawn(), np.ones((3, 3), np.uint8))
    geometry = Geometry((0.2 / 3, 0.1), (-0.1, -0.2 / 3), (1.0, 0.0, 0.0, 1.0))
    corrected = correct_mask(IMAGE, Mask(fine, geometry))
    assert np.array_equal(corrected.labels, drawn())


def test_a_label_that_would_be_lost_is_reported() -> None:
    far = Mask(drawn(), Geometry((0.2, 0.3), (3.0, 0.0), (1.0, 0.0, 0.0, 1.0)))
    with pytest.raises(ImageError, match=r"found labels \[2\] outside"):
        correct_mask(IMAGE, far)


def test_corners_are_compared_in_pixels() -> None:
    moved = Geometry((0.2, 0.3), (0.0, 0.1), (1.0, 0.0, 0.0, 1.0))
    assert corner_distance_pixels(IMAGE.geometry, moved, (20, 16)) == pytest.approx(0.5)
