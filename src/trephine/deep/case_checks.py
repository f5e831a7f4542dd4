"""What goes into a network case by case, and what must come out of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.choices import Side
from trephine.errors import InputError
from trephine.types import BoolArray, FloatArray, Image


def finite(features: FloatArray) -> FloatArray:
    """Return features of n cases, shape (n, dimension), none of which may be missing.

    Raises
    ------
    InputError
        If one is.
    """
    odd = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if odd.size:
        raise InputError(
            f"deep features: expected finite values, found NaN or infinity in {odd.size} of"
            f" {len(features)} cases, first case {odd[0]}; the weights do not fit the network"
        )
    return features


def check_cases(
    images: Sequence[Image], regions: Sequence[BoolArray], sides: Sequence[Side | None]
) -> int:
    """Return the number of cases.

    Raises
    ------
    InputError
        If the three sequences differ in length, or a side is not R, L or None.
    """
    if not len(images) == len(regions) == len(sides):
        raise InputError(
            f"deep features: expected as many images as regions and sides, found {len(images)},"
            f" {len(regions)} and {len(sides)}"
        )
    odd = [i for i, side in enumerate(sides) if side not in ("R", "L", None)]
    if odd:
        raise InputError(
            f"deep features: expected side R, L or None, found {sides[odd[0]]!r} in case {odd[0]}"
            f" and {len(odd) - 1} more"
        )
    return len(images)
