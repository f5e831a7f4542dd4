"""RT Structure Set: closed contours on the slices of a CT or MR series, as a label map.

A voxel belongs to a structure where its middle lies inside an odd number of the structure's
contours on its slice: a contour within another is a hole, as planning systems write them beside
the keyhole of the standard (PS3.3 C.8.8.6.3). A voxel whose middle lies on a contour counts on its
first side and not on its last, so that neighbours that share an edge share no voxel. Nothing is
drawn between slices: a structure that skips slices regularly was drawn on another series.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from trephine.errors import ImageError
from trephine.imaging.label_maps import Labels, put_segment
from trephine.types import FloatArray, Geometry, Image, Mask

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
# How far the points of a contour may lie from their slice, as a part of the step between slices.
_OFF_SLICE = 0.1
# Places are known to so many decimals of a voxel: numbers in a file have 16 signs at most, and what
# lies on a voxel's middle must not come to lie beside it.
_DECIMALS = 7


def structures_of(dataset: Dataset, name: str, image: Image | None) -> Mask:
    """Return the structures of a set on the grid of the image that they were drawn on.

    Parameters
    ----------
    dataset
        Of the RT Structure Set.
    name
        What errors call the file.
    image
        A volume; contours have no grid of their own.

    Returns
    -------
    Mask
        Labels are the ROI Numbers, names the ROI Names. Structures that overlap are refused when
        one of them is asked for; points of interest are no regions and left out.

    Raises
    ------
    ImageError
        If there is no volume, or contours are open, do not lie on its slices, or skip slices
        regularly.
    """
    if image is None or image.pixels.ndim != 3:
        found = "none" if image is None else "a flat image"
        raise ImageError(
            f"{name}: expected the CT or MR series that an RT Structure Set was drawn on beside it,"
            f" found {found}"
        )
    called = _names(dataset, name)
    labels: Labels = np.zeros(image.pixels.shape, np.int32)
    overlapping: set[int] = set()
    drawn: dict[str, int] = {}
    for number, contours in _contours(dataset, name):
        roi = called.get(number, "")
        where = f"{name}, structure {len(drawn) + 1} in order"
        region = _region(contours, image, where)
        if region is not None:
            put_segment(labels, region, number, overlapping)
            drawn[roi or str(number)] = number
    if not drawn:
        raise ImageError(f"{name}: expected structures with closed contours, found none")
    return Mask(
        labels,
        image.geometry,
        {"format": "RTSTRUCT"},
        drawn,
        overlapping=tuple(sorted(overlapping)),
    )


def _names(dataset: Dataset, name: str) -> dict[int, str]:
    """Return the names of the structures by number; two of one name name nothing."""
    found: dict[int, str] = {}
    for item in dataset.get("StructureSetROISequence") or []:
        try:
            number = int(item.ROINumber)
        except (AttributeError, TypeError, ValueError):
            raise ImageError(f"{name}: expected a number of each structure, found none") from None
        if not 0 < number < 1 << 31 or number in found:
            raise ImageError(
                f"{name}: expected structures numbered from 1, each once, found {number}"
            )
        found[number] = str(item.get("ROIName") or "").strip()
    names = list(found.values())
    return {n: text if names.count(text) == 1 else "" for n, text in found.items()}


def _contours(dataset: Dataset, name: str) -> Iterator[tuple[int, list[FloatArray]]]:
    """Yield the closed contours of each structure as points (x, y, z) in the patient."""
    for item in dataset.get("ROIContourSequence") or []:
        points = []
        for contour in item.get("ContourSequence") or []:
            kind = str(contour.get("ContourGeometricType") or "").strip()
            if kind == "POINT":
                continue
            if kind not in _CLOSED:
                raise ImageError(
                    f"{name}: expected closed contours, found an open one; close it in the program"
                    " that drew it"
                )
            points.append(_points(contour.get("ContourData"), name))
        if points:
            yield int(item.ReferencedROINumber), points


def _points(data: object, name: str) -> FloatArray:
    try:
        values = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or values.size < 9 or values.size % 3 or not np.isfinite(values).all():
        raise ImageError(
            f"{name}: expected contours of three points at least, each of three numbers, found"
            " another; the file is damaged"
        )
    return values.reshape(-1, 3)


def _region(contours: list[FloatArray], image: Image, where: str) -> npt.NDArray[np.bool_] | None:
    """Return the voxels of one structure."""
    region = np.zeros(image.pixels.shape, dtype=np.bool_)
    slices = set()
    for points in contours:
        places = _on_grid(points, image.geometry)
        middle = round(float(places[:, 0].mean()))
        if np.abs(places[:, 0] - middle).max() > _OFF_SLICE:
            raise ImageError(
                f"{where}: expected contours on the slices of the image, found one between them or"
                " across them; it was drawn on another series"
            )
        if not 0 <= middle < len(region):
            raise ImageError(
                f"{where}: expected contours on the slices of the image, found one beyond them; it"
                " belongs to another image"
            )
        region[middle] ^= filled(places[:, 1:], image.pixels.shape)
        slices.add(middle)
    _refuse_skipped(sorted(slices), where)
    return region


def _refuse_skipped(slices: list[int], where: str) -> None:
    steps = set(np.diff(slices).tolist())
    if len(slices) > 2 and steps and min(steps) > 1:
        raise ImageError(
            f"{where}: expected contours on neighbouring slices, found every"
            f" {min(steps)} slices one; fill in the others in the program that drew it"
        )


def _on_grid(points: FloatArray, geometry: Geometry) -> FloatArray:
    """Return places (slice, row, column) of points in the patient, in voxels."""
    direction = np.asarray(geometry.direction).reshape(3, 3)
    along = (points - np.asarray(geometry.origin_mm)) @ np.linalg.inv(direction).T
    places: FloatArray = along[:, ::-1] / np.asarray(geometry.spacing_mm)
    return np.round(places, _DECIMALS)


def filled(corners: FloatArray, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return the pixels whose middles lie inside a closed polygon, by the even-odd rule.

    Parameters
    ----------
    corners
        (row, column) of m corners, shape (m, 2), in pixels; the last is joined to the first.
    shape
        Of the plane, or of a volume of such planes.
    """
    *_, n_rows, n_columns = shape
    inside = np.zeros((n_rows, n_columns), dtype=np.bool_)
    rows, columns = corners[:, 0], corners[:, 1]
    next_rows, next_columns = np.roll(rows, -1), np.roll(columns, -1)
    first = max(int(np.ceil(rows.min())), 0)
    last = min(int(np.floor(rows.max())), n_rows - 1)
    for row in range(first, last + 1):
        crossed = (rows <= row) != (next_rows <= row)
        part = (row - rows[crossed]) / (next_rows[crossed] - rows[crossed])
        at = np.sort(columns[crossed] + part * (next_columns[crossed] - columns[crossed]))
        ends = np.clip(np.ceil(at), 0, n_columns).astype(np.int64)
        for start, stop in zip(ends[::2], ends[1::2], strict=True):
            inside[row, start:stop] ^= True
    return inside
