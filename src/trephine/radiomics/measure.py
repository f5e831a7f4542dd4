"""All classes of features of one image type, and why a value is missing or conventional."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial

from trephine.radiomics.derived import DerivedImage
from trephine.radiomics.firstorder import firstorder_features
from trephine.radiomics.histogram import histogram_features, statistics_features
from trephine.radiomics.matrices import LARGE_REGION
from trephine.radiomics.names import TEXTURE_FAMILIES, enabled_features, value_families
from trephine.radiomics.quantise import Quantised, quantise
from trephine.radiomics.region_geometry import RegionGeometry
from trephine.radiomics.settings import RadiomicsSettings
from trephine.radiomics.texture import texture_features
from trephine.radiomics.volume_histogram import ivh_features
from trephine.types import FloatArray

# What PyRadiomics sets where the definition divides 0 by 0.
_ONE_LEVEL = {
    "glcm": ("Correlation", "Imc1", "Imc2", "MCC"),
    "ngtdm": ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength"),
}


@dataclass(frozen=True)
class ImageTypeFeatures:
    """Features of one image type: full name to value, and full name to reason.

    ``unmade`` is its name where the filter could not make the image.
    """

    values: dict[str, float]
    reasons: dict[str, str]
    unmade: str = ""


def measure(
    derived: DerivedImage, geometry: RegionGeometry, settings: RadiomicsSettings
) -> ImageTypeFeatures:
    """Measure every enabled class of one image type.

    A value is NaN with a reason where the definition gives none; a value that is set by
    convention, or rests on rounding alone, keeps its number and has a reason too.
    """
    wanted = {family: enabled_features(settings, family) for family in value_families(settings)}
    if derived.values is None:
        names = [name for family in wanted for name in _names(derived.name, family, wanted[family])]
        why = dict.fromkeys(names, derived.reason)
        return ImageTypeFeatures(dict.fromkeys(names, math.nan), why, derived.name)
    if derived.name != "original":  # the range is the image's own
        settings = settings.model_copy(update={"resegmentRange": None})
    quantised = quantise(derived.values, settings)
    found = _families(derived, quantised, geometry, settings, wanted)
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    constant = quantised.minimum == quantised.maximum
    ordinary = not (derived.reason or constant or quantised.n_present == 1)
    for family, features in wanted.items():
        full = _names(derived.name, family, features)
        numbers = _taken(found[family], features)
        values.update(zip(full, numbers, strict=True))
        if ordinary and not math.isnan(sum(numbers)):
            continue
        for name, feature, value in zip(full, features, numbers, strict=True):
            if ordinary and not math.isnan(value):
                continue
            reason = derived.reason or _reason(
                family, feature, value, quantised, settings, constant=constant
            )
            if reason:
                reasons[name] = reason
    return ImageTypeFeatures(values, reasons)


def _taken(found: dict[str, float], features: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(map(found.__getitem__, features))


@lru_cache(maxsize=1024)
def _names(image_type: str, family: str, features: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{image_type}_{family}_{feature}" for feature in features)


def _families(
    derived: DerivedImage,
    quantised: Quantised,
    geometry: RegionGeometry,
    settings: RadiomicsSettings,
    wanted: dict[str, tuple[str, ...]],
) -> dict[str, dict[str, float]]:
    values = derived.values
    assert values is not None
    first_order = partial(_first_order, values, quantised, geometry, settings, wanted)
    textures = partial(_textures, quantised, geometry, settings, wanted)
    if geometry.threads > 1 and values.size >= LARGE_REGION:
        with ThreadPoolExecutor(1) as beside:
            first = beside.submit(first_order)
            found = textures() | first.result()
    else:
        found = first_order() | textures()
    if "statistics" in wanted:
        found["statistics"] = statistics_features(values)
    if "histogram" in wanted:
        found["histogram"] = histogram_features(quantised)
    if "ivh" in wanted:
        found["ivh"] = ivh_features(values, settings)
    return found


def _first_order(
    values: FloatArray,
    quantised: Quantised,
    geometry: RegionGeometry,
    settings: RadiomicsSettings,
    wanted: dict[str, tuple[str, ...]],
) -> dict[str, dict[str, float]]:
    if "firstorder" not in wanted:
        return {}
    found = firstorder_features(
        values,
        quantised,
        shift=settings.voxelArrayShift,
        voxel_size=math.prod(geometry.spacing_mm),
        excess_kurtosis=settings.definitions == "ibsi",
    )
    return {"firstorder": found}


def _textures(
    quantised: Quantised,
    geometry: RegionGeometry,
    settings: RadiomicsSettings,
    wanted: dict[str, tuple[str, ...]],
) -> dict[str, dict[str, float]]:
    if not any(family in wanted for family in TEXTURE_FAMILIES):
        return {}
    return texture_features(quantised, geometry, settings, wanted)


def _reason(
    family: str,
    feature: str,
    value: float,
    quantised: Quantised,
    settings: RadiomicsSettings,
    *,
    constant: bool,
) -> str:
    """Say why a value is missing or conventional, '' where it is neither."""
    if math.isnan(value):
        if family == "firstorder":
            return "no grey value lies between the 10th and the 90th percentile"
        if family == "glrlm":
            return "no line along any direction holds two voxels of the region"
        return f"no two voxels of the region are neighbours at distances {settings.distances}"
    if constant and family == "firstorder" and feature in ("Kurtosis", "Skewness"):
        return "the region is constant: 0 by convention"
    if quantised.n_present == 1 and feature in _ONE_LEVEL.get(family, ()):
        return f"one grey level only: {value:g} by convention"
    return ""
