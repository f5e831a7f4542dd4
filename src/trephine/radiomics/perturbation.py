"""Perturbed copies of an image and its region: noise, turn and shift, size, contour.

Zwanenburg et al. (2019, Sci Rep 9:614) judge features by how little they change under these where
no second rater and no second scan is there. Their chain is followed in its order; amounts are drawn
for each copy instead of going through a list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.ndimage import affine_transform, distance_transform_edt
from skimage.segmentation import slic

from trephine.errors import ImageError
from trephine.radiomics.quality import noise_level
from trephine.radiomics.recursive_gaussian import REACH
from trephine.radiomics.region import bounding_box
from trephine.radiomics.settings import RadiomicsSettings
from trephine.radiomics.settings_perturbation import PerturbationSettings
from trephine.types import BoolArray, FloatArray, Image, IntArray, Mask

Slices = tuple[slice, ...]

# Round the region, beyond what filters look at: wavelets, patterns and gradients reach no further.
_MARGIN = 16
# A cubic spline's memory of its end.
_SPLINE = 12
# A supervoxel is as large as this, or a fiftieth of the region where that is less: mm2 and mm3.
_SUPERVOXEL = {2: 40.0, 3: 250.0}
_FEWEST_IN_REGION = 50
_SMALLEST_SUPERVOXEL = 4
_SURELY_IN, _SURELY_OUT = 0.9, 0.2
_ROUND_SUPERVOXELS_MM = 10.0


def perturb(
    image: Image,
    region: BoolArray,
    settings: PerturbationSettings,
    measured: RadiomicsSettings,
    rng: np.random.Generator,
) -> tuple[Image, Mask]:
    """Return a perturbed copy of an image and of a region, which has label 1.

    Parameters
    ----------
    image
        As it was taken; it stays as it is.
    region
        Shape of the image.
    settings
        Which changes, and how large they may be.
    measured
        How the copy will be measured: what its filters look at is perturbed, and further away the
        image stays as it is, so that the statistics by which it is normalised do too.
    rng
        Of this copy.

    Raises
    ------
    ImageError
        If nothing is left of the region.
    """
    spacing = image.geometry.spacing_mm
    reach = [_reach(step, measured) for step in spacing]
    window = _around(bounding_box(region), reach, region.shape)
    turn = _turn(region, settings, spacing, rng)
    source = _around(window, turn.displacement(window, spacing), region.shape)
    grey = image.pixels[source].astype(np.float64)
    if settings.noise:
        noise = settings.noise * noise_level(image.pixels[window])
        grey = grey + noise * rng.standard_normal(grey.shape)
    changed = image.pixels.astype(np.float64)
    changed[window] = turn.applied(grey, source, window, order=3)
    moved = np.zeros(region.shape, dtype=np.bool_)
    drawn = turn.applied(region[source].astype(np.float64), source, window, order=1)
    moved[window] = drawn >= 0.5
    moved = _resized(moved, settings.growth, spacing, rng)
    if settings.supervoxels:
        moved = _along_supervoxels(changed, moved, spacing, rng)
    provenance = {**image.provenance, "pixel_type": None}  # no longer the file's whole numbers
    copy = Image(changed, image.geometry, provenance)
    return copy, Mask(moved.astype(np.int64), image.geometry)


class _Turn(NamedTuple):
    """A rotation in the plane of the last two axes about a point, and a shift, in voxels."""

    matrix: FloatArray
    centre: FloatArray
    shift: FloatArray

    def displacement(self, window: Slices, spacing: Sequence[float]) -> list[int]:
        """Return how far along each axis the pixels lie that come into a window."""
        half = [part.stop - part.start for part in window]
        far = np.abs(self.matrix - np.eye(len(spacing))) @ np.array(half, dtype=np.float64)
        return [math.ceil(one) + _SPLINE for one in far + np.abs(self.shift)]

    def applied(
        self, pixels: FloatArray, source: Slices, window: Slices, order: Literal[1, 3]
    ) -> FloatArray:
        """Return a window of the image as it looks turned and shifted."""
        first = np.array([part.start for part in window], dtype=np.float64)
        own = np.array([part.start for part in source], dtype=np.float64)
        middle = self.centre
        offset = self.matrix @ (first - middle - self.shift) + middle - own
        shape = tuple(part.stop - part.start for part in window)
        turned: FloatArray = affine_transform(
            pixels, self.matrix, offset, shape, order=order, mode="nearest"
        )
        return turned


def _turn(
    region: BoolArray,
    settings: PerturbationSettings,
    spacing: Sequence[float],
    rng: np.random.Generator,
) -> _Turn:
    angle = math.radians(settings.rotation_degrees) * rng.uniform(-1.0, 1.0)
    shift = settings.translation_voxels * rng.uniform(-1.0, 1.0, region.ndim)
    matrix = np.eye(region.ndim)
    cosine, sine = math.cos(angle), math.sin(angle)
    # A turn in mm, on pixels that need not be square.
    tall, wide = spacing[-2:]
    matrix[-2:, -2:] = [[cosine, -sine * wide / tall], [sine * tall / wide, cosine]]
    centre = np.array([axis.mean() for axis in np.nonzero(region)])
    return _Turn(matrix, centre, shift)


def _reach(step: float, settings: RadiomicsSettings) -> int:
    """Return how many voxels from the region a filter may look, and some."""
    if "Response" in settings.imageType:
        return 10**6  # kernels of any size: the whole image
    own = [kind.get("sigma") or () for kind in settings.imageType.values()]
    sigmas = [sigma for some in (settings.sigma, *own) for sigma in some]
    return _MARGIN + math.ceil(REACH * max(sigmas, default=0.0) / step)


def _around(box: Slices, margin: Sequence[int], shape: Sequence[int]) -> Slices:
    """Return a box with a margin along each axis, within the image."""
    return tuple(
        slice(max(part.start - wide, 0), min(part.stop + wide, extent))
        for part, wide, extent in zip(box, margin, shape, strict=True)
    )


def _resized(
    region: BoolArray, growth: float, spacing: Sequence[float], rng: np.random.Generator
) -> BoolArray:
    """Return a region with a share more or fewer voxels, those nearest its border.

    Of voxels that are equally near, some by chance.
    """
    voxels = _voxels(region)
    wanted = max(round(voxels * (1.0 + growth * rng.uniform(-1.0, 1.0))), 1)
    if wanted == voxels:
        return region
    box = bounding_box(region)
    margin = [max(4, (part.stop - part.start) // 2) for part in box]
    part = _around(box, margin, region.shape)
    inside = region[part]
    if inside.all():
        return region  # it fills the image
    outward = distance_transform_edt(~inside, sampling=spacing)
    outward -= distance_transform_edt(inside, sampling=spacing)
    nearest = np.lexsort((rng.random(inside.size), outward.ravel()))[:wanted]
    chosen = np.zeros(inside.size, dtype=np.bool_)
    chosen[nearest] = True
    resized = np.zeros(region.shape, dtype=np.bool_)
    resized[part] = chosen.reshape(inside.shape)
    return resized


def _along_supervoxels(
    pixels: FloatArray, region: BoolArray, spacing: Sequence[float], rng: np.random.Generator
) -> BoolArray:
    """Return a region drawn anew along the supervoxels of its surroundings."""
    around = [max(8, math.ceil(_ROUND_SUPERVOXELS_MM / step)) for step in spacing]
    if region.ndim == 3 and region.shape[0] == 1:
        around[0] = 0
    part = _around(bounding_box(region), around, region.shape)
    inside = region[part]
    labels = _supervoxels(pixels[part], _voxels(region), spacing)
    size = np.bincount(labels.ravel())
    covered = np.bincount(labels.ravel(), weights=inside.ravel()) / np.maximum(size, 1)
    chosen = covered > rng.random(size.size)
    chosen[covered >= _SURELY_IN] = True
    chosen[covered < _SURELY_OUT] = False
    drawn = np.zeros(region.shape, dtype=np.bool_)
    drawn[part] = chosen[labels]
    _voxels(drawn)
    return drawn


def _supervoxels(pixels: FloatArray, voxels: int, spacing: Sequence[float]) -> IntArray:
    """Return the supervoxel of each voxel (Achanta et al. 2012), from 0.

    Grey values beyond the 1st and 99th percentile do not count: metal would take all contrast.
    """
    low, high = np.percentile(pixels, (1.0, 99.0))
    grey = np.clip(pixels, low, high)
    flat = grey.shape[0] == 1  # a single slice of a volume
    grey = grey[0] if flat else grey
    steps = spacing[1:] if flat else spacing
    physical = _SUPERVOXEL[grey.ndim] / math.prod(steps)
    wanted = max(min(physical, voxels / _FEWEST_IN_REGION), _SMALLEST_SUPERVOXEL)
    labels: IntArray = slic(
        grey,
        n_segments=max(round(grey.size / wanted), 2),
        compactness=0.1,
        # Grain alone would tear them to pieces.
        sigma=(1.0,) * grey.ndim,
        spacing=tuple(steps),
        channel_axis=None,
        start_label=0,
    )
    return labels[np.newaxis] if flat else labels


def _voxels(region: BoolArray) -> int:
    voxels = int(np.count_nonzero(region))
    if not voxels:
        raise ImageError("region: expected voxels in its perturbed copy, found none left")
    return voxels
