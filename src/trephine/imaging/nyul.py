"""Nyul and Udupa's standard scale: grey values of MR mapped so that percentiles agree."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from trephine.errors import ImageError
from trephine.types import FloatArray

PERCENTILES = (1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 99.0)
"""Of the foreground's grey values: the landmarks."""
_LOWEST, _HIGHEST = 1.0, 100.0


def landmarks(pixels: FloatArray) -> FloatArray:
    """Return the landmarks of an image, shape (11,): `PERCENTILES` of its foreground.

    The foreground is what is brighter than the mean of the whole image, as in Nyul and Udupa
    (Magn Reson Med 1999;42:1072).

    Raises
    ------
    ImageError
        If the foreground has one grey value only.
    """
    above = pixels[pixels > pixels.mean()]
    if not above.size or np.ptp(above) == 0:
        raise ImageError("standard scale: expected a foreground of many grey values, found one")
    found: FloatArray = np.percentile(above, PERCENTILES)
    if found[0] == found[-1]:
        raise ImageError("standard scale: expected a foreground of many grey values, found few")
    return found


def standard_scale(of_images: Iterable[FloatArray]) -> tuple[float, ...]:
    """Return the standard scale of some images: the mean of their landmarks.

    Each image's are first mapped linearly so that the first becomes 1 and the last 100.

    Parameters
    ----------
    of_images
        Landmarks of each, shape (11,).

    Raises
    ------
    ImageError
        If there are none.
    """
    mapped = [
        _LOWEST + (own - own[0]) / (own[-1] - own[0]) * (_HIGHEST - _LOWEST) for own in of_images
    ]
    if not mapped:
        raise ImageError("standard scale: expected images to learn it from, found none")
    return tuple(float(value) for value in np.mean(mapped, axis=0))


def on_standard_scale(pixels: FloatArray, scale: tuple[float, ...]) -> FloatArray:
    """Map grey values so that the image's landmarks become those of the scale.

    Straight between landmarks, and outside them on along the first and the last piece (Nyul,
    Udupa and Zhang, IEEE Trans Med Imaging 2000;19:143). Landmarks of one grey value, as in images
    of few, count as one with the mean of their places on the scale.

    Parameters
    ----------
    pixels
        Of any shape.
    scale
        The 11 ascending values of `standard_scale`.

    Raises
    ------
    ImageError
        As `landmarks`.
    """
    own, place = np.unique(landmarks(pixels), return_inverse=True)
    aim = np.bincount(place, weights=np.asarray(scale)) / np.bincount(place)
    slopes = np.diff(aim) / np.diff(own)
    piece = np.clip(np.searchsorted(own, pixels, side="right") - 1, 0, slopes.size - 1)
    mapped: FloatArray = aim[piece] + (pixels - own[piece]) * slopes[piece]
    return mapped
