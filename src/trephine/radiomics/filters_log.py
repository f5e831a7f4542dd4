"""Laplacian of Gaussian on a window round the region."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from trephine.radiomics.derived import DerivedImage, box_within, in_region, margin_around
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.recursive_gaussian import REACH, filter_axis, recursive_filter


def log_name(sigma: float) -> str:
    """Return PyRadiomics' name of the image type, such as ``log-sigma-1-0-mm-3D``."""
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"


def laplacian_of_gaussian(prepared: PreparedImage, sigma: float) -> DerivedImage:
    """Return the scale-normalised Laplacian of Gaussian.

    ITK's LaplacianRecursiveGaussianImageFilter: along each axis x, y(, z), the second derivative,
    then smoothing along the others, summed. Here only the samples that reach the region are
    filtered.

    Parameters
    ----------
    sigma
        Standard deviation in mm.

    Returns
    -------
    DerivedImage
        Without values where the image has fewer than 4 voxels, or fewer than sigma, along an axis:
        PyRadiomics then leaves the image type out.
    """
    name = log_name(sigma)
    spacing = prepared.geometry.spacing_mm
    needed = [max(4, math.ceil(sigma / step) + 1) for step in spacing]
    if any(extent < least for extent, least in zip(prepared.pixels.shape, needed, strict=True)):
        return DerivedImage(
            name,
            None,
            f"sigma {sigma:g} mm needs an image of at least {tuple(needed)} voxels, it has"
            f" {prepared.pixels.shape}",
        )
    window = margin_around(prepared, tuple(math.ceil(REACH * sigma / step) for step in spacing))
    box = box_within(prepared, window)
    pixels = prepared.window(window)
    total: npt.NDArray[np.float32] = np.zeros([part.stop - part.start for part in box], np.float32)
    itk_axes = range(pixels.ndim - 1, -1, -1)  # x is the last array axis
    for axis in itk_axes:
        response: npt.NDArray[np.floating] = pixels
        for order, other in [(2, axis), *((0, other) for other in itk_axes if other != axis)]:
            recursion = recursive_filter(
                sigma / spacing[other], 2 if order else 0, gain=sigma**2 if order else 1.0
            )
            response = filter_axis(response, other, box[other], recursion)
        total = (total + response.astype(np.float64) / spacing[axis] ** 2).astype(np.float32)
    return DerivedImage(name, in_region(prepared, total))
