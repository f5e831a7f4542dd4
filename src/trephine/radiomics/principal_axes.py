"""Principal axes of a region's voxel centres."""

from __future__ import annotations

import numpy as np

from trephine.radiomics.settings import Definitions
from trephine.types import BoolArray, FloatArray


def principal_variances(
    region: BoolArray, spacing_mm: FloatArray, definitions: Definitions
) -> FloatArray:
    """Return the variances of the voxel centres along their principal axes, in mm^2.

    Over n in PyRadiomics 3.0.1; over n - 1 in what IBSI's consensus values rest on.

    Returns
    -------
    FloatArray
        Shape (axes,), ascending. Rounding below 0 is set to 0.
    """
    centres = np.argwhere(region) * spacing_mm
    centres -= centres.mean(axis=0)
    divisor = len(centres) if definitions == "pyradiomics" else max(len(centres) - 1, 1)
    covariance = centres.T @ centres / divisor
    variances: FloatArray = np.maximum(np.linalg.eigvalsh(covariance), 0.0)
    return variances
