"""What an image and the regions on it look like in numbers, for comparison with the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from trephine.choices import MaskGeometry
from trephine.errors import InputError
from trephine.imaging import fit_mask, read_image, read_mask
from trephine.imaging.sides import facing_of
from trephine.paths import without_name
from trephine.radiomics.quality import image_quality
from trephine.radiomics.region import bounding_box
from trephine.study.images.overlaps import dice_of
from trephine.study.images.seen import edges_touched
from trephine.types import BoolArray, Image

DICE = "dice"
# Some pixel is always the brightest.
_CLIPPED = 0.01

# In the order in which a table shows them.
MEASURES = (
    "size_mm", "height_mm", "width_mm", "depth_mm", "from_right", "from_top", "parts", "edges",
    "grey_mean", "grey_sd", "grey_clipped", "noise", "sharpness", "contrast", "pixel_mm",
    "image_rows", "image_columns", DICE,
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """One region to look at, and the other readings of it.

    Attributes
    ----------
    where
        What it is called by; no identifier.
    image, mask, label, side
        The region, label 1 where none is given; ``side`` is R, L or empty.
    others
        Masks of other raters and of second readings.
    """

    where: str
    image: Path = field(repr=False)
    mask: Path = field(repr=False)
    label: int | str | None
    side: str = ""
    others: tuple[Path, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Opening:
    """How files are opened; handed to each worker once."""

    spacing_mm: float | tuple[float, float] | None = None
    mask_geometry: MaskGeometry = "strict"

    def region(self, drawn: Drawn) -> tuple[Image, BoolArray]:
        """Return the image and the region on it.

        Raises
        ------
        InputError
            If a file cannot be read, or the region is not there.
        """
        image = read_image(drawn.image, spacing_mm=self.spacing_mm)
        return image, self._on(image, drawn.mask, drawn.label)

    def others(self, image: Image, drawn: Drawn) -> list[BoolArray]:
        """Return the same region in the other readings."""
        return [self._on(image, path, drawn.label) for path in drawn.others]

    def _on(self, image: Image, path: Path, label: int | str | None) -> BoolArray:
        mask = fit_mask(image, read_mask(path, image=image), self.mask_geometry)
        return mask.region(1 if label is None else label)


@dataclass(frozen=True)
class RegionLook:
    """What one region looks like.

    Attributes
    ----------
    measures
        Value by the names of `MEASURES`; NaN where there is none. ``size_mm`` is an area in mm2
        or a volume in mm3; ``from_right`` and ``from_top`` are shares of the image, from the
        patient's right, for a left side from the patient's left; ``grey_clipped`` is the share of
        the region at the image's lowest or highest value, 0 below a hundredth; ``noise``,
        ``sharpness`` and ``contrast`` as in `trephine.radiomics.ImageQuality`; ``dice`` the lowest
        with the others.
    problem
        Why it could not be looked at; empty where it could.
    """

    measures: Mapping[str, float]
    problem: str = ""


def look_at(opening: Opening, drawn: Drawn) -> RegionLook:
    """Measure what a region and its image look like; what cannot be opened says why."""
    try:
        image, region = opening.region(drawn)
        others = opening.others(image, drawn)
    except InputError as error:
        return RegionLook({}, _nameless(str(error), drawn))
    except OSError as error:
        return RegionLook({}, f"cannot be read: {error.strerror}")
    found = {**_extent(image, region), **_place(image, region, drawn.side), **_grey(image, region)}
    found[DICE] = min((dice_of(region, other) for other in others), default=nan)
    return RegionLook({name: float(found.get(name, nan)) for name in MEASURES})


def _nameless(text: str, drawn: Drawn) -> str:
    for path in drawn.others:
        text = without_name(text, path, "another reading's mask")
    return without_name(without_name(text, drawn.mask, "the mask"), drawn.image, "the image")


def _extent(image: Image, region: BoolArray) -> dict[str, float]:
    spacing = np.asarray(image.geometry.spacing_mm, dtype=np.float64)
    box = bounding_box(region)
    lengths = [(part.stop - part.start) * step for part, step in zip(box, spacing, strict=True)]
    touching = ndimage.generate_binary_structure(region.ndim, region.ndim)
    return {
        "size_mm": float(region.sum()) * float(np.prod(spacing)),
        "height_mm": lengths[-2],
        "width_mm": lengths[-1],
        "depth_mm": lengths[-3] if region.ndim == 3 else nan,
        "parts": ndimage.label(region[box], structure=touching)[1],
        "edges": edges_touched(region),
        "pixel_mm": float(spacing[-1]),
        "image_rows": region.shape[-2],
        "image_columns": region.shape[-1],
    }


def _place(image: Image, region: BoolArray, side: str) -> dict[str, float]:
    facing = facing_of(image)
    across = facing.place(region) if facing is not None else nan
    rows = region.any(axis=tuple(axis for axis in range(region.ndim) if axis != region.ndim - 2))
    return {
        "from_right": 1.0 - across if side == "L" else across,
        "from_top": float(np.flatnonzero(rows).mean() + 0.5) / rows.size,
    }


def _grey(image: Image, region: BoolArray) -> dict[str, float]:
    inside: Any = image.pixels[region]
    quality = image_quality(image, region)
    return {
        "grey_mean": float(inside.mean()),
        "grey_sd": float(inside.std()),
        "grey_clipped": quality.clipped if quality.clipped >= _CLIPPED else 0.0,
        "noise": quality.noise,
        "sharpness": quality.sharpness,
        "contrast": quality.contrast,
    }
