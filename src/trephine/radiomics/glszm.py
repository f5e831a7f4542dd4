"""Size-zone features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.radiomics.emphasis import emphasis_features
from trephine.radiomics.matrices import Neighbourhood
from trephine.radiomics.zones import count_zones

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


def glszm_features(box: npt.NDArray[np.int32], around: Neighbourhood) -> dict[str, float]:
    """Measure the size-zone matrix of a padded box of grey levels; name to value."""
    values = emphasis_features(*count_zones(box, around))
    return dict(zip(NAMES, values.tolist(), strict=True))
