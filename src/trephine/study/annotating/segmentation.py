"""A reading as DICOM SEG, for archives and viewers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trephine import __version__
from trephine.annotation.journal import read_journal
from trephine.imaging.segmentation_writing import segmentation_object
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.viewing import grid_of
from trephine.types import BoolArray


def segmentation_of(item: WorkItem, journal: Path) -> bytes:
    """Return the regions of a reading as a DICOM SEG that refers to its image.

    Raises
    ------
    ImageError
        If the image is no DICOM, or nothing is drawn.
    """
    grid = grid_of(item)
    found: dict[str, BoolArray] = {}
    for region in read_journal(journal).reading.regions.values():
        name = f"{region.side} {region.name}" if region.side else region.name
        pixels = grid.pixels(region)
        if pixels.any():
            found[name] = np.logical_or(found[name], pixels) if name in found else pixels
    return segmentation_object(item.path, found, __version__)
