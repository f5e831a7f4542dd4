"""The letter R or L on a radiograph, and whether it reads as a letter or as its mirror image.

A letter is recognised by its form in any typeface: R has one hole, in its upper half, a straight
stem and two feet; L has a stem and a foot. It stands alone (a letter in a word says nothing), has
the size of a marker and stands out from what surrounds it. Nothing is trained. What is not clear is
not reported: these letters raise a doubt to be looked at, and nothing is computed from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import binary_dilation, find_objects, label, rotate, zoom

from trephine.choices import Side
from trephine.imaging.sides import Facing
from trephine.types import BoolArray, FloatArray, Image

Doubt = Literal["mirrored", "half", "laterality"]
Box = tuple[slice, ...]

# A letter is looked for in a picture of so many pixels along its longer side.
_LONGEST = 1400
# Height of a marker as a share of the longer side, and width as a share of the height.
_HEIGHTS, _WIDTHS = (0.012, 0.09), (0.38, 1.15)
# Of fewer rows, a form says nothing.
_FEWEST_ROWS = 12
# Greys at which a picture is cut, between its darkest and its brightest hundredth.
_CUTS = (0.35, 0.5, 0.65, 0.8, 0.9, 0.97)
# At so many of them a letter must be seen.
_FEWEST_CUTS = 2
# A letter is brighter, or darker, than what is round it by this share of all greys.
_CONTRAST = 0.2
_ANGLES = (0, -8, 8, -15, 15)
_GRID = (32, 24)
# A centre within this of the middle lies on no half.
_OFF_THE_MIDDLE = 0.08


@dataclass(frozen=True)
class SideMarker:
    """A letter on a picture.

    Attributes
    ----------
    letter
        R or L.
    mirrored
        It reads from right to left, as on a film that lies face down.
    centre
        Of the picture's height and width, 0 to 1.
    height
        Of the picture's longer side, 0 to 1.
    """

    letter: Side
    mirrored: bool
    centre: tuple[float, float]
    height: float


def marker_doubt(
    marker: SideMarker | None, facing: Facing | None, laterality: str, *, shows_both: bool
) -> Doubt | None:
    """Return in what a marker contradicts the file; None where it does not.

    Parameters
    ----------
    marker
        The one letter of a picture.
    facing
        Where the patient's sides lie, by the file or by convention.
    laterality
        R or L where the file is of one side.
    shows_both
        The picture shows both sides of the body: a marker then lies on its own half.
    """
    if marker is None or (facing is not None and facing.axis != 1):
        return None
    if laterality in ("R", "L") and marker.letter != laterality:
        return "laterality"
    right_first = facing is None or facing.right_first
    if marker.mirrored == right_first:
        return "mirrored"
    off = marker.centre[1] - 0.5
    if facing is None or not shows_both or laterality or abs(off) < _OFF_THE_MIDDLE:
        return None
    on_first = off < 0
    return None if on_first == ((marker.letter == "R") == right_first) else "half"


def side_marker(image: Image) -> SideMarker | None:
    """Return the letter on a radiograph, the larger of two; None where there is none or in doubt.

    Two letters are in doubt where one reads the right way and the other does not.

    Parameters
    ----------
    image
        Flat, not a slice that a scanner computed.
    """
    if image.pixels.ndim != 2 or min(image.pixels.shape) < 64 or image.geometry.placed is not None:
        return None
    grey = _small(image.pixels)
    found = [*_letters(grey), *_letters(1.0 - grey)]
    if len({one.mirrored for one in found}) != 1:
        return None
    return max(found, key=lambda one: one.height)


def _small(pixels: FloatArray) -> FloatArray:
    """Return a picture of moderate size with greys from 0 to 1."""
    step = max(1, round(max(pixels.shape) / _LONGEST))
    high, wide = (size // step * step for size in pixels.shape)
    blocks = pixels[:high, :wide].reshape(high // step, step, wide // step, step)
    small = np.nan_to_num(blocks.mean(axis=(1, 3)).astype(np.float64))
    low, top = np.percentile(small[::2, ::2], [0.5, 99.8])
    grey: FloatArray = np.clip((small - low) / max(top - low, 1e-12), 0.0, 1.0)
    return grey


def _letters(grey: FloatArray) -> list[SideMarker]:
    """Return the bright letters that stand alone, each seen at several cuts."""
    seen: dict[tuple[str, bool, int, int], list[SideMarker]] = {}
    for cut in _CUTS:
        for one in _at_cut(grey, cut):
            near = (round(20 * one.centre[0]), round(20 * one.centre[1]))
            seen.setdefault((one.letter, one.mirrored, *near), []).append(one)
    return [many[0] for many in seen.values() if len(many) >= _FEWEST_CUTS]


def _at_cut(grey: FloatArray, cut: float) -> list[SideMarker]:
    longest = max(grey.shape)
    low, high = (max(share * longest, _FEWEST_ROWS) for share in _HEIGHTS)
    parts, _ = label(grey > cut, structure=np.ones((3, 3)))
    found = []
    boxes = find_objects(parts)
    sized = [
        (number, box)
        for number, box in enumerate(boxes, 1)
        if box is not None
        and low <= (tall := box[0].stop - box[0].start) <= high
        and _WIDTHS[0] * tall <= box[1].stop - box[1].start <= _WIDTHS[1] * tall
    ]
    for number, box in sized:
        form = parts[box] == number
        if not 0.15 < form.mean() < 0.75 or not _stands_out(grey, parts, number, box):
            continue
        letter = letter_of(form)
        if letter is None or _has_neighbour(box, sized):
            continue
        rows, columns = box
        centre = (
            (rows.start + rows.stop) / 2 / grey.shape[0],
            (columns.start + columns.stop) / 2 / grey.shape[1],
        )
        found.append(SideMarker(*letter, centre, (rows.stop - rows.start) / longest))
    return found


def _stands_out(grey: FloatArray, parts: np.ndarray, number: int, box: Box) -> bool:
    """Say whether a part is brighter than what is round it, all round."""
    margin = max(3, (box[0].stop - box[0].start) // 6)
    if any(
        one.start < margin or one.stop + margin > size
        for one, size in zip(box, grey.shape, strict=True)
    ):
        return False
    window = tuple(slice(one.start - margin, one.stop + margin) for one in box)
    own = parts[window] == number
    around = binary_dilation(own, iterations=margin) & ~binary_dilation(own, iterations=1)
    beside = grey[window][around]
    # Most of what is round it, and not its mean alone: half a ring of bone is no background.
    return bool(np.median(grey[window][own]) - np.percentile(beside, 85) > _CONTRAST)


def _has_neighbour(box: Box, sized: list[tuple[int, Box]]) -> bool:
    """Say whether a sign of like height stands beside: then it is a letter of a word."""
    tall = box[0].stop - box[0].start
    for _, other in sized:
        if other is box:
            continue
        height = other[0].stop - other[0].start
        beside = min(box[0].stop, other[0].stop) - max(box[0].start, other[0].start)
        gap = max(box[1].start - other[1].stop, other[1].start - box[1].stop)
        if beside > 0.5 * min(tall, height) and gap < 1.2 * tall and 0.4 < height / tall < 2.5:
            return True
    return False


def letter_of(form: BoolArray) -> tuple[Side, bool] | None:
    """Return the letter that a form is, and whether it is mirrored; None for any other form.

    Parameters
    ----------
    form
        True in the form, which touches the edges.
    """
    found: set[tuple[Side, bool]] = set()
    for angle in _ANGLES:
        turned = _on_grid(form, angle)
        for mirrored in (False, True):
            one = turned[:, ::-1] if mirrored else turned
            if _is_r(one):
                found.add(("R", mirrored))
            if _is_l(one):
                found.add(("L", mirrored))
        if found:
            break
    return found.pop() if len(found) == 1 else None


def _on_grid(form: BoolArray, angle: float) -> BoolArray:
    """Return a form turned by some degrees and stretched to fill a small grid."""
    if angle:
        turned = rotate(np.pad(form, 2).astype(np.float64), angle, order=1) > 0.5
        rows, columns = (np.flatnonzero(turned.any(axis=axis)) for axis in (1, 0))
        form = turned[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factors = [size / own for size, own in zip(_GRID, form.shape, strict=True)]
    stretched: BoolArray = (
        zoom(form.astype(np.float64), factors, order=1, grid_mode=True, mode="nearest") > 0.5
    )
    return stretched


def _is_r(form: BoolArray) -> bool:
    high, wide = form.shape
    holes, count = label(~np.pad(form, 1))
    inside = [np.argwhere(holes == k) - 1 for k in range(2, count + 1)]
    inside = [one for one in inside if len(one) >= 0.015 * form.size]
    if len(inside) != 1:
        return False
    (hole,) = inside
    rows = hole[:, 0] / high
    if not 0.15 < rows.mean() < 0.48 or rows.max() > 0.68:
        return False
    if not _has_stem(form, 0.03, 0.97):
        return False
    lower = form[int(0.8 * high) : int(0.95 * high)]
    two = [_runs(row) for row in lower]
    apart = [len(runs) == 2 and runs[1][1] > 0.7 * wide and runs[0][0] < 0.3 * wide for runs in two]
    # P and F have one foot, A has none on the left, B and 8 have a second hole.
    upper = form[int(0.1 * high) : int(0.4 * high), : max(1, wide // 8)]
    return float(np.mean(apart)) > 0.7 and bool(upper.any())


def _is_l(form: BoolArray) -> bool:
    high, wide = form.shape
    _, holes = label(~np.pad(form, 1))
    if holes > 1 or not _has_stem(form, 0.03, 0.97):
        return False
    upright = [_runs(row) for row in form[int(0.15 * high) : int(0.6 * high)]]
    if any(len(runs) != 1 for runs in upright):
        return False
    ends = np.array([runs[0] for runs in upright]) / wide
    thick = float(np.median(ends[:, 1] - ends[:, 0]))
    if not 0.1 < thick < 0.45 or np.ptp(ends[:, 1]) > 0.17 or ends[:, 1].max() > 0.6:
        return False
    foot = [_runs(column) for column in form.T[int(0.5 * wide) : int(0.92 * wide)]]
    if any(len(runs) != 1 or runs[0][1] < 0.9 * high for runs in foot):
        return False
    heights = np.array([runs[0][1] - runs[0][0] for runs in foot]) / high
    # On the grid a stroke as thick along as across is wider, as an L is taller than wide.
    return bool(0.06 < np.median(heights) < 0.27 and 0.5 < thick / np.median(heights) < 4)


def _has_stem(form: BoolArray, first: float, last: float) -> bool:
    """Say whether the left edge is straight and upright."""
    high, wide = form.shape
    rows = form[int(first * high) : int(last * high)]
    begins = np.where(rows.any(axis=1), rows.argmax(axis=1), wide)
    return bool(np.percentile(begins, 95) <= 0.2 * wide)


def _runs(row: BoolArray) -> list[tuple[int, int]]:
    """Return where each run of True begins and ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
