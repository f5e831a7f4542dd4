"""What counts as a label map: grey masks, smoothed edges and interpolated labels do not.

The rule, by kind of file:

- a segmentation format (3D Slicer's ``.seg.nrrd``, DICOM SEG) says which value is which segment
  and is taken at its word;
- a picture (PNG, TIFF) of two values, 0 and another, is one region: it keeps a label of 1 to 32,
  and anything brighter (255, 128) is white and becomes label 1. A picture of more values is a
  label map only if its labels are at most 16, none above 32, and every label looks like a region;
- other files (NIfTI, NRRD, MHA) keep their values. Where one is above 32, at most half of the
  labels may fail to look like regions: atlases pass, a grey picture does not.

A label looks like a region where at least half of its pixels lie in squares of 3 x 3 (2 x 2 for
labels of at most 16 pixels) that are wholly its own: the rim of a smoothed edge, one or two pixels
wide, and specks do not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from trephine.errors import ImageError

HIGHEST_LABEL = 32
MOST_LABELS = 16
# Whole numbers that a header's slope (1/255 and the like) or single precision has blurred.
ROUNDING = 1e-3
_TOLD = 8
# Values that are rounded at a time.
_PART = 1 << 15

Labels = npt.NDArray[np.int32]


def put_segment(
    labels: Labels, region: npt.NDArray[np.bool_], label: int, overlapping: set[int]
) -> None:
    """Put a segment into a label map; where others lie already, note the labels of all of them.

    Pixels in several segments keep the first label; such labels must not be asked for.
    """
    under = labels[region]
    if under.any():
        overlapping |= {label, *np.unique(under[under > 0]).tolist()}
    labels[region & (labels == 0)] = label


def as_labels(values: npt.NDArray[np.generic], name: str) -> Labels:
    """Return values as labels; what a header's slope has blurred is rounded.

    Raises
    ------
    ImageError
        If a value is negative, fractional or beyond 2^31.
    """
    stored = np.asarray(values)
    labels = np.empty(stored.shape, np.int32)
    # Some slices or rows at a time: what is computed on the way is larger than the mask.
    step = max(1, _PART * len(stored) // max(stored.size, 1))
    parts = [slice(start, start + step) for start in range(0, len(stored), step)]
    odd = [_round_into(labels[part], stored[part]) for part in parts]
    found = np.unique(np.concatenate(odd)) if odd else np.empty(0)
    if found.size:
        raise ImageError(
            f"{name}: expected labels 0, 1, 2, ..., found {np.unique(stored).size} values, such as"
            f" {_some(found)}; a mask must not be interpolated or scaled: save the labels"
            " as whole numbers, resampled by nearest neighbour"
        )
    return labels


def _round_into(labels: Labels, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Write a part of the values as labels; return those that are none."""
    numbers = values.astype(np.float64)
    rounded = np.rint(numbers)
    odd = (np.abs(rounded - numbers) > ROUNDING) | (rounded < 0) | (rounded >= 1 << 31)
    if odd.any():
        return np.unique(numbers[odd])
    labels[...] = rounded
    return np.empty(0)


def picture_labels(values: npt.NDArray[np.generic], name: str) -> tuple[Labels, str, int | None]:
    """Return the labels of a picture, how they were read, and what its white was.

    Raises
    ------
    ImageError
        If it is neither one region nor a label map.
    """
    stored = as_labels(values, name)
    found = np.unique(stored)
    if found[0] != 0:
        raise ImageError(
            f"{name}: expected 0 outside the regions, found values {_some(found)} and no 0; save"
            " the background as 0"
        )
    if found.size == 2 and found[1] > HIGHEST_LABEL:
        white = int(found[1])
        return (stored == white).astype(np.int32), f"0 and {white} read as 0 and 1", white
    if found.size > 2:
        thin = _unlike_regions(stored, found[1:])
        if found.size - 1 > MOST_LABELS or found[-1] > HIGHEST_LABEL or thin:
            raise _grey(found, thin, name)
    return stored, "as stored", None


def check_label_map(labels: Labels, name: str) -> None:
    """Refuse a grey picture in a format that can hold label maps.

    Raises
    ------
    ImageError
        If a value is above 32 and more than half of the labels look like no region.
    """
    found = np.unique(labels[labels > 0])
    if found.size < 2 or found[-1] <= HIGHEST_LABEL:
        return
    thin = _unlike_regions(labels, found)
    if len(thin) * 2 >= found.size:
        raise _grey(np.concatenate([[0], found]), thin, name)


def _grey(found: npt.NDArray[np.integer], thin: list[int], name: str) -> ImageError:
    unlike = f", of which {len(thin)} form no region (such as {_some(thin)})" if thin else ""
    return ImageError(
        f"{name}: expected a mask of few labels, found {found.size} grey values ({_some(found)})"
        f"{unlike}; smooth edges or interpolation make greys: save the mask without them, as 0"
        " and 255 or as whole labels"
    )


def _unlike_regions(labels: Labels, present: npt.NDArray[np.integer]) -> list[int]:
    """Return the labels that are rims or specks; of a volume, slice by slice."""
    # Numbered by rank: a box is made for every number up to the highest.
    ranks = np.searchsorted(present, labels, side="right").astype(np.int32)
    boxes = ndimage.find_objects(ranks)
    thin = []
    for label, box in zip(present.tolist(), boxes, strict=True):
        region = labels[box] == label
        size = int(np.count_nonzero(region))
        side = 2 if size <= 16 else 3
        block = np.ones((1,) * (region.ndim - 2) + (side, side), dtype=bool)
        inner = ndimage.binary_opening(np.pad(region, 2), block)
        if np.count_nonzero(inner) * 2 < size:
            thin.append(label)
    return thin


def _some(values: npt.ArrayLike) -> str:
    """Return a few of the values, in order."""
    distinct = np.unique(np.asarray(values))
    shown = ", ".join(f"{value:.6g}" for value in distinct[:_TOLD])
    return f"{shown}, ..." if distinct.size > _TOLD else shown
