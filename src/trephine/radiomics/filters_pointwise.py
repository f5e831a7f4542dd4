"""Filters that look at one voxel: square, square root, logarithm, exponential.

Each is scaled to the range of the whole image, so only the whole image's largest magnitude is
needed beside the region. Formulas of PyRadiomics 3.0.1, operation by operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from trephine.radiomics.derived import DerivedImage
from trephine.radiomics.prepare import PreparedImage
from trephine.types import FloatArray


def _square(x: FloatArray, largest: float) -> FloatArray:
    y: FloatArray = (x * (1.0 / np.sqrt(largest))) ** 2
    return y


def _square_root(x: FloatArray, largest: float) -> FloatArray:
    y: FloatArray = np.copysign(np.sqrt(np.abs(x) * largest), x)
    return y


def _logarithm(x: FloatArray, largest: float) -> FloatArray:
    y: FloatArray = np.copysign(np.log(np.abs(x) + 1.0), x) * (largest / np.log(largest + 1.0))
    return y


def _exponential(x: FloatArray, largest: float) -> FloatArray:
    y: FloatArray = np.exp((np.log(largest) / largest) * x)
    return y


_POINTWISE: dict[str, Callable[[FloatArray, float], FloatArray]] = {
    "square": _square,
    "squareroot": _square_root,
    "logarithm": _logarithm,
    "exponential": _exponential,
}


def pointwise(prepared: PreparedImage, name: str) -> DerivedImage:
    """Apply one of the pointwise filters to the region.

    Parameters
    ----------
    name
        ``square``, ``squareroot``, ``logarithm`` or ``exponential``.
    """
    largest = prepared.largest_magnitude
    if name == "squareroot":
        return DerivedImage(name, _square_root(prepared.values, largest))
    if largest == 0.0:
        return DerivedImage(name, None, "the image is 0 throughout, its range cannot be restored")
    values = _POINTWISE[name](prepared.values, largest)
    if not math.isfinite(float(values.sum())):
        return DerivedImage(name, None, "the filter leaves the range of numbers")
    return DerivedImage(name, values)
