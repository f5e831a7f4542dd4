"""Pictures with black and white exchanged among others: what is drawn is dark where it was bright.

A DICOM file says which way its greys run, and is read so; a picture saved by a viewer says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from trephine.errors import named_rows
from trephine.types import BoolArray, Image

# A region is bright where it is brighter than this share of the rest of its image, dark where it
# is darker. Simulated pelves have 0.83 to 0.98, white borders of the collimator included.
_CLEAR = 0.75
# Of fewer images, or of more that differ, nobody can say which are the odd ones.
_FEWEST, _MOST_ODD = 8, 0.25


class Brightness(NamedTuple):
    """One image: its rows in the table, and ``share_darker`` of each of its regions."""

    rows: Sequence[int]
    darker: Sequence[float]


def share_darker(image: Image, region: BoolArray) -> float:
    """Return the share of an image's other pixels that are darker than a region's median.

    It turns into one minus itself when black and white are exchanged, whatever the grey scale.

    Parameters
    ----------
    image
        Flat; of a volume nothing is said, since nobody exchanges its greys by saving a picture.
    region
        Of the image's shape, not empty.

    Returns
    -------
    float
        0 to 1; equal pixels count half, and 0.5 says nothing.
    """
    if image.pixels.ndim != 2:
        return 0.5
    rest = image.pixels[~region]
    rest = rest[np.isfinite(rest)]
    if not rest.size:
        return 0.5
    middle = np.median(image.pixels[region])
    below, equal = (np.count_nonzero(found) for found in (rest < middle, rest == middle))
    return float((below + equal / 2) / rest.size)


def polarity_remarks(images: Iterable[Brightness], numbers: Sequence[int]) -> Iterator[str]:
    """Yield a sentence where a few images are dark where all others are bright, or turned round.

    Parameters
    ----------
    images
        Of a whole study.
    numbers
        The table's row number of each position.
    """
    images = list(images)
    bright = [one for one in images if one.darker and min(one.darker) >= _CLEAR]
    dark = [one for one in images if one.darker and max(one.darker) <= 1 - _CLEAR]
    odd, usual = sorted((bright, dark), key=len)
    # Images that say neither are no witnesses that the study is of one kind.
    if not odd or len(images) < _FEWEST or len(usual) < (1 - _MOST_ODD) * len(images):
        return
    how, other = ("darker", "brighter") if usual is bright else ("brighter", "darker")
    rows = named_rows(sorted({numbers[row] for one in odd for row in one.rows}))
    yield (
        f"In {rows} ({len(odd)} of {len(images)} images) the region is {how} than most of its"
        f" image, in {len(usual)} others {other}: black and white exchanged?"
    )
