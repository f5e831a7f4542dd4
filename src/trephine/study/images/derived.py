"""Masks of regions that nobody drew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt

from trephine.errors import ImageError
from trephine.plan.derived_region import Derivation
from trephine.types import BoolArray, Mask

# What is not told apart from a stated distance: spacings in headers are of single precision.
_ROUNDING_MM = 1e-4


def derived_mask(mask: Mask, derivation: Derivation | None) -> Mask:
    """Return the mask of a derived region alone, under the words of its rule; else the mask.

    Distances are from the middle of a voxel to that of the nearest on the other side of the
    region's surface (Euclidean, by the grid's spacing along every axis; Maurer et al. 2003, IEEE
    Trans Pattern Anal Mach Intell 25:265). First the regions are joined, then the ring is taken,
    then what lies outside ``within``, last what lies in ``without`` is left out.

    Raises
    ------
    ImageError
        If a drawn region that it is made of is not in the mask, or nothing is left.
    """
    if derivation is None:
        return mask
    rule = derivation.rule
    joined, within, without = rule.parts()
    region = _together(mask, derivation, joined)
    if rule.outside_mm is not None or rule.inside_mm is not None:
        region = _ring(region, mask.geometry.spacing_mm, rule.inside_mm, rule.outside_mm)
    if within:
        region = region & _together(mask, derivation, within)
    if without:
        region = region & ~_together(mask, derivation, without)
    if not region.any():
        raise ImageError(
            f"mask: expected pixels in the derived region ({rule.words}), found none; its rule"
            " leaves nothing of what was drawn"
        )
    return Mask(region.astype(np.int32), mask.geometry, mask.provenance, names={rule.words: 1})


def _together(mask: Mask, derivation: Derivation, names: Sequence[str]) -> BoolArray:
    found: BoolArray = np.any([mask.region(derivation.labels[name]) for name in names], axis=0)
    return found


def _ring(
    region: BoolArray, spacing: Sequence[float], inside_mm: float | None, outside_mm: float | None
) -> BoolArray:
    """Return the voxels near the surface of a region, on one side of it or on both."""
    ring = np.zeros_like(region)
    if outside_mm is not None:
        away = distance_transform_edt(~region, sampling=spacing)
        ring |= ~region & (away <= outside_mm + _ROUNDING_MM)
    if inside_mm is not None and not region.all():
        away = distance_transform_edt(region, sampling=spacing)
        ring |= region & (away <= inside_mm + _ROUNDING_MM)
    return ring
