"""A reading as files: a mask of each kind of region, and the shapes beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trephine.annotation.raster import region_pixels
from trephine.annotation.reading import DrawnReading
from trephine.annotation.shapes import DrawnRegion
from trephine.choices import Side
from trephine.errors import InputError
from trephine.imaging import write_nifti
from trephine.paths import JOINT, held_inside
from trephine.types import BoolArray, Geometry, Mask
from trephine.writing import whole_file, write_text

SHAPES = "shapes"
RULE = "a pixel is in a region if its centre is in the shape"


@dataclass(frozen=True)
class DrawnGrid:
    """The pixels of an image, without their values.

    Attributes
    ----------
    shape
        Two axes or three.
    geometry
        Of the image.
    labels
        Of each side's region in a mask; None for a region without a side.
    regions
        The same by the region's name, where a study reads several from one mask; a later one lies
        over those before it. Empty where it does not.
    """

    shape: tuple[int, ...]
    geometry: Geometry
    labels: Mapping[Side | None, int]
    regions: Mapping[str, Mapping[Side | None, int]] = field(default_factory=dict)

    def pixels(self, region: DrawnRegion) -> BoolArray:
        """Return the pixels of a region."""
        return region_pixels(region.parts, self.shape, self.geometry.spacing_mm)


def label_map(regions: Iterable[DrawnRegion], grid: DrawnGrid) -> npt.NDArray[np.uint8]:
    """Return regions of one name as labels of their sides, shape of the image.

    Raises
    ------
    InputError
        If regions of two sides share a pixel: a mask cannot hold both.
    """
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for region in regions:
        label = grid.labels[region.side]
        pixels = grid.pixels(region)
        shared = int(np.count_nonzero(pixels & (labels != 0) & (labels != label)))
        if shared:
            raise InputError(
                f"regions: expected right and left apart, found {shared} pixels of {region.name} in"
                " both; a mask cannot hold them"
            )
        labels[pixels] = label
    return labels


def joint_map(regions: Iterable[DrawnRegion], grid: DrawnGrid) -> npt.NDArray[np.uint16]:
    """Return the regions that a study reads from one mask as its labels, shape of the image."""
    labels = np.zeros(grid.shape, dtype=np.uint16)
    drawn = list(regions)
    for name, own in grid.regions.items():
        for region in drawn:
            if region.name == name:
                labels[grid.pixels(region)] = own[region.side]
    return labels


def mask_path(folder: Path, name: str, place: str) -> Path:
    """Return where the mask of a kind of region lies.

    Parameters
    ----------
    folder
        Of the rater.
    name
        Of the region, such as head.
    place
        Of the image, without its ending.
    """
    return folder / name / f"{place}.nii.gz"


def write_reading(
    reading: DrawnReading, grid: DrawnGrid, folder: Path, place: str, known: Iterable[str] = ()
) -> tuple[Path, ...]:
    """Write the masks and the shapes of a reading, each whole or not at all.

    Parameters
    ----------
    reading
        What was drawn.
    grid
        Of its image.
    folder
        Of the rater.
    place
        Of the image, without its ending.
    known
        Names of regions that there were: the mask of one that is gone goes too.

    Returns
    -------
    tuple of Path
        The masks.

    Raises
    ------
    InputError
        As `label_map`, or if a link leads out of the folder; nothing is written then.
    """
    names = sorted({region.name for region in reading.regions.values()})
    maps: dict[str, npt.NDArray[np.unsignedinteger]] = {}
    for name in names:
        found = label_map((r for r in reading.regions.values() if r.name == name), grid)
        if found.any():
            maps[name] = found
    if grid.regions:
        known = [*known, JOINT]
        if (joint := joint_map(reading.regions.values(), grid)).any():
            maps[JOINT] = joint
    shapes = folder / SHAPES / f"{place}.json"
    for path in (shapes, *(mask_path(folder, name, place) for name in {*known, *names})):
        # A folder that is a link: files of somebody else would be written over, or removed.
        held_inside(path.parent, folder)
    for name in {*known, *names} - maps.keys():
        mask_path(folder, name, place).unlink(missing_ok=True)
    written = []
    for name, labels in maps.items():
        path = mask_path(folder, name, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_mask(Mask(labels, grid.geometry), path)
        written.append(path)
    shapes.parent.mkdir(parents=True, exist_ok=True)
    write_text(shapes, shapes_text(reading, grid))
    return tuple(written)


def _write_mask(mask: Mask, path: Path) -> None:
    """Write a mask whole or not at all."""
    with whole_file(path) as draft:
        # A writer goes by the ending, which a draft does not have.
        packed = draft.with_name(f"{draft.name}.nii.gz")
        try:
            write_nifti(mask, packed)
            packed.replace(draft)
        finally:
            packed.unlink(missing_ok=True)


def shapes_text(reading: DrawnReading, grid: DrawnGrid) -> str:
    """Return the shapes of a reading as JSON, with the rule by which pixels follow from them."""
    content = {
        "rule": RULE,
        "places": "(x, y) in pixels, 0 at the centre of the first; lengths in mm",
        "image_shape": list(grid.shape),
        "spacing_mm": list(grid.geometry.spacing_mm),
        "state": reading.state,
        "regions": [region.model_dump(mode="json") for region in reading.regions.values()],
        "measures": [one.model_dump(mode="json") for one in reading.measures.values()],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
