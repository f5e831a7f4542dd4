"""Marks that were drawn, not taken: connected pixels of one value that stand out all around.

A detector's pixels carry noise, so that neighbours are hardly ever equal over the length of a
stroke, at any grey value; what a program draws is constant. Saturated and collimated areas are
constant too, but they are large and compact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import measure

from trephine.types import BoolArray, FloatArray

_SMALLEST_AREA = 8  # pixels
_LETTER_SIDE = (6, 0.06)  # pixels; part of the image's longer side
_LETTER_FILL = (0.08, 0.85)  # part of its bounding box that a letter fills
_STROKE = (4, 6)  # widest, shortest, in pixels
_LINE = (10.0, 24)  # widest, shortest, in pixels
_LINE_FILL = 0.35
_OUTSTANDING_SHARE = 0.8  # of the border of a mark
# In noise of that many grey levels so many equal neighbours do not come by chance.
_NOISY, _SURE_AREA, _SURE_SHARE = 3.0, 40, 0.35
_OUTSTANDING_NOISE, _OUTSTANDING_RANGE = 4.0, (0.03, 0.2)
_LOSSY_LEVELS = 24


@dataclass(frozen=True)
class Marks:
    """What was found.

    Attributes
    ----------
    letters, lines
        How many marks of a letter's size, and how many thin ones: strokes, lines, boxes.
    where
        Their pixels.
    """

    letters: int
    lines: int
    where: BoolArray

    @property
    def count(self) -> int:
        """Both together."""
        return self.letters + self.lines


def find_marks(values: FloatArray, *, lossy: bool) -> Marks:
    """Return the marks of one grey picture.

    Parameters
    ----------
    values
        (rows, columns).
    lossy
        Whether it was compressed with loss: then nothing is quite constant, and values are also
        taken in coarse steps, at two offsets.
    """
    levels = [np.rint(values * (1 if float(np.ptp(values)) > 2 else 1e6)).astype(np.int64)]
    if lossy:
        step = max(float(np.ptp(values)) / _LOSSY_LEVELS, 1e-9)
        levels += [np.floor(values / step + offset).astype(np.int64) for offset in (0.0, 0.5)]
    where = np.zeros(values.shape, dtype=bool)
    letters = lines = 0
    for level in levels:
        found = _in_levels(values, level)
        letters, lines = max(letters, found.letters), max(lines, found.lines)
        where |= found.where
    return Marks(letters, lines, where)


def _in_levels(values: FloatArray, level: npt.NDArray[np.int64]) -> Marks:
    labels = measure.label(  # type: ignore[no-untyped-call]
        level, connectivity=2, background=int(level.min()) - 1
    )
    chosen = _outstanding(values, labels)
    chosen[0] = False
    numbers = np.cumsum(chosen) * chosen
    compact = numbers[labels]
    where = np.zeros(values.shape, dtype=bool)
    letters = lines = 0
    for number, box in enumerate(ndimage.find_objects(compact), start=1):
        part = compact[box] == number
        shape = _shape_of(part, max(values.shape))
        letters += shape == "letter"
        lines += shape == "line"
        if shape:
            where[box] |= part
    return Marks(letters, lines, where)


def _outstanding(values: FloatArray, labels: npt.NDArray[np.int64]) -> BoolArray:
    """Tell for each label whether nearly all of its border differs clearly from what is beyond."""
    count = int(labels.max()) + 1
    border, clear = np.zeros(count), np.zeros(count)
    steps = []
    for axis in (0, 1):
        one, two = (
            np.take(labels, np.arange(start, labels.shape[axis] - 1 + start), axis=axis)
            for start in (0, 1)
        )
        step = np.abs(np.diff(values, axis=axis))
        steps.append((one, two, step))
    noise = float(np.median(np.concatenate([step.ravel()[::7] for _, _, step in steps])))
    low, high = np.percentile(values, [0.5, 99.5])
    least, most = (part * float(high - low) for part in _OUTSTANDING_RANGE)
    limit = max(min(max(_OUTSTANDING_NOISE * noise, least), most), 1e-12)
    for one, two, step in steps:
        differ = one != two
        strong = step[differ] >= limit
        for side in (one[differ], two[differ]):
            border += np.bincount(side, minlength=count)
            clear += np.bincount(side, weights=strong, minlength=count)
    area = np.bincount(labels.ravel(), minlength=count)
    share = np.divide(clear, border, out=np.zeros(count), where=border > 0)
    chosen = (area >= _SMALLEST_AREA) & (share >= _OUTSTANDING_SHARE)
    if noise >= _NOISY:
        chosen |= (area >= _SURE_AREA) & (share >= _SURE_SHARE)
    return np.asarray(chosen)


def _shape_of(part: BoolArray, longest_side: int) -> str:
    """Return "letter", "line" or "" for anything else."""
    height, width = part.shape
    long, short = max(height, width), min(height, width)
    area = int(part.sum())
    fill = area / (height * width)
    thin = short <= _STROKE[0] and long >= _STROKE[1]
    outline = long >= _LINE[1] and fill <= _LINE_FILL and area / (height + width) <= _LINE[0]
    if thin or outline:
        return "line"
    small = _LETTER_SIDE[0] <= long <= max(_LETTER_SIDE[1] * longest_side, _LETTER_SIDE[0])
    return "letter" if small and _LETTER_FILL[0] <= fill <= _LETTER_FILL[1] else ""
