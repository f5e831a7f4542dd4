"""3D Slicer's ``.seg.nrrd``: segments in layers, cropped to what was drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.errors import ImageError
from trephine.imaging.affine import flatten
from trephine.imaging.itk import ITK, geometry_of_itk
from trephine.imaging.itk_file import read_itk
from trephine.imaging.label_maps import put_segment
from trephine.types import Mask


@dataclass(frozen=True)
class _Segment:
    name: str
    layer: int
    value: int
    label: int


def is_slicer_segmentation(path: Path) -> bool:
    """Tell 3D Slicer's segmentation from a plain NRRD by its header."""
    with path.open("rb") as file:
        header = file.read(1 << 16).split(b"\n\n", 1)[0]
    return b"Segment0_ID" in header or b"Segmentation_" in header


def read_slicer_segmentation(path: Path) -> Mask:
    """Read a ``.seg.nrrd``.

    Returns
    -------
    Mask
        On the file's own, cropped grid, with the segments' label values. Where segments of
        several layers share a value, it names none of them: they are to be had by their names,
        and get numbers that the file does not use. Segments that overlap are refused when one of
        them is asked for; the others are whole.

    Raises
    ------
    ImageError
        If the file is damaged.
    """
    image, _ = read_itk(path)
    layers = image.GetNumberOfComponentsPerPixel()
    values = ITK.GetArrayFromImage(image)
    values = values[..., None] if layers == 1 else values
    if values.ndim != 4:
        raise ImageError(f"{path.name}: expected three axes, found {values.ndim - 1}")
    segments = _segments(image, path.name)
    _check_layers(segments, layers, path.name)
    labels, overlapping = values[..., 0].astype(np.int32), set[int]()
    if layers > 1:
        labels, overlapping = _merge(values, segments)
    geometry = geometry_of_itk(image)
    orientation = "as stored"
    if labels.shape[0] == 1:
        plane, geometry, orientation = flatten(labels.astype(np.float64), geometry)
        labels = plane.astype(np.int32)
    provenance: dict[str, str | float | int | bool | None] = {
        "format": "3D Slicer segmentation",
        "orientation": orientation,
        "segments": len(segments),
    }
    names = {segment.name: segment.label for segment in segments}
    shared = tuple(sorted({s.value for s in segments if s.label != s.value}))
    return Mask(labels, geometry, provenance, names, shared, tuple(sorted(overlapping)))


def _segments(image: Any, name: str) -> list[_Segment]:
    keys = set(image.GetMetaDataKeys())

    def entry(stem: str, field: str, otherwise: str) -> str:
        return str(image.GetMetaData(stem + field)).strip() if stem + field in keys else otherwise

    found: list[tuple[str, int, int]] = []
    while f"Segment{len(found)}_ID" in keys:
        stem, number = f"Segment{len(found)}_", str(len(found) + 1)
        called = entry(stem, "Name", "") or entry(stem, "ID", number)
        try:
            layer, value = int(entry(stem, "Layer", "0")), int(entry(stem, "LabelValue", number))
        except ValueError:
            raise ImageError(
                f"{name}: expected whole numbers as layer and label value of segment {number},"
                " found others; save it again in 3D Slicer"
            ) from None
        found.append((called, layer, value))
    values = [value for _, _, value in found]
    free = max([1000, *values])
    segments = []
    for position, (called, layer, value) in enumerate(found, start=1):
        label = value if values.count(value) == 1 else free + position
        segments.append(_Segment(called, layer, value, label))
    return segments


def _check_layers(segments: list[_Segment], layers: int, name: str) -> None:
    """Refuse what cannot be read one way only.

    Raises
    ------
    ImageError
        If a segment's layer is not in the file, or two segments are the same pixels or share a
        name.
    """
    if any(not 0 <= segment.layer < layers for segment in segments):
        raise ImageError(
            f"{name}: expected the layers that its segments name, found {layers}; it is damaged"
        )
    for what, keys in (
        ("one label value in one layer", [(s.layer, s.value) for s in segments]),
        ("one name", [s.name for s in segments]),
    ):
        if len(set(keys)) < len(keys):
            raise ImageError(
                f"{name}: expected segments apart, found two with {what}; rename or number them"
                " apart in 3D Slicer"
            )


def _merge(
    values: npt.NDArray[np.generic], segments: list[_Segment]
) -> tuple[npt.NDArray[np.int32], set[int]]:
    """Return the layers as one label map, and the labels of segments that share pixels."""
    labels = np.zeros(values.shape[:-1], np.int32)
    overlapping: set[int] = set()
    for segment in segments:
        put_segment(labels, values[..., segment.layer] == segment.value, segment.label, overlapping)
    return labels, overlapping
