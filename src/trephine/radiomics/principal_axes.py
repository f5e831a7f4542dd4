"""Principal axes of a region's voxel centres."""

from __future__ import annotations

import numpy as np

from trephine.types import BoolArray, FloatArray


def principal_variances(region: BoolArray, spacing_mm: FloatArray) -> FloatArray:
    """Return the variances (over n) of the voxel centres along their principal axes, in mm^2.

    Shape (axes,), ascending. Rounding below 0 is set to 0.
    """
    centres = np.argwhere(region) * spacing_mm
    centres -= centres.mean(axis=0)
    covariance = centres.T @ centres / len(centres)
    variances: FloatArray = np.maximum(np.linalg.eigvalsh(covariance), 0.0)
    return variances
