"""The views of a case that are averaged: as it is, flipped, shifted."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.deep.settings import Averaging

# Of the window's side: 9 of 224 pixels, under one third of a last-layer cell (32 pixels).
SHIFT = 0.04


@dataclass(frozen=True)
class View:
    """One view of a case.

    Attributes
    ----------
    is_flipped
        Left and right exchanged, after the mirroring of left sides. Upside down is not used: no
        radiograph comes that way.
    shift
        Of the window, down and to the right, as shares of its height and width.
    """

    is_flipped: bool = False
    shift: tuple[float, float] = (0.0, 0.0)


def views(augment: Averaging) -> tuple[View, ...]:
    """Return the views that ``augment`` averages, the plain one first."""
    flips = (False, True) if "flips" in augment else (False,)
    shifts = [(0.0, 0.0)]
    if "shifts" in augment:
        shifts += [(-SHIFT, 0.0), (SHIFT, 0.0), (0.0, -SHIFT), (0.0, SHIFT)]
    return tuple(View(flip, shift) for flip in flips for shift in shifts)
