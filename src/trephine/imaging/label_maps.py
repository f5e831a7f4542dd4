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

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trephine.errors import ImageError

HIGHEST_LABEL = 32
MOST_LABELS = 16
# Whole numbers that a header's slope (1/255 and the like) or single precision has blurred.
ROUNDING = 1e-3
_TOLD = 8
# Values that are rounded at a time.
_PART = 1 << 15
# Pixels that are looked at together, and up to how many a label is measured by squares of 2 x 2.
_STRIP_PIXELS = 1 << 20
_FEW_PIXELS = 16

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
    if found.size == 2:
        _check_ground(stored, name)
    if found.size == 2 and found[1] > HIGHEST_LABEL:
        white = int(found[1])
        return (stored == white).astype(np.int32), f"0 and {white} read as 0 and 1", white
    if found.size > 2:
        thin = _unlike_regions(stored, found[1:])
        if found.size - 1 > MOST_LABELS or found[-1] > HIGHEST_LABEL or thin:
            raise _grey(found, thin, name)
    return stored, "as stored", None


def _check_ground(stored: Labels, name: str) -> None:
    """Refuse a region that is the ground: one that holds all four corners and most of the pixels.

    Raises
    ------
    ImageError
        If black and white seem to be exchanged.
    """
    corners = stored[..., [0, 0, -1, -1], [0, -1, 0, -1]]
    if stored.shape[-1] > 1 and corners.all() and np.count_nonzero(stored) * 2 > stored.size:
        raise ImageError(
            f"{name}: expected regions on a ground of 0, found {int(corners.max())} in all four"
            " corners and in most of the picture: black and white exchanged? Save the background"
            " as 0"
        )


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
    """Return the labels that are rims or specks; of a volume, slice by slice.

    All labels are looked at together: a grey picture in a mask's place may have thousands, each all
    over it.
    """
    sizes, in_threes, in_twos = (np.zeros(len(present) + 1, np.int64) for _ in range(3))
    for strip, own in _strips(labels):
        # Numbered by rank, as a label may be any number up to 2^31.
        ranks = np.searchsorted(present, strip[own], side="right").ravel()
        sizes += np.bincount(ranks, minlength=len(sizes))
        for counts, side in ((in_threes, 3), (in_twos, 2)):
            within = _in_squares(strip, side)[own].ravel()
            counts += np.bincount(ranks[within], minlength=len(sizes))
    inner = np.where(sizes <= _FEW_PIXELS, in_twos, in_threes)
    return [int(label) for label in present[inner[1:] * 2 < sizes[1:]]]


def _strips(labels: Labels) -> Iterator[tuple[Labels, slice]]:
    """Yield some rows at a time, with two more on each side, and which of them are its own."""
    rows, columns = labels.shape[-2:]
    step = max(1, _STRIP_PIXELS // max(columns, 1))
    for plane in labels.reshape(-1, rows, columns):
        for start in range(0, rows, step):
            first = max(start - 2, 0)
            own = slice(start - first, min(start + step, rows) - first)
            yield plane[first : start + step + 2], own


def _in_squares(plane: Labels, side: int) -> npt.NDArray[np.bool_]:
    """Return which pixels lie in a square of ``side`` x ``side`` that is wholly of their label."""
    rows, columns = plane.shape
    inside = np.zeros(plane.shape, dtype=bool)
    high, wide = rows - side + 1, columns - side + 1
    if high < 1 or wide < 1:
        return inside
    alike = np.ones((rows, wide), dtype=bool)
    for step in range(1, side):
        alike &= plane[:, step : step + wide] == plane[:, :wide]
    whole = alike[:high].copy()
    for step in range(1, side):
        whole &= alike[step : step + high]
        whole &= plane[step : step + high, :wide] == plane[:high, :wide]
    for down in range(side):
        for right in range(side):
            inside[down : down + high, right : right + wide] |= whole
    return inside


def _some(values: npt.ArrayLike) -> str:
    """Return a few of the values, in order."""
    distinct = np.unique(np.asarray(values))
    shown = ", ".join(f"{value:.6g}" for value in distinct[:_TOLD])
    return f"{shown}, ..." if distinct.size > _TOLD else shown
