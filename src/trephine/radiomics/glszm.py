"""Size-zone features."""

from __future__ import annotations

from trephine.radiomics.emphasis import emphasis_features
from trephine.radiomics.matrices import TextureMatrices

# Names in the order of ``emphasis.EMPHASIS``.
NAMES = (
    "ZoneEntropy",
    "SizeZoneNonUniformity",
    "SizeZoneNonUniformityNormalized",
    "ZoneVariance",
    "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized",
    "GrayLevelVariance",
    "HighGrayLevelZoneEmphasis",
    "LargeAreaEmphasis",
    "LargeAreaHighGrayLevelEmphasis",
    "LargeAreaLowGrayLevelEmphasis",
    "LowGrayLevelZoneEmphasis",
    "ZonePercentage",
    "SmallAreaEmphasis",
    "SmallAreaHighGrayLevelEmphasis",
    "SmallAreaLowGrayLevelEmphasis",
)


def glszm_features(matrices: TextureMatrices) -> dict[str, float]:
    """Measure the size-zone matrix; name to value."""
    return dict(zip(NAMES, emphasis_features(*matrices.zones).tolist(), strict=True))
