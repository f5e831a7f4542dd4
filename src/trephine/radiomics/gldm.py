"""Dependence features."""

from __future__ import annotations

import numpy as np

from trephine.radiomics.emphasis import mean_features
from trephine.radiomics.matrices import TextureMatrices

# Names in the order of ``emphasis.EMPHASIS``.
NAMES = (
    "DependenceEntropy",
    "DependenceNonUniformity",
    "DependenceNonUniformityNormalized",
    "DependenceVariance",
    "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized",
    "GrayLevelVariance",
    "HighGrayLevelEmphasis",
    "LargeDependenceEmphasis",
    "LargeDependenceHighGrayLevelEmphasis",
    "LargeDependenceLowGrayLevelEmphasis",
    "LowGrayLevelEmphasis",
    "fraction",
    "SmallDependenceEmphasis",
    "SmallDependenceHighGrayLevelEmphasis",
    "SmallDependenceLowGrayLevelEmphasis",
)
_THE_ONE = np.zeros(1, np.int64)


def gldm_features(matrices: TextureMatrices) -> dict[str, float]:
    """Measure the dependence matrix; name to value.

    The extent is the number of dependent neighbours plus 1, the voxel itself.
    """
    found = mean_features(matrices.gldm[np.newaxis], _THE_ONE)
    values = dict(zip(NAMES, found.tolist(), strict=True))
    del values["fraction"]
    values["DependencePercentage"] = 1.0  # every voxel is the centre of one dependence
    return values


def dependence_energy(matrices: TextureMatrices) -> float:
    """Return the sum of squares of the normalised matrix, which PyRadiomics lacks (IBSI CAS9)."""
    counts = matrices.gldm[matrices.gldm > 0].astype(np.float64)
    return float(((counts / counts.sum()) ** 2).sum())
