"""Feature maps as PyRadiomics hands them over: SimpleITK images round the region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trephine.errors import InputError
from trephine.imaging.itk import ITK, itk_image
from trephine.radiomics.maps import feature_maps
from trephine.radiomics.names import feature_names
from trephine.radiomics.region import locate
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray, Image, Mask


def map_images(
    image: Image, mask: Mask, settings: RadiomicsSettings, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Measure every voxel of a region, as PyRadiomics 3.0.1 does with ``voxelBased=True``.

    Parameters
    ----------
    image, mask, settings
        As in ``feature_maps``; shape has no map.
    given
        ``kernelRadius`` (1), ``initValue`` outside the region (0) and ``maskedKernel``, of which
        only True is known.

    Returns
    -------
    dict
        PyRadiomics' names to SimpleITK images of the region's box and ``kernelRadius`` voxels more.

    Raises
    ------
    InputError, ImageError
        As ``feature_maps``, and if ``maskedKernel`` is off.
    """
    radius = int(given.get("kernelRadius", 1))
    box, _ = locate(mask, settings.label)
    first = [max(part.start - radius, 0) for part in box]
    stops = [
        min(part.stop + radius, extent)
        for part, extent in zip(box, image.pixels.shape, strict=True)
    ]
    size = [stop - start for start, stop in zip(first, stops, strict=True)]
    return {
        name: ITK.RegionOfInterest(itk_image(whole, image.geometry), size[::-1], first[::-1])
        for name, whole in whole_maps(image, mask, settings, given)
    }


def whole_maps(
    image: Image, mask: Mask, settings: RadiomicsSettings, given: Mapping[str, Any]
) -> Iterator[tuple[str, FloatArray]]:
    """Yield names and maps of the image's shape, in PyRadiomics' order; see ``map_images``."""
    if not given.get("maskedKernel", True):
        raise InputError("maskedKernel: expected True, found False; kernels keep to the region")
    maps = feature_maps(image, mask, settings, radius=int(given.get("kernelRadius", 1)), only="*")
    box, region = locate(mask, settings.label)
    for name in feature_names(settings, image.pixels.ndim):
        if name in maps:
            whole = np.full(image.pixels.shape, float(given.get("initValue", 0)))
            whole[box][region] = maps[name][box][region]
            yield name, whole
