"""RT Structure Sets as masks: contours, holes, oblique slices, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from trephine.errors import ImageError
from trephine.imaging import read_mask
from trephine.types import Geometry, Image

SHAPE = (6, 20, 24)
SPACING = (2.5, 0.8, 1.1)
RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


def turned() -> np.ndarray:
    """Return the axes of an oblique series, as ITK's direction."""
    a, b = 0.4, 0.3
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return np.asarray(about_x @ about_z)


def volume(direction: np.ndarray | None = None) -> Image:
    axes = np.eye(3) if direction is None else direction
    geometry = Geometry(SPACING, (-30.0, 12.5, 77.0), tuple(axes.ravel().tolist()))
    return Image(np.zeros(SHAPE), geometry)


def in_patient(image: Image, slice_: float, corners: np.ndarray) -> list[float]:
    """Return corners (row, column) on a slice as a contour in the patient's axes."""
    spacing, axes = image.geometry.spacing_mm, np.reshape(image.geometry.direction, (3, 3))
    places = np.column_stack(
        [corners[:, 1], corners[:, 0], np.full(len(corners), slice_)]
    ) * np.array(spacing[::-1])  # fmt: skip
    return [float(v) for v in (np.array(image.geometry.origin_mm) + places @ axes.T).ravel()]


def write(
    path: Path, structures: dict[str, list[list[float]]], kind: str = "CLOSED_PLANAR"
) -> Path:
    """Write a structure set of contours by the structures' names."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RT_STRUCTURE_SET, generate_uid()
    dataset.Modality = "RTSTRUCT"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(structures.items(), start=1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, drawn.ReferencedROINumber = number, name, number
        drawn.ContourSequence = []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType = kind
            contour.NumberOfContourPoints = len(points) // 3
            contour.ContourData = [f"{value:.11g}" for value in points]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = RT_STRUCTURE_SET
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def star(rng: np.random.Generator, middle: tuple[float, float], size: float) -> np.ndarray:
    """Return an outline that bulges in and out."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, 17))
    radii = size * rng.uniform(0.6, 1.0, 17)
    return np.column_stack([middle[0] + radii * np.sin(angles), middle[1] + radii * np.cos(angles)])


def slow(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels inside by the turns that an outline makes about each of them."""
    inside = np.zeros(shape, bool)
    for row in range(shape[0]):
        for column in range(shape[1]):
            seen = np.arctan2(corners[:, 0] - row, corners[:, 1] - column)
            turns = np.diff(np.append(seen, seen[0]))
            turns = (turns + np.pi) % (2 * np.pi) - np.pi
            inside[row, column] = round(abs(turns.sum()) / (2 * np.pi)) == 1
    return inside


@pytest.mark.parametrize("direction", [None, turned()])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_contours_with_holes_are_what_turns_about_each_voxel_say(
    tmp_path: Path, direction: np.ndarray | None, seed: int
) -> None:
    rng, image = np.random.default_rng(seed), volume(direction)
    contours, expected = [], np.zeros(SHAPE, bool)
    for slice_ in (1, 2, 3):
        outer, inner = star(rng, (9.3, 11.2), 8.0), star(rng, (9.1, 11.4), 3.0)
        contours += [in_patient(image, slice_, outer), in_patient(image, slice_, inner)]
        expected[slice_] = slow(outer, SHAPE[1:]) ^ slow(inner, SHAPE[1:])
    mask = read_mask(write(tmp_path / "rt.dcm", {"lesion": contours}), image=image)
    assert dict(mask.names) == {"lesion": 1}
    np.testing.assert_array_equal(mask.region("lesion"), expected)


def test_squares_that_share_an_edge_share_no_voxel(tmp_path: Path) -> None:
    image = volume()
    one = np.array([(2.0, 2.0), (2.0, 8.0), (6.0, 8.0), (6.0, 2.0)])
    below = one + np.array([4.0, 0.0])
    both = {"a": one, "b": below}
    sets = {name: [in_patient(image, k, c) for k in (1, 2)] for name, c in both.items()}
    mask = read_mask(write(tmp_path / "rt.dcm", sets), image=image)
    assert not mask.overlapping
    assert [int(mask.region(name).sum()) for name in ("a", "b")] == [2 * 4 * 6] * 2


def test_structures_that_overlap_are_refused_when_asked_for(tmp_path: Path) -> None:
    image = volume()
    one = np.array([(2.0, 2.0), (2.0, 8.0), (6.0, 8.0), (6.0, 2.0)])
    sets = {name: [in_patient(image, 1, one + shift)] for name, shift in (("a", 0.0), ("b", 2.0))}
    mask = read_mask(write(tmp_path / "rt.dcm", sets), image=image)
    with pytest.raises(ImageError, match="shares no pixel with another"):
        mask.region("a")


def test_a_structure_in_two_parts_is_no_gap_and_every_second_slice_is(tmp_path: Path) -> None:
    image = volume()
    square = np.array([(2.0, 2.0), (2.0, 8.0), (6.0, 8.0), (6.0, 2.0)])
    parts = {"a": [in_patient(image, k, square) for k in (0, 1, 4, 5)]}
    assert read_mask(write(tmp_path / "parts.dcm", parts), image=image).region("a").sum() == 4 * 24
    every = {"a": [in_patient(image, k, square) for k in (0, 2, 4)]}
    with pytest.raises(ImageError, match="every 2 slices one"):
        read_mask(write(tmp_path / "every.dcm", every), image=image)


@pytest.mark.parametrize(
    ("slice_", "kind", "told"),
    [
        (1.4, "CLOSED_PLANAR", "between them"),
        (9, "CLOSED_PLANAR", "belongs to another image"),
        (1, "OPEN_PLANAR", "an open one"),
        (1, "POINT", "expected structures with closed contours"),
    ],
)
def test_what_cannot_be_a_region_is_refused(
    tmp_path: Path, slice_: float, kind: str, told: str
) -> None:
    image = volume()
    square = np.array([(2.0, 2.0), (2.0, 8.0), (6.0, 8.0)])
    file = write(tmp_path / "rt.dcm", {"a": [in_patient(image, slice_, square)]}, kind)
    with pytest.raises(ImageError, match=told):
        read_mask(file, image=image)
    with pytest.raises(ImageError, match="beside it, found none"):
        read_mask(file)
