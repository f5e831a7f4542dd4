"""Extraction: one image, one region, one vector of features."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from trephine.radiomics.derived import box_within
from trephine.radiomics.image_types import Job, jobs, make
from trephine.radiomics.local_intensity import local_intensity_features
from trephine.radiomics.measure import ImageTypeFeatures, measure
from trephine.radiomics.morphology import morphology_features
from trephine.radiomics.names import dimensions, enabled_features, shape_families
from trephine.radiomics.prepare import PreparedImage, prepare
from trephine.radiomics.region import bounding_box, check_extent, check_pair, resegment
from trephine.radiomics.region_geometry import RegionGeometry
from trephine.radiomics.settings import RadiomicsSettings
from trephine.radiomics.shape2d import shape2d_features
from trephine.radiomics.shape3d import shape_features
from trephine.types import FloatArray, Image, Mask

# Part of the key of stored features: changes whenever a number may, by more than what rounding
# already differs by between processors.
ENGINE_VERSION = "3"

Plain = str | float | int | bool | None


@dataclass(frozen=True)
class RadiomicsResult:
    """Features of one region.

    Attributes
    ----------
    names
        PyRadiomics' names, the order of ``feature_names(settings, ndim)``.
    values
        Shape (features,); NaN where the definition gives no value.
    reasons
        Name to the reason why a value is NaN, set by convention, or nothing but rounding.
    provenance
        Engine, settings and region that the values come from (plain values, no identifiers).
    unmade
        Image types that a filter could not make of this image; their features are NaN.
    """

    names: tuple[str, ...]
    values: FloatArray
    reasons: Mapping[str, str]
    provenance: Mapping[str, Plain]
    unmade: tuple[str, ...] = ()

    def to_series(self) -> pd.Series[float]:
        """Return the values by name; provenance and reasons in ``attrs``."""
        series = pd.Series(self.values, index=pd.Index(self.names, name="feature"))
        series.attrs["provenance"] = dict(self.provenance)
        series.attrs["reasons"] = dict(self.reasons)
        return series


def extract_radiomics(
    image: Image, mask: Mask, settings: RadiomicsSettings, *, label: int | None = None
) -> pd.Series[float]:
    """Measure the radiomic features of a region as PyRadiomics 3.0.1 defines them.

    Parameters
    ----------
    image
        A radiograph (rows, columns) or a volume (slices, rows, columns).
    mask
        Labels on the image's grid.
    settings
        What to measure and how; ``RadiomicsSettings.from_preset("native2d")`` for radiographs.
    label
        Label of the region; that of the settings (1) by default.

    Returns
    -------
    pandas.Series
        Feature name to value; ``attrs["provenance"]`` says where the values come from and
        ``attrs["reasons"]`` why a value is NaN, conventional or without signal.

    Raises
    ------
    ImageError
        If image and mask do not fit, the label is absent, a pixel is not finite, or the region is
        smaller than the settings ask for.
    InputError
        If the settings do not fit the image.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Geometry, Image, Mask, RadiomicsSettings, extract_radiomics
    >>> rows, columns = np.mgrid[:32, :32]
    >>> disc = ((rows - 16) ** 2 + (columns - 16) ** 2 < 100).astype(np.int64)
    >>> grid = Geometry.plain((0.2, 0.2))
    >>> image = Image(100 + 20 * np.sin(rows / 3.0), grid)
    >>> settings = RadiomicsSettings.from_preset("native2d")
    >>> found = extract_radiomics(image, Mask(disc, grid), settings)
    >>> round(float(found["original_shape2D_PixelSurface"]), 2)
    12.2
    """
    return measure_region(image, mask, settings, label=label).to_series()


def measure_region(
    image: Image, mask: Mask, settings: RadiomicsSettings, *, label: int | None = None
) -> RadiomicsResult:
    """Do what ``extract_radiomics`` does, without pandas; see there."""
    label = settings.label if label is None else label
    check_pair(image, mask)
    prepared = prepare(image, mask, settings, label)
    check_extent(prepared.cropped_region, settings)
    whole = prepared
    if settings.resegmentRange is not None or settings.resegmentOutliers is not None:
        prepared = resegmented(prepared, settings)
        check_extent(prepared.cropped_region, settings)
    ndim = dimensions(settings, image.pixels.ndim)
    form = prepared if settings.resegmentShape else _form(whole, prepared, settings)
    measured = [_shape(form, prepared, settings, ndim)]
    measured += _all_image_types(form, prepared, settings, ndim)
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for part in measured:
        values |= part.values
        reasons |= part.reasons
    return RadiomicsResult(
        tuple(values),
        np.fromiter(values.values(), np.float64, len(values)),
        MappingProxyType(reasons),
        MappingProxyType(_provenance(image, prepared, settings, label)),
        tuple(part.unmade for part in measured if part.unmade),
    )


def _form(whole: PreparedImage, kept: PreparedImage, settings: RadiomicsSettings) -> PreparedImage:
    """Return the region whose form is measured where thresholds do not bear on it.

    All that was drawn, as IBSI has it. PyRadiomics 3.0.1 cuts that to the bounding box of what the
    thresholds leave.
    """
    if settings.definitions == "ibsi" or kept is whole:
        return whole
    inner = box_within(kept, whole.box)
    return whole.replaced(
        box=kept.box, cropped_region=np.ascontiguousarray(whole.cropped_region[inner])
    )


def resegmented(prepared: PreparedImage, settings: RadiomicsSettings) -> PreparedImage:
    """Return a prepared image with the part of its region that the thresholds leave."""
    kept = prepared.cropped_region.copy()
    kept[kept] = resegment(prepared.values, settings)
    inner = bounding_box(kept)
    box = tuple(
        slice(outer.start + part.start, outer.start + part.stop)
        for outer, part in zip(prepared.box, inner, strict=True)
    )
    return prepared.replaced(box=box, cropped_region=np.ascontiguousarray(kept[inner]))


def _all_image_types(
    form: PreparedImage, prepared: PreparedImage, settings: RadiomicsSettings, ndim: int
) -> list[ImageTypeFeatures]:
    wanted = list(jobs(settings, ndim))
    # A thread works on one image type after the other; a single image type gets them all.
    at_once = min(settings.threads, len(wanted))
    inside = settings.threads if at_once == 1 else 1
    geometry = RegionGeometry(
        prepared.cropped_region,
        prepared.geometry.spacing_mm,
        inside,
        form.cropped_region,
        box_within(prepared, form.box),
    )

    def work(job: Job) -> list[ImageTypeFeatures]:
        return [measure(image, geometry, job.settings) for image in make(prepared, job)]

    if at_once <= 1:
        parts = [work(job) for job in wanted]
    else:
        # The region's values and statistics are shared: found before the threads ask for them.
        _ = prepared.values, prepared.largest_magnitude, geometry.neighbourhood(settings)
        with ThreadPoolExecutor(at_once) as pool:
            parts = list(pool.map(work, wanted))
    return [measured for part in parts for measured in part]


def _shape(
    form: PreparedImage, grey: PreparedImage, settings: RadiomicsSettings, ndim: int
) -> ImageTypeFeatures:
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for family in shape_families(settings, ndim):
        wanted = enabled_features(settings, family)
        if family == "morphology":
            found, reason = (
                morphology_features(form, grey, wanted),
                "undefined for such grey values",
            )
        elif family == "localintensity":
            found, reason = local_intensity_features(grey), ""
        else:
            found, reason = _shape_family(form, settings, family)
        for feature in wanted:
            name = f"original_{family}_{feature}"
            values[name] = found.get(feature, math.nan)
            if math.isnan(values[name]):
                reasons[name] = reason
    return ImageTypeFeatures(values, reasons)


def _shape_family(
    prepared: PreparedImage, settings: RadiomicsSettings, family: str
) -> tuple[dict[str, float], str]:
    """Return the shape features of a class and the reason for those that are missing."""
    region, spacing = prepared.cropped_region, prepared.geometry.spacing_mm
    reason = "a single voxel has no axes"
    if family == "shape":
        return shape_features(region, spacing, settings.definitions), reason
    if region.ndim == 3:
        plane = settings.force2Ddimension
        if region.shape[plane] > 1:
            return {}, f"the region is {region.shape[plane]} slices thick, not in one plane"
        region = np.squeeze(region, axis=plane)
        spacing = tuple(step for axis, step in enumerate(spacing) if axis != plane)
    return shape2d_features(region, spacing, settings.definitions), reason


def _provenance(
    image: Image, prepared: PreparedImage, settings: RadiomicsSettings, label: int
) -> dict[str, Plain]:
    return {
        "engine_version": ENGINE_VERSION,
        "settings_digest": settings.digest(),
        "label": label,
        "voxels": int(np.count_nonzero(prepared.cropped_region)),
        "bounding_box": " ".join(f"{part.start}:{part.stop}" for part in prepared.box),
        "spacing_mm": " ".join(f"{step:.6g}" for step in prepared.geometry.spacing_mm),
        **{f"image_{key}": value for key, value in image.provenance.items()},
    }
