"""All classes of features of one image type, and why a value is missing or conventional."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from trephine.radiomics.derived import DerivedImage
from trephine.radiomics.firstorder import firstorder_features
from trephine.radiomics.glcm import glcm_features
from trephine.radiomics.gldm import gldm_features
from trephine.radiomics.glrlm import glrlm_features
from trephine.radiomics.glszm import glszm_features
from trephine.radiomics.matrices import count_matrices
from trephine.radiomics.names import TEXTURE_FAMILIES, enabled_features, value_families
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.ngtdm import ngtdm_features
from trephine.radiomics.quantise import Quantised, quantise
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import BoolArray

# What PyRadiomics sets where the definition divides 0 by 0.
_ONE_LEVEL = {
    "glcm": ("Correlation", "Imc1", "Imc2", "MCC"),
    "ngtdm": ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength"),
}


@dataclass
class RegionGeometry:
    """The region as the texture matrices see it; neighbourhoods are laid out once.

    Attributes
    ----------
    region
        Within its bounding box.
    spacing_mm
        Along the array axes.
    threads
        Within one image type.
    """

    region: BoolArray
    spacing_mm: tuple[float, ...]
    threads: int = 1
    _neighbourhoods: dict[tuple[tuple[int, ...], int | None], Neighbourhood] = field(
        default_factory=dict
    )

    def neighbourhood(self, settings: RadiomicsSettings) -> Neighbourhood:
        """Return the neighbourhood of the settings' distances and plane."""
        plane = settings.force2Ddimension if settings.force2D else None
        key = (settings.distances, plane)
        if key not in self._neighbourhoods:
            self._neighbourhoods[key] = Neighbourhood.of(self.region, *key)
        return self._neighbourhoods[key]


@dataclass(frozen=True)
class ImageTypeFeatures:
    """Features of one image type: full name to value, and full name to reason."""

    values: dict[str, float]
    reasons: dict[str, str]


def measure(
    derived: DerivedImage, geometry: RegionGeometry, settings: RadiomicsSettings
) -> ImageTypeFeatures:
    """Measure every enabled class of one image type.

    A value is NaN with a reason where the definition gives none; a value that is set by
    convention, or rests on rounding alone, keeps its number and has a reason too.
    """
    wanted = {family: enabled_features(settings, family) for family in value_families(settings)}
    if derived.values is None:
        names = [_name(derived, family, feature) for family in wanted for feature in wanted[family]]
        return ImageTypeFeatures(
            dict.fromkeys(names, math.nan), dict.fromkeys(names, derived.reason)
        )
    quantised = quantise(derived.values, settings)
    found = _families(derived, quantised, geometry, settings, wanted)
    values, reasons = {}, {}
    constant = quantised.minimum == quantised.maximum
    ordinary = not (derived.reason or constant or quantised.n_present == 1)
    for family, features in wanted.items():
        for feature in features:
            name = _name(derived, family, feature)
            values[name] = found[family][feature]
            if ordinary and not math.isnan(values[name]):
                continue
            reason = derived.reason or _reason(
                family, feature, values[name], quantised, settings, constant=constant
            )
            if reason:
                reasons[name] = reason
    return ImageTypeFeatures(values, reasons)


def _name(derived: DerivedImage, family: str, feature: str) -> str:
    return f"{derived.name}_{family}_{feature}"


def _families(
    derived: DerivedImage,
    quantised: Quantised,
    geometry: RegionGeometry,
    settings: RadiomicsSettings,
    wanted: dict[str, tuple[str, ...]],
) -> dict[str, dict[str, float]]:
    ibsi = settings.definitions == "ibsi"
    found: dict[str, dict[str, float]] = {}
    if "firstorder" in wanted and derived.values is not None:
        found["firstorder"] = firstorder_features(
            derived.values,
            quantised,
            shift=settings.voxelArrayShift,
            voxel_size=float(np.prod(geometry.spacing_mm)),
            excess_kurtosis=ibsi,
        )
    if not any(family in wanted for family in TEXTURE_FAMILIES):
        return found
    around = geometry.neighbourhood(settings)
    matrices = count_matrices(around, quantised, settings.gldm_a, geometry.threads)
    if "glcm" in wanted:
        found["glcm"] = glcm_features(
            matrices,
            around,
            geometry.spacing_mm,
            settings.weightingNorm,
            symmetrical=settings.symmetricalGLCM,
            with_mcc="MCC" in wanted["glcm"],
        )
    if "glrlm" in wanted:
        found["glrlm"] = glrlm_features(
            matrices, around, geometry.spacing_mm, settings.weightingNorm
        )
    if "glszm" in wanted:
        found["glszm"] = glszm_features(matrices)
    if "gldm" in wanted:
        found["gldm"] = gldm_features(matrices)
    if "ngtdm" in wanted:
        found["ngtdm"] = ngtdm_features(matrices, count_isolated=not ibsi)
    return found


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
