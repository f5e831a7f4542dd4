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
from trephine.types import Mask


@dataclass(frozen=True)
class _Segment:
    layer: int
    value: int


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
        On the file's own, cropped grid. One layer keeps its label values; segments of several
        layers are numbered 1, 2, ... in the order of the file.

    Raises
    ------
    ImageError
        If the file is damaged or two segments overlap.
    """
    try:
        image = ITK.ReadImage(str(path))
    except RuntimeError as error:
        raise ImageError(
            f"{path.name}: expected a whole .seg.nrrd, found one that ITK cannot read"
        ) from error
    layers = image.GetNumberOfComponentsPerPixel()
    values = ITK.GetArrayFromImage(image)
    values = values[..., None] if layers == 1 else values
    if values.ndim != 4:
        raise ImageError(f"{path.name}: expected three axes, found {values.ndim - 1}")
    segments = _segments(image)
    labels = values[..., 0].astype(np.int32) if layers == 1 else _merge(values, segments, path.name)
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
    return Mask(labels, geometry, provenance)


def _segments(image: Any) -> list[_Segment]:
    keys = set(image.GetMetaDataKeys())
    segments: list[_Segment] = []
    while f"Segment{len(segments)}_ID" in keys:
        stem = f"Segment{len(segments)}_"
        layer = image.GetMetaData(stem + "Layer") if stem + "Layer" in keys else "0"
        value = (
            image.GetMetaData(stem + "LabelValue")
            if stem + "LabelValue" in keys
            else str(len(segments) + 1)
        )
        segments.append(_Segment(int(layer), int(value)))
    return segments


def _merge(
    values: npt.NDArray[np.generic], segments: list[_Segment], name: str
) -> npt.NDArray[np.int32]:
    labels = np.zeros(values.shape[:-1], np.int32)
    for number, segment in enumerate(segments, start=1):
        region = values[..., segment.layer] == segment.value
        shared = int(np.count_nonzero(region & (labels > 0)))
        if shared:
            raise ImageError(
                f"{name}: expected segments that do not overlap, found {shared} pixels in segment"
                f" {number} and an earlier one; save each segment to its own file"
            )
        labels[region] = number
    return labels
