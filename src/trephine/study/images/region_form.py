"""The form of a region that a slip of the hand leaves: an outline not filled, specks apart."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.radiomics.region import bounding_box
from trephine.types import BoolArray

# A part that holds less than this share of its region was not meant.
_SPECK = 0.05
# Of fewer pixels every part is one.
_FEWEST = 100


def is_outline(region: BoolArray) -> bool:
    """Say whether a region encloses more pixels than it holds, slice by slice in a volume."""
    inside = region[bounding_box(region)]
    slices = inside.reshape(-1, *inside.shape[-2:])
    filled = sum(int(ndimage.binary_fill_holes(one).sum()) for one in slices)
    return filled > 2 * int(np.count_nonzero(inside))


def has_specks(region: BoolArray) -> bool:
    """Say whether small parts lie apart from the largest, touching it by no corner."""
    inside = region[bounding_box(region)]
    if np.count_nonzero(inside) < _FEWEST:
        return False
    parts, count = ndimage.label(inside, structure=np.ones((3,) * inside.ndim))
    if count < 2:
        return False
    sizes = np.bincount(parts.ravel())[1:]
    return bool((sizes < _SPECK * sizes.sum()).any())
