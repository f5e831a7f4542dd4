"""Resampling of image and mask as IBSI describes it: grids that share their centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import affine_transform

from trephine.errors import InputError
from trephine.radiomics.region import locate
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray, Geometry, Image, Mask

_Order = Literal[0, 1, 3]
_ORDERS: dict[str, _Order] = {"sitkNearestNeighbor": 0, "sitkLinear": 1, "sitkBSpline": 3}
# Voxels from which on a spline does not feel where its samples end (0.27^16 < 1e-9).
_MARGIN = 16


@dataclass(frozen=True)
class _Axis:
    """One axis of the new grid: its voxel k lies at ``first + k * step`` of the old one."""

    first: float
    step: float
    count: int

    def around(self, part: slice, margin: int) -> slice:
        """Return the new voxels round a part of the old axis, with a margin."""
        low = (part.start - 0.5 - self.first) / self.step
        high = (part.stop - 0.5 - self.first) / self.step
        return slice(
            max(int(np.floor(low)) - margin, 0), min(int(np.ceil(high)) + 1 + margin, self.count)
        )


def resample_pair_ibsi(
    image: Image, mask: Mask, settings: RadiomicsSettings, label: int
) -> tuple[Image, Mask]:
    """Resample image and mask to ``resampledPixelSpacing``, cropped to the region and a margin.

    IBSI reference manual 2.4: the new grid has ceil(extent / spacing) voxels an axis and the old
    one's centre; beyond the outermost centres the image stays as it is there. An image of whole
    numbers is rounded to whole numbers; the mask is interpolated linearly and taken from a half.

    Parameters
    ----------
    image, mask
        On one grid.
    settings
        ``resampledPixelSpacing`` (x, y(, z); 0 keeps an axis), ``interpolator`` (nearest
        neighbour, linear or B-spline, which is cubic) and ``padDistance`` are used.

    Raises
    ------
    InputError
        If the spacing has other than the image's number of axes, or IBSI has no such interpolator.
    ImageError
        If the label is absent.
    """
    wanted = (settings.resampledPixelSpacing or ())[::-1]
    if len(wanted) != image.pixels.ndim:
        raise InputError(
            f"resampledPixelSpacing: expected {image.pixels.ndim} values (x, y"
            f"{', z' if image.pixels.ndim == 3 else ''}), found {len(wanted)}"
        )
    if settings.interpolator not in _ORDERS:
        raise InputError(
            f"interpolator: expected {', '.join(_ORDERS)} with definitions = 'ibsi', found"
            f" {settings.interpolator}"
        )
    old = image.geometry.spacing_mm
    new = tuple(w or spacing for w, spacing in zip(wanted, old, strict=True))
    axes = [_axis(n, a, b) for n, a, b in zip(image.pixels.shape, old, new, strict=True)]
    box, _ = locate(mask, label)
    parts = tuple(
        axis.around(part, settings.padDistance) for axis, part in zip(axes, box, strict=True)
    )
    pixels = _interpolated(image.pixels, axes, parts, _ORDERS[settings.interpolator])
    if np.array_equal(image.pixels, np.rint(image.pixels)):
        pixels = np.rint(pixels)
    inside = _interpolated((mask.labels == label).astype(np.float64), axes, parts, 1) >= 0.5 - 1e-9
    geometry = _geometry(image.geometry, axes, parts, new)
    return Image(pixels, geometry), Mask(inside.astype(np.int64) * label, geometry)


def _axis(extent: int, old: float, new: float) -> _Axis:
    count = max(int(np.ceil(extent * old / new - 1e-9)), 1)
    return _Axis(((extent - 1) - (count - 1) * new / old) / 2.0, new / old, count)


def _interpolated(
    pixels: FloatArray, axes: list[_Axis], parts: tuple[slice, ...], order: _Order
) -> FloatArray:
    """Return the values at a part of the new grid, from what lies round it of the old one."""
    firsts = [axis.first + axis.step * part.start for axis, part in zip(axes, parts, strict=True)]
    lasts = [axis.first + axis.step * (p.stop - 1) for axis, p in zip(axes, parts, strict=True)]
    window = tuple(
        slice(max(int(np.floor(a)) - _MARGIN, 0), min(int(np.ceil(b)) + _MARGIN + 1, extent))
        for a, b, extent in zip(firsts, lasts, pixels.shape, strict=True)
    )
    offset = [first - part.start for first, part in zip(firsts, window, strict=True)]
    found: FloatArray = affine_transform(
        np.ascontiguousarray(pixels[window]),
        [axis.step for axis in axes],
        offset,
        tuple(part.stop - part.start for part in parts),
        order=order,
        mode="nearest",
    )
    return found


def _geometry(
    geometry: Geometry, axes: list[_Axis], parts: tuple[slice, ...], spacing: tuple[float, ...]
) -> Geometry:
    """Return where the part of the new grid lies."""
    starts = [
        (axis.first + axis.step * part.start) * old
        for axis, part, old in zip(axes, parts, geometry.spacing_mm, strict=True)
    ]
    direction = np.reshape(geometry.direction, (len(axes), len(axes)))
    origin = np.asarray(geometry.origin_mm) + direction @ np.array(starts[::-1])
    return Geometry(spacing, tuple(origin.tolist()), geometry.direction)
