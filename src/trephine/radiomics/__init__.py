"""The radiomics engine: PyRadiomics' numbers from fused passes over the region of interest."""

from trephine.radiomics.extract import (
    ENGINE_VERSION,
    RadiomicsResult,
    extract_radiomics,
    measure_region,
)
from trephine.radiomics.names import FeatureDescription, describe, feature_names
from trephine.radiomics.settings import RadiomicsSettings

__all__ = [
    "ENGINE_VERSION",
    "FeatureDescription",
    "RadiomicsResult",
    "RadiomicsSettings",
    "describe",
    "extract_radiomics",
    "feature_names",
    "measure_region",
]
