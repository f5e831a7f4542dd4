"""Two readings of an image side by side: the numbers of ``trephine agree``, and outlines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trephine.annotation.journal import read_journal
from trephine.annotation.output import DrawnGrid
from trephine.annotation.shapes import DrawnRegion
from trephine.evaluation.agreement import compare_regions
from trephine.study.annotating.deriving import outlines_of
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.viewing import grid_of
from trephine.types import BoolArray


def compared(item: WorkItem, journals: tuple[Path, Path], plane: tuple[int, int]) -> dict[str, Any]:
    """Compare two readings of an image.

    Parameters
    ----------
    item
        The image.
    journals
        Of the two readings.
    plane
        Axis and index of the plane whose outlines are wanted.

    Returns
    -------
    dict
        ``pairs``: by side and name, Dice, 95 % Hausdorff distance (mm) and both sizes, or who drew
        it alone; ``outlines`` of both; ``regions`` of both, to be copied into a consensus.
    """
    grid = grid_of(item)
    readings = [read_journal(path).reading for path in journals]
    drawn = [_joined(tuple(reading.regions.values()), grid) for reading in readings]
    pairs = []
    for side, name in sorted({*drawn[0], *drawn[1]}, reverse=True):
        first, second = (one.get((side, name)) for one in drawn)
        pair: dict[str, Any] = {"side": side, "name": name, "alone": None}
        if first is None or second is None:
            pair["alone"] = 0 if second is None else 1
        else:
            found = compare_regions(first, second, grid.geometry.spacing_mm)
            pair |= {
                "dice": found.dice,
                "hausdorff95_mm": found.hausdorff95_mm,
                "sizes": [found.first_size, found.second_size],
            }
        pairs.append(pair)
    return {
        "pairs": pairs,
        "outlines": [
            [line for region in one.values() for line in outlines_of(region, *plane)]
            for one in drawn
        ],
        "regions": [
            [region.model_dump(mode="json") for region in reading.regions.values()]
            for reading in readings
        ],
    }


def _joined(regions: tuple[DrawnRegion, ...], grid: DrawnGrid) -> dict[tuple[str, str], BoolArray]:
    """Return what was drawn of each side and name, as a mask holds it; nothing that is empty."""
    found: dict[tuple[str, str], BoolArray] = {}
    for region in regions:
        key = (region.side or "", region.name)
        pixels = grid.pixels(region)
        found[key] = np.logical_or(found[key], pixels) if key in found else pixels
    return {key: pixels for key, pixels in found.items() if pixels.any()}
