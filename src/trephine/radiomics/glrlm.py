"""Run-length features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.radiomics.emphasis import mean_features
from trephine.radiomics.matrices import TextureMatrices
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.offsets import lengths_mm
from trephine.types import FloatArray

# Names in the order of ``emphasis.EMPHASIS``.
NAMES = (
    "RunEntropy",
    "RunLengthNonUniformity",
    "RunLengthNonUniformityNormalized",
    "RunVariance",
    "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized",
    "GrayLevelVariance",
    "HighGrayLevelRunEmphasis",
    "LongRunEmphasis",
    "LongRunHighGrayLevelEmphasis",
    "LongRunLowGrayLevelEmphasis",
    "LowGrayLevelRunEmphasis",
    "RunPercentage",
    "ShortRunEmphasis",
    "ShortRunHighGrayLevelEmphasis",
    "ShortRunLowGrayLevelEmphasis",
)


def glrlm_features(
    matrices: TextureMatrices,
    around: Neighbourhood,
    spacing_mm: Sequence[float],
    weighting_norm: str | None,
) -> dict[str, float]:
    """Measure the run-length matrices.

    Without a norm, each feature is the mean over the directions in which runs can exist; with one,
    the matrices are summed with the step's length in mm as weight ('no_weighting': 1) and measured
    once. Both as PyRadiomics 3.0.1.

    Returns
    -------
    dict
        Name to value; NaN where no direction holds two voxels on one line.
    """
    kept = around.run_directions
    if kept.size == 0:
        return dict.fromkeys(NAMES, float("nan"))
    if weighting_norm is None:
        values: FloatArray = mean_features(matrices.glrlm, kept)
    else:
        weights = (
            np.ones(len(kept))
            if weighting_norm == "no_weighting"
            else lengths_mm(around.near_offsets[kept], spacing_mm, weighting_norm)
        )
        merged = np.tensordot(weights, matrices.glrlm[kept], axes=1)
        values = mean_features(merged[np.newaxis], np.zeros(1, np.int64))
    return dict(zip(NAMES, values.tolist(), strict=True))
