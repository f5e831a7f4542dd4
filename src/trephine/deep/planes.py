"""The planes of a volume that a two-dimensional network reads: one, three across, or all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.choices import NetworkSlices, Side
from trephine.errors import ImageError
from trephine.types import BoolArray, Geometry, Image


@dataclass(frozen=True)
class Plane:
    """A volume turned so that the plane is one of its slices.

    Attributes
    ----------
    image, region
        With the plane's axis first.
    side
        By which the crop is mirrored; None where left and right lie across the plane, and the
        volume was mirrored instead.
    at
        The slice; None for the one where the region is largest.
    """

    image: Image
    region: BoolArray
    side: Side | None
    at: int | None = None


def planes_of(
    image: Image, region: BoolArray, side: Side | None, slices: NetworkSlices
) -> list[Plane]:
    """Return the planes that are read of one case.

    Parameters
    ----------
    image, region
        A radiograph, or a volume (slices, rows, columns).
    side
        ``L`` is mirrored, along the last axis of the array.
    slices
        ``largest``: the slice where the region is largest. ``orthogonal``: that one and its likes
        along the other two axes of the array. ``all``: each slice that the region lies on.

    Raises
    ------
    ImageError
        If several planes are asked of a radiograph, or the region is empty.
    """
    if slices == "largest":
        return [Plane(image, region, side)]
    if image.pixels.ndim != 3:
        raise ImageError(
            f'deep crop: expected a volume for slices = "{slices}", found a picture of one plane'
        )
    if slices == "all":
        on = np.flatnonzero(region.any(axis=(1, 2)))
        if not on.size:
            raise ImageError("deep crop: expected a region, found an empty one; check the mask")
        return [Plane(image, region, side, int(at)) for at in on]
    return [
        Plane(image, region, side),
        _turned(image, region, side, (1, 0, 2)),
        _turned(image, region, side, (2, 0, 1)),
    ]


def _turned(
    image: Image, region: BoolArray, side: Side | None, axes: tuple[int, int, int]
) -> Plane:
    """Return the plane across another axis, which comes first."""
    pixels, drawn = image.pixels.transpose(axes), region.transpose(axes)
    if axes[0] == 2:  # left and right lie across the plane
        if side == "L":
            pixels, drawn = pixels[::-1], drawn[::-1]
        side = None
    spacing = image.geometry.spacing_mm
    geometry = Geometry.plain(tuple(spacing[axis] for axis in axes))
    turned = replace(image, pixels=np.ascontiguousarray(pixels), geometry=geometry)
    return Plane(turned, np.ascontiguousarray(drawn), side)
