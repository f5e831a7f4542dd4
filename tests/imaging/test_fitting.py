"""Masks whose headers differ from their images': adopted, resampled, or refused with the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image as Pillow

from trephine.choices import MaskGeometry
from trephine.errors import ImageError
from trephine.imaging import fit_mask, read_image, read_mask, write_nifti
from trephine.imaging.fitting import doubts_of
from trephine.types import Geometry, Image, Mask

SHAPE = (30, 24)


def drawn() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:12, 3:9] = 1
    return labels


def drawn_in_itk(path: Path, like: Path | None = None, labels: np.ndarray | None = None) -> Path:
    """Write a mask as a program built on ITK does that opened the file ``like``."""
    labels = drawn() if labels is None else labels
    if like is None:
        mask = SimpleITK.GetImageFromArray(labels)
    else:
        image = SimpleITK.ReadImage(str(like))
        mask = SimpleITK.GetImageFromArray(labels.reshape(image.GetSize()[::-1]))
        mask.CopyInformation(image)
    SimpleITK.WriteImage(mask, str(path))
    return path


def without_orientation(path: Path) -> Path:
    """Set both codes of a NIfTI file to 0, as dcm2niix does for a radiograph."""
    content = bytearray(path.read_bytes())
    content[252:256] = b"\0" * 4
    path.write_bytes(content)
    return path


def pixels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 4000, SHAPE).astype(np.uint16)


@pytest.fixture
def radiograph(make_dicom, save_dicom) -> Path:
    spacing = [0.2, 0.2]
    return save_dicom(make_dicom(pixels(), PixelSpacing=spacing, ImagerPixelSpacing=spacing))


def test_a_mask_drawn_on_a_calibrated_radiograph_stays_on_its_pixels(
    make_dicom, save_dicom, tmp_path: Path
) -> None:
    path = save_dicom(
        make_dicom(pixels(), PixelSpacing=[0.14, 0.14], ImagerPixelSpacing=[0.16, 0.16])
    )
    mask = SimpleITK.GetImageFromArray(drawn()[None])
    mask.SetSpacing((0.16, 0.16, 1.0))
    SimpleITK.WriteImage(mask, str(tmp_path / "mask.nii.gz"))
    image = read_image(path)
    fitted = fit_mask(image, read_mask(tmp_path / "mask.nii.gz", image=image))
    assert np.array_equal(fitted.labels, drawn())
    assert fitted.geometry.spacing_mm == (0.14, 0.14)
    assert "another that programs read from the same DICOM file" in str(
        fitted.provenance["corrected"]
    )


def test_a_mask_drawn_on_a_picture_takes_the_spacing_that_the_study_states(tmp_path: Path) -> None:
    Pillow.fromarray(pixels()).save(tmp_path / "image.png")
    image = read_image(tmp_path / "image.png", spacing_mm=0.5)
    path = drawn_in_itk(tmp_path / "mask.nii.gz", tmp_path / "image.png")
    fitted = fit_mask(image, read_mask(path, image=image))
    assert np.array_equal(fitted.labels, drawn())
    assert "the spacing is the study's" in str(fitted.provenance["corrected"])


def test_a_header_without_geometry_is_refused_on_a_radiograph_until_it_is_to_be_adopted(
    radiograph: Path, tmp_path: Path
) -> None:
    image = read_image(radiograph)
    mask = read_mask(drawn_in_itk(tmp_path / "mask.nii.gz"), image=image)
    with pytest.raises(ImageError, match=r'pixels off; .*set mask_geometry = "adopt"'):
        fit_mask(image, mask)
    assert np.array_equal(fit_mask(image, mask, "adopt").labels, drawn())


def test_another_shape_is_to_be_resampled_where_its_header_lies_on_the_image(
    radiograph: Path,
) -> None:
    image = read_image(radiograph)
    fine = np.kron(drawn(), np.ones((2, 2), np.uint8))
    half = Mask(fine, Geometry((0.1, 0.1), (-0.05, -0.05), (1.0, 0.0, 0.0, 1.0)))
    with pytest.raises(ImageError, match=r'another grid: set mask_geometry = "resample"'):
        fit_mask(image, half)
    assert np.array_equal(fit_mask(image, half, "resample").labels, drawn())
    with pytest.raises(ImageError, match="to adopt its geometry, found"):
        fit_mask(image, half, "adopt")


@pytest.mark.parametrize(("view", "advice"), [("LL", "lateral view"), ("AP", "another grid")])
def test_a_mask_of_the_frontal_view_is_not_to_be_resampled_onto_the_lateral_one(
    make_dicom, save_dicom, view: str, advice: str
) -> None:
    spacing = [0.2, 0.2]
    image = read_image(save_dicom(make_dicom(pixels(), PixelSpacing=spacing, ViewPosition=view)))
    fine = np.kron(drawn(), np.ones((2, 2), np.uint8))
    half = Mask(fine, Geometry((0.1, 0.1), (-0.05, -0.05), (1.0, 0.0, 0.0, 1.0)))
    with pytest.raises(ImageError, match=advice) as refused:
        fit_mask(image, half)
    assert ("resample" in str(refused.value)) == (view == "AP")


@pytest.mark.parametrize(
    ("times", "spacing", "told"),
    [
        (0.5, 0.2, r"2 times smaller.* 50% of the image's extent.*spacing \(0.4 x 0.4 mm\)"),
        (0.5, 1.0, r"2 times smaller.* 250% of the image's extent"),
        (2.0, 0.2, r"2 times larger.* 200% of the image's extent.*spacing \(0.1 x 0.1 mm\)"),
    ],
)
def test_a_drawing_on_a_copy_whose_header_is_wrong_is_not_moved_by_it(
    radiograph: Path, tmp_path: Path, times: float, spacing: float, told: str
) -> None:
    image = read_image(radiograph)
    labels = drawn()[::2, ::2] if times < 1 else np.kron(drawn(), np.ones((2, 2), np.uint8))
    copy = Mask(labels, Geometry.plain((spacing, spacing)))
    for how in ("strict", "resample"):
        with pytest.raises(ImageError, match=told) as refused:
            fit_mask(image, copy, how)
        assert "another grid" not in str(refused.value)
    write_nifti(copy, tmp_path / "copy.nii.gz")
    with pytest.raises(ImageError, match=told):
        fit_mask(image, read_mask(tmp_path / "copy.nii.gz", image=image), "resample")


@pytest.mark.parametrize(("times", "asked"), [(1.14, True), (0.5, False), (3.0, False)])
def test_a_mask_of_nearly_the_images_proportions_may_be_another_images(
    radiograph: Path, times: float, asked: bool
) -> None:
    """Radiographs of other patients have nearly the same proportions; copies are halves, thirds."""
    image = read_image(radiograph)
    shape = tuple(round(size * times) for size in image.pixels.shape)
    labels = np.zeros(shape, np.uint8)
    labels[2:6, 2:6] = 1
    with pytest.raises(ImageError, match="header is wrong") as refused:
        fit_mask(image, Mask(labels, Geometry.plain((0.2, 0.2))))
    assert ("was it drawn on another image? If not, the header" in str(refused.value)) == asked


def test_the_images_own_shape_under_another_spacing_is_not_resampled(radiograph: Path) -> None:
    image = read_image(radiograph)
    wrong = Mask(drawn(), Geometry.plain((0.18, 0.18)))
    with pytest.raises(ImageError, match=r'90% of .*set mask_geometry = "adopt"'):
        fit_mask(image, wrong, "resample")
    assert np.array_equal(fit_mask(image, wrong, "adopt").labels, drawn())


def test_a_mask_of_another_place_and_shape_has_no_remedy(radiograph: Path) -> None:
    image = read_image(radiograph)
    far = Mask(drawn()[1:], Geometry((0.2, 0.2), (900.0, 0.0), (1.0, 0.0, 0.0, 1.0)))
    with pytest.raises(ImageError, match="neither by its pixels nor by its header"):
        fit_mask(image, far)


@pytest.mark.parametrize("how", ["strict", "resample"])
def test_a_nifti_that_states_no_orientation_does_not_lie_on_a_dicom_image(
    radiograph: Path, tmp_path: Path, how: MaskGeometry
) -> None:
    image = read_image(radiograph)
    path = without_orientation(drawn_in_itk(tmp_path / "mask.nii", radiograph))
    with pytest.raises(ImageError, match=r"does not say how it lies|say how image and mask lie"):
        fit_mask(image, read_mask(path, image=image), how)


@pytest.mark.parametrize("suffix", ["nrrd", "mha"])
def test_a_header_without_directions_does_not_lie_on_a_dicom_image(
    radiograph: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"mask.{suffix}"
    body = np.ascontiguousarray(drawn()).tobytes()
    head = {
        "nrrd": b"NRRD0004\ntype: uint8\ndimension: 2\nsizes: 24 30\nspacings: 0.2 0.2\n"
        b"encoding: raw\n\n",
        "mha": b"ObjectType = Image\nNDims = 2\nBinaryData = True\nElementSpacing = 0.2 0.2\n"
        b"DimSize = 24 30\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n",
    }[suffix]
    path.write_bytes(head + body)
    image = read_image(radiograph)
    mask = read_mask(path, image=image)
    with pytest.raises(ImageError, match="does not say how it lies in the patient"):
        fit_mask(image, mask)
    assert np.array_equal(fit_mask(image, mask, "adopt").labels, drawn())


def test_two_files_of_one_format_without_orientation_agree(tmp_path: Path) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels()), str(tmp_path / "image.nii"))
    drawn_in_itk(tmp_path / "mask.nii", tmp_path / "image.nii")
    image = read_image(without_orientation(tmp_path / "image.nii"))
    for path in (tmp_path / "mask.nii", without_orientation(tmp_path / "mask.nii")):
        assert np.array_equal(fit_mask(image, read_mask(path, image=image)).labels, drawn())


def test_a_picture_does_not_lie_on_an_image_that_states_no_orientation(tmp_path: Path) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels()), str(tmp_path / "image.nii"))
    image = read_image(without_orientation(tmp_path / "image.nii"))
    Pillow.fromarray(drawn() * 255).save(tmp_path / "mask.png")
    with pytest.raises(ImageError, match=r"an image \(NIFTI\) whose header does not say"):
        fit_mask(image, read_mask(tmp_path / "mask.png", image=image))


PLANES = {
    "axial": [1, 0, 0, 0, 1, 0],
    "feet first, prone": [1, 0, 0, 0, -1, 0],
    "coronal": [1, 0, 0, 0, 0, -1],
    "sagittal": [0, 1, 0, 0, 0, -1],
    "oblique": [0.8, 0.6, 0, 0, 0, -1],
}


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("suffix", ["nii.gz", "nrrd", "mha"])
def test_a_mask_drawn_on_one_dicom_slice_lies_on_it(
    make_slice, save_dicom, tmp_path: Path, plane: str, suffix: str
) -> None:
    stored = np.where(drawn(), 1124, 1024).astype(np.int16)
    dataset = make_slice(stored, (-210.5, -180.25, 1012.5), PixelSpacing=[0.7, 0.7])
    dataset.ImageOrientationPatient = PLANES[plane]
    path = save_dicom(dataset)
    image = read_image(path)
    fitted = fit_mask(
        image, read_mask(drawn_in_itk(tmp_path / f"mask.{suffix}", path), image=image)
    )
    assert np.all(image.pixels[fitted.region(1)] == 100)
    assert fitted.region(1).sum() == drawn().sum()


def test_a_mask_of_the_next_slice_is_refused(make_slice, save_dicom, tmp_path: Path) -> None:
    one = save_dicom(make_slice(pixels().astype(np.int16), (0.0, 0.0, 10.0)), "one.dcm")
    other = save_dicom(make_slice(pixels().astype(np.int16), (0.0, 0.0, 12.5)), "other.dcm")
    image = read_image(one)
    mask = read_mask(drawn_in_itk(tmp_path / "mask.nii.gz", other), image=image)
    with pytest.raises(ImageError, match="drawn on another image"):
        fit_mask(image, mask)


def test_a_slice_keeps_its_place_when_it_is_converted(make_slice, save_dicom, tmp_path) -> None:
    dataset = make_slice(pixels().astype(np.int16), (-210.5, -180.25, 1012.5))
    dataset.ImageOrientationPatient = PLANES["sagittal"]
    path = save_dicom(dataset)
    image = read_image(path)
    write_nifti(image, tmp_path / "image.nii.gz")
    mask = read_mask(drawn_in_itk(tmp_path / "mask.nrrd", path), image=image)
    converted = read_image(tmp_path / "image.nii.gz")
    assert np.array_equal(converted.pixels, image.pixels)
    assert np.array_equal(fit_mask(converted, mask).labels, drawn())


def test_a_volumes_mask_without_a_header_is_adopted_and_one_of_other_axes_is_not() -> None:
    turned = Geometry((2.0, 0.5, 0.5), (5.0, 6.0, 7.0), (0.0, 0, 1, 1, 0, 0, 0, 1, 0))
    image = Image(np.zeros((3, *SHAPE)), turned)
    labels = np.stack([drawn()] * 3)
    assert np.array_equal(
        fit_mask(image, Mask(labels, Geometry.plain((1.0, 1.0, 1.0))), "adopt").labels, labels
    )
    other = Geometry((2.0, 0.5, 0.5), (5.0, 6.0, 7.0), (-1.0, 0, 0, 0, 1, 0, 0, 0, 1))
    with pytest.raises(ImageError, match="axes that run another way"):
        fit_mask(image, Mask(labels, other), "adopt")


def test_a_segmentation_of_one_slice_lies_in_its_volume(tmp_path: Path) -> None:
    volume = SimpleITK.GetImageFromArray(np.zeros((6, *SHAPE), np.int16))
    volume.SetSpacing((0.8, 0.8, 3.0))
    volume.SetOrigin((-50.0, -60.0, 100.0))
    SimpleITK.WriteImage(volume, str(tmp_path / "ct.nii.gz"))
    segment = SimpleITK.GetImageFromArray(drawn()[None, 2:, 2:])
    segment.SetSpacing((0.8, 0.8, 3.0))
    segment.SetOrigin((-50.0 + 1.6, -60.0 + 1.6, 109.0))
    segment.SetMetaData("Segment0_ID", "Segment_1")
    segment.SetMetaData("Segment0_LabelValue", "1")
    SimpleITK.WriteImage(segment, str(tmp_path / "one.seg.nrrd"))
    image = read_image(tmp_path / "ct.nii.gz")
    mask = fit_mask(image, read_mask(tmp_path / "one.seg.nrrd", image=image))
    expected = np.zeros((6, *SHAPE), bool)
    expected[3] = drawn() == 1
    assert np.array_equal(mask.region(1), expected)


def test_what_no_header_can_know_is_said_of_a_nifti_on_a_radiograph(
    radiograph: Path, tmp_path: Path
) -> None:
    image = read_image(radiograph)
    write_nifti(Mask(drawn(), image.geometry), tmp_path / "mask.nii")
    mask = read_mask(tmp_path / "mask.nii", image=image)
    (doubt,) = doubts_of(image, fit_mask(image, mask))
    assert "drawn on a copy that dcm2niix or the like converted, it is upside down" in doubt


def test_a_mask_of_a_radiograph_whose_spacing_itk_does_not_read_stays_on_its_pixels(
    make_dicom, save_dicom, tmp_path: Path
) -> None:
    path = save_dicom(make_dicom(pixels(), PixelSpacing=[0.2, 0.2]))
    image = read_image(path)
    mask = read_mask(drawn_in_itk(tmp_path / "mask.nii.gz", path), image=image)
    assert np.array_equal(fit_mask(image, mask).labels, drawn())
    assert "programs read from the same DICOM file" in str(mask.provenance["corrected"])
