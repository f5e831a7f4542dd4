"""Ridge path of the Cox model, exact at p >> n.

The ridge solution lies in the row space of the penalised columns, so with X = R' Q' (thin QR of X',
Q orthonormal) the problem in theta = Q'b has at most n coefficients and the same penalty,
|theta|^2 = |b|^2: the reduction by the thin SVD (Hastie and Tibshirani 2004, Biostatistics 5:329,
section 3), at the price of a QR. The reduced problem is solved like any other path.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from trephine.choices import EarlyStop
from trephine.survival.path import ArrayPath, elastic_net_path
from trephine.survival.path_products import weighted_sums
from trephine.survival.path_risk import RiskSets
from trephine.types import FloatArray


def ridge_path(
    design: FloatArray,
    risk: RiskSets,
    penalties: FloatArray,
    factors: FloatArray,
    *,
    tolerance: float,
    early_stop: EarlyStop = "none",
) -> ArrayPath:
    """Minimise -log PL / n + penalty sum_j factor_j b_j^2 / 2; arguments as ``elastic_net_path``.

    Columns with factor 0 stay as they are; the others, over the root of their factor, are reduced
    where they outnumber the cases.
    """
    penalised = np.flatnonzero(factors > 0)
    free = np.flatnonzero(factors == 0)
    n = design.shape[1]
    if penalised.size <= n:
        return elastic_net_path(
            design, risk, penalties, 0.0, factors, tolerance=tolerance, early_stop=early_stop
        )
    root = np.sqrt(factors[penalised])[:, np.newaxis]
    with threadpool_limits(1, user_api="blas"):  # as in ``path_products``
        basis, triangle = np.linalg.qr(design[penalised] / root)
    reduced = np.ascontiguousarray(np.vstack((design[free], triangle)))
    path = elastic_net_path(
        reduced,
        risk,
        penalties,
        0.0,
        np.concatenate((np.zeros(free.size), np.ones(n))),
        tolerance=tolerance,
        early_stop=early_stop,
    )
    coefficients = np.empty((path.coefficients.shape[0], factors.size))
    theta = np.ascontiguousarray(path.coefficients[:, free.size :])
    coefficients[:, free] = path.coefficients[:, : free.size]
    coefficients[:, penalised] = weighted_sums(theta, np.ascontiguousarray(basis.T)) / root.T
    return replace(path, coefficients=coefficients)
