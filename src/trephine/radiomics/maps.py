"""Feature maps: every voxel of a region measured by the kernel round it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.radiomics import gldm, glrlm, glszm
from trephine.radiomics.derived import DerivedImage
from trephine.radiomics.image_types import jobs, make
from trephine.radiomics.maps_glcm import MOVING, moving_maps
from trephine.radiomics.maps_sweeps import (
    sweep_dependences,
    sweep_grey,
    sweep_pairs,
    sweep_runs,
    sweep_tones,
    sweep_zones,
)
from trephine.radiomics.names import enabled_features
from trephine.radiomics.neighbourhood import Levels
from trephine.radiomics.offsets import forward_offsets
from trephine.radiomics.prepare import PreparedImage, prepare
from trephine.radiomics.quantise import Quantised, quantise
from trephine.radiomics.region import check_extent, check_pair
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray, Image, IntArray, Mask

MAP_FAMILIES = ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
# In the order of what ``first_order`` returns.
FIRST_ORDER = (
    "10Percentile", "90Percentile", "Energy", "Entropy", "InterquartileRange", "Kurtosis",
    "Maximum", "Mean", "MeanAbsoluteDeviation", "Median", "Minimum", "Range",
    "RobustMeanAbsoluteDeviation", "RootMeanSquared", "Skewness", "StandardDeviation",
    "TotalEnergy", "Uniformity", "Variance",
)  # fmt: skip
_PAIRS = ("MaximumProbability", "MCC")
_TONES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")
# A feature that equals another, or no name of its own: PyRadiomics' deprecated ones.
_EQUAL = {
    ("glcm", "Dissimilarity"): "DifferenceAverage",
    ("glcm", "Homogeneity1"): "Id",
    ("glcm", "Homogeneity2"): "Idm",
    ("glcm", "SumVariance"): "ClusterTendency",
}
_LARGEST_REACH = 50
# Kernels that a thread takes at once.
_PART = 4096


@dataclass(frozen=True)
class _Kernels:
    """The kernels of one image type: grey values and levels in a box with a margin.

    Attributes
    ----------
    region
        Cropped to its bounding box, three axes.
    levels, values
        The same with a margin of ``reach``; 0 and NaN outside the region.
    voxels
        Where the region's voxels lie in ``region``, shape (voxels, 3), in raster order.
    reach
        How far a kernel reaches along each axis, shape (3,).
    offsets, near
        Forward offsets of ``distances``, and those at distance 1, shape (directions, 3).
    """

    region: npt.NDArray[np.bool_]
    quantised: Quantised
    levels: Levels
    values: FloatArray
    voxels: IntArray
    reach: IntArray
    offsets: IntArray
    near: IntArray
    settings: RadiomicsSettings
    voxel_size: float


def feature_maps(
    image: Image,
    mask: Mask,
    settings: RadiomicsSettings,
    *,
    radius: int = 1,
    only: str = "original_*",
) -> dict[str, FloatArray]:
    """Measure the cube (in a plane, the square) round every voxel of a region.

    As PyRadiomics' voxel-based extraction with ``maskedKernel``: filters see the whole image, grey
    levels are those of the whole region, and of a kernel only its voxels in the region count. The
    counts of co-occurrence move along with the kernel (the map of a region of 10^6 voxels takes
    seconds); the other classes are counted anew in each kernel.

    Parameters
    ----------
    image, mask
        As in ``extract_radiomics``; without ``resampledPixelSpacing`` and ``preCrop``, so that a
        map lies on the image's grid.
    settings
        Image types, classes and features, discretisation, distances, plane and label. Shape has no
        map; co-occurrence is symmetrical and unweighted.
    radius
        The kernel's edge is 2 radius + 1 voxels.
    only
        Pattern of the names that are wanted, such as ``*_glcm_*``.

    Returns
    -------
    dict
        Name of each feature to an array of the image's shape, NaN outside the region and where the
        kernel does not define it. Where a direction has no pair, JointAverage is the mean over the
        others, as every feature is; PyRadiomics 3.0.1 gives NaN for that one.

    Raises
    ------
    InputError
        If the settings ask for what a map does not have, or ``only`` matches nothing.
    ImageError
        As ``extract_radiomics``.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Geometry, Image, Mask, RadiomicsSettings
    >>> from trephine.radiomics.maps import feature_maps
    >>> rows, columns = np.mgrid[:12, :12]
    >>> grid = Geometry.plain((1.0, 1.0))
    >>> image = Image(100.0 * (rows // 3 % 2), grid)
    >>> region = Mask(np.ones((12, 12), np.int64), grid)
    >>> settings = RadiomicsSettings(binWidth=50)
    >>> found = feature_maps(image, region, settings, only="original_glcm_Contrast")
    >>> contrast = found["original_glcm_Contrast"]
    >>> round(float(contrast[6, 6]), 2), float(contrast[4, 4])
    (1.5, 0.0)
    """
    _refuse(settings, radius)
    check_pair(image, mask)
    prepared = prepare(image, mask, settings, settings.label)
    check_extent(prepared.cropped_region, settings)
    maps: dict[str, FloatArray] = {}
    for job in jobs(settings, prepared.pixels.ndim):
        names = {name: _wanted(name, job.settings, only) for name in job.names}
        if not any(names.values()):
            continue
        for derived in make(prepared, job):
            for name, values in _of_image(prepared, derived, job.settings, radius, names):
                maps[name] = np.full(prepared.pixels.shape, np.nan)
                maps[name][prepared.box][prepared.cropped_region] = values
    if not maps:
        raise InputError(
            f"feature maps: expected a pattern that matches a feature of the settings, found"
            f" {only!r}; such as original_glcm_JointEntropy or original_*"
        )
    return maps


def _wanted(image_name: str, settings: RadiomicsSettings, only: str) -> dict[str, list[str]]:
    """Return the features of each class that a map is wanted of."""
    wanted = {
        family: [
            feature
            for feature in enabled_features(settings, family)
            if fnmatchcase(f"{image_name}_{family}_{feature}", only)
        ]
        for family in MAP_FAMILIES
    }
    return {family: features for family, features in wanted.items() if features}


def _of_image(
    prepared: PreparedImage,
    derived: DerivedImage,
    settings: RadiomicsSettings,
    radius: int,
    names: dict[str, dict[str, list[str]]],
) -> Iterator[tuple[str, FloatArray]]:
    """Yield the name and the region's values of each map of one image type."""
    wanted = names[derived.name]
    if derived.values is None:
        undefined = np.full(int(np.count_nonzero(prepared.cropped_region)), np.nan)
        for family, features in wanted.items():
            yield from ((f"{derived.name}_{family}_{one}", undefined) for one in features)
        return
    kernels = _kernels(prepared, derived.values, settings, radius)
    for family, features in wanted.items():
        found = _measured(kernels, family, features)
        for feature in features:
            yield (
                f"{derived.name}_{family}_{feature}",
                found[_EQUAL.get((family, feature), feature)],
            )


def _kernels(
    prepared: PreparedImage, values: FloatArray, settings: RadiomicsSettings, radius: int
) -> _Kernels:
    flat = prepared.pixels.ndim == 2
    region = prepared.cropped_region[np.newaxis] if flat else prepared.cropped_region
    plane = 0 if flat else settings.force2Ddimension if settings.force2D else None
    reach = np.array([0 if axis == plane else radius for axis in range(3)])
    quantised = quantise(values, settings)
    margin = [(int(step), int(step)) for step in reach]
    levels = np.zeros(region.shape, np.uint16)
    levels[region] = quantised.levels
    grey = np.full(region.shape, np.nan)
    grey[region] = values
    edge = tuple(int(step) for step in 2 * reach + 1)
    return _Kernels(
        region,
        quantised,
        np.pad(levels, margin),
        np.pad(grey, margin, constant_values=np.nan),
        np.argwhere(region),
        reach,
        forward_offsets(edge, settings.distances, plane),
        forward_offsets(edge, (1,), plane),
        settings,
        float(np.prod(prepared.geometry.spacing_mm)),
    )


def _measured(kernels: _Kernels, family: str, features: list[str]) -> dict[str, FloatArray]:
    """Return the maps of one class: feature to values, shape (voxels,)."""
    ibsi = kernels.settings.definitions == "ibsi"
    offsets, near = kernels.offsets, kernels.near
    if family == "firstorder":
        shift, less = kernels.settings.voxelArrayShift, 3.0 * ibsi
        found = _in_parts(kernels, 19, sweep_grey, kernels.values, shift, kernels.voxel_size, less)
        return dict(zip(FIRST_ORDER, found, strict=True))
    if family == "glrlm":
        return dict(zip(glrlm.NAMES, _in_parts(kernels, 16, sweep_runs, near), strict=True))
    if family == "glszm":
        return dict(zip(glszm.NAMES, _in_parts(kernels, 16, sweep_zones, near), strict=True))
    if family == "gldm":
        slack = kernels.settings.gldm_a
        found = _in_parts(kernels, 16, sweep_dependences, offsets, slack)
        return {
            **dict(zip(gldm.NAMES, found, strict=True)),
            "DependencePercentage": found[0] * 0 + 1,
        }
    if family == "ngtdm":
        return dict(zip(_TONES, _in_parts(kernels, 5, sweep_tones, offsets, not ibsi), strict=True))
    maps: dict[str, FloatArray] = {}
    if any(name in MOVING for name in (_EQUAL.get((family, one), one) for one in features)):
        moving = moving_maps(kernels.region, kernels.quantised, offsets, kernels.reach)
        maps |= dict(zip(MOVING, moving, strict=True))
    if any(name in features for name in _PAIRS):
        maps |= dict(zip(_PAIRS, _in_parts(kernels, 2, sweep_pairs, offsets), strict=True))
    return maps


def _in_parts(
    kernels: _Kernels, count: int, sweep: Callable[..., FloatArray], *more: object
) -> FloatArray:
    """Sweep over the voxels, parts of them at once where the settings give threads."""
    found = np.empty((count, len(kernels.voxels)))

    def take(start: int) -> None:
        part = slice(start, start + _PART)
        found[:, part] = sweep(kernels.levels, kernels.voxels[part], kernels.reach, *more)

    starts = range(0, len(kernels.voxels), _PART)
    if kernels.settings.threads == 1 or len(starts) == 1:
        for start in starts:
            take(start)
    else:
        with ThreadPoolExecutor(kernels.settings.threads) as pool:
            list(pool.map(take, starts))
    return found


def _refuse(settings: RadiomicsSettings, radius: int) -> None:
    problems = [
        name
        for name, odd in (
            ("resampledPixelSpacing", settings.resampledPixelSpacing is not None),
            ("preCrop", settings.preCrop),
            ("resegmentRange", settings.resegmentRange is not None),
            ("resegmentOutliers", settings.resegmentOutliers is not None),
            ("stackSlices", settings.stackSlices is not None),
            ("weightingNorm", settings.weightingNorm is not None),
            ("aggregation", settings.aggregation is not None),
            ("symmetricalGLCM = false", not settings.symmetricalGLCM),
        )
        if odd
    ]
    if problems:
        raise InputError(f"feature maps: expected no {', '.join(problems)}")
    if not 1 <= radius <= _LARGEST_REACH or max(settings.distances) > 2 * radius:
        raise InputError(
            f"feature maps: expected a radius from 1 to {_LARGEST_REACH} in which the distances"
            f" fit, found {radius} with distances {settings.distances}"
        )
