"""The radiomics engine: PyRadiomics' numbers from fused passes over the region of interest.

Its names are taken from their files when they are asked for: who wants the box round a region need
not load every filter.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trephine.radiomics.extract import (
        ENGINE_VERSION,
        RadiomicsResult,
        extract_radiomics,
        measure_region,
    )
    from trephine.radiomics.names import FeatureDescription, describe, feature_names
    from trephine.radiomics.quality import ImageQuality, image_quality
    from trephine.radiomics.settings import RadiomicsSettings

_ROOMS = {
    "ENGINE_VERSION": "extract",
    "FeatureDescription": "names",
    "ImageQuality": "quality",
    "RadiomicsResult": "extract",
    "RadiomicsSettings": "settings",
    "describe": "names",
    "extract_radiomics": "extract",
    "feature_names": "names",
    "image_quality": "quality",
    "measure_region": "extract",
}

__all__ = [
    "ENGINE_VERSION",
    "FeatureDescription",
    "ImageQuality",
    "RadiomicsResult",
    "RadiomicsSettings",
    "describe",
    "extract_radiomics",
    "feature_names",
    "image_quality",
    "measure_region",
]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
