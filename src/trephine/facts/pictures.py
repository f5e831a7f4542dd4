"""Facts about the pictures that lie beside facts.json."""

from __future__ import annotations

from typing import Literal

from trephine.facts.base import Fact, Number, Points


class Outline(Fact):
    """A region's outline."""

    rater: str
    """Who drew it."""
    label: str = ""
    """Which region, for example "right hip"."""
    points: Points
    """Corners as (row, column), in pixels of the picture; closed from last to first."""


class PictureFacts(Fact):
    """A picture in the results folder."""

    type: Literal["radiograph", "saliency"]
    """What it shows."""
    file: str
    """Grey picture (8-bit PNG), file name within the pictures folder."""
    heat_file: str = ""
    """Saliency over the same pixels (8-bit grey PNG, 128 is zero); empty for a radiograph."""
    caption: str
    """What is seen; never an identifier of a patient."""
    spacing_mm: Number = None
    """Size of the picture's pixels, in mm; null where unknown."""
    outlines: tuple[Outline, ...] = ()
    """Regions drawn on it."""
    edge_sides: tuple[str, str] = ("", "")
    """Letters at the left and right edge, R or L, as the radiologist looks at it; empty where the
    patient's sides do not lie there."""
    dice: Number = None
    """Dice coefficient between the first two raters' regions on it."""
    heat_limit: Number = None
    """Contribution to the signature per map cell at the ends of the heat picture's scale."""
