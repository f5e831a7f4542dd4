"""Neighbouring grey tone difference features."""

from __future__ import annotations

import numpy as np

from trephine.radiomics.matrices import TextureMatrices


def ngtdm_features(matrices: TextureMatrices, *, count_isolated: bool) -> dict[str, float]:
    """Measure the neighbouring grey tone difference matrix.

    Amadasun and King 1989, with PyRadiomics 3.0.1's values in a homogeneous region: Coarseness
    10^6, the others 0.

    Parameters
    ----------
    count_isolated
        Whether voxels without a neighbour count towards p_i, as in PyRadiomics; IBSI leaves them
        out.

    Returns
    -------
    dict
        Name to value; NaN where no voxel counts.
    """
    voxels = matrices.ngtdm_voxels
    if not count_isolated:
        voxels = voxels - matrices.ngtdm_isolated
    present = np.flatnonzero(voxels)
    if present.size == 0:
        names = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")
        return dict.fromkeys(names, float("nan"))
    level = present + 1.0
    total = float(voxels.sum())
    p = voxels[present] / total
    s = matrices.ngtdm_difference[present]
    weighted = float(p @ s)
    sum_s = float(s.sum())
    step = np.abs(level[:, None] - level)
    pairs = present.size * (present.size - 1)
    ip = level * p
    spread = float(np.abs(ip[:, None] - ip).sum())
    ps = p * s
    p_sums = p[:, None] + p
    return {
        "Busyness": weighted / spread if spread else 0.0,
        "Coarseness": 1.0 / weighted if weighted else 1e6,
        "Complexity": float((step * (ps[:, None] + ps) / p_sums).sum()) / total,
        "Contrast": float(p @ step**2 @ p) * sum_s / total / pairs if pairs else 0.0,
        "Strength": float((p_sums * step**2).sum()) / sum_s if sum_s else 0.0,
    }
