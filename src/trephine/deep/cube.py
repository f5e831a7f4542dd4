"""From a region in a volume to what a network of three dimensions sees: a cube, grey in [0, 1]."""

from __future__ import annotations

import numpy as np

from trephine.choices import Side, VolumeAxes
from trephine.deep.crop import Framing, grey_range, scaled
from trephine.deep.resize import resize
from trephine.errors import ImageError
from trephine.types import BoolArray, FloatArray, Image, IntArray


def region_cube(
    image: Image,
    region: BoolArray,
    framing: Framing,
    depth: int,
    axes: VolumeAxes,
    side: Side | None = None,
) -> FloatArray:
    """Cut a region out of its volume as the network takes it.

    The bounding box, widened by the margin, is made a cube in millimetres about its centre, and
    resized with antialiasing along each axis. Where the cube leaves the volume, the border's
    voxels are repeated.

    Parameters
    ----------
    image, region
        A volume (slices, rows, columns).
    framing
        How much is shown, and in which greys; ``size`` is that of rows and columns.
    depth
        Slices of the result.
    axes
        Order of the result's axes: ``zyx`` as the volume's, or ``xyz``.
    side
        ``L`` mirrors the volume along its columns first.

    Returns
    -------
    ndarray
        Grey in [0, 1], shape (depth, size, size), or the reverse for ``xyz``.

    Raises
    ------
    ImageError
        If the image is no volume, or the region is empty or without contrast.
    """
    if image.pixels.ndim != 3 or region.shape != image.pixels.shape:
        raise ImageError("deep crop: expected a volume and its region, found a picture")
    if not region.any():
        raise ImageError("deep crop: expected a region, found an empty one; check the mask")
    pixels, drawn = image.pixels, region
    if side == "L":
        pixels, drawn = pixels[:, :, ::-1], drawn[:, :, ::-1]
    index, on_image = _cube(drawn, image.geometry.spacing_mm, framing.margin)
    shown, inside = pixels[np.ix_(*index)], drawn[np.ix_(*index)] & on_image
    limits = grey_range(shown, inside, image.pixels, framing)
    grey = scaled(shown, inside, limits, framing)
    planes = np.stack([resize(plane, (framing.size, framing.size)) for plane in grey])
    whole = resize(planes.reshape(len(planes), -1).T, (framing.size**2, depth)).T
    cube = whole.reshape(depth, framing.size, framing.size)
    return cube if axes == "zyx" else cube.transpose(2, 1, 0)


def _cube(
    region: BoolArray, spacing: tuple[float, ...], margin: float
) -> tuple[list[IntArray], BoolArray]:
    """Return the indices along each axis, held to the volume, and which voxels lie in it."""
    occupied = [
        np.flatnonzero(region.any(axis=tuple(other for other in range(3) if other != axis)))
        for axis in range(3)
    ]
    extents = [(on[-1] + 1 - on[0]) * step for on, step in zip(occupied, spacing, strict=True)]
    longest = max(extents) * (1.0 + 2.0 * margin)
    index, there = [], []
    for on, step, length in zip(occupied, spacing, region.shape, strict=True):
        count = max(1, int(np.ceil(longest / step - 1e-6)))
        first = int(np.floor(0.5 * float(on[0] + on[-1] + 1) - 0.5 * count + 0.5))
        steps = np.arange(first, first + count)
        index.append(np.clip(steps, 0, length - 1))
        there.append((steps >= 0) & (steps < length))
    inside: BoolArray = there[0][:, None, None] & there[1][:, None] & there[2]
    return index, inside
