"""What a reading may start from: an existing mask, the other side's region, suggested circles."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from trephine.annotation.head_suggestion import suggest_heads
from trephine.annotation.mirroring import mirrored_parts
from trephine.annotation.raster import runs_of
from trephine.annotation.reading import DrawnReading
from trephine.annotation.shapes import Disc, DrawnRegion, ShapePart
from trephine.choices import Side
from trephine.errors import ImageError, InputError
from trephine.imaging import fit_mask, read_mask
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.viewing import image_facts, opened, plane_grid, plane_values
from trephine.types import BoolArray

# So long that each process of a pool answers once.
_WARM_S = 0.2


def regions_of_mask(item: WorkItem, path: Path) -> list[dict[str, Any]]:
    """Return the regions of an existing mask, of which a reading may start.

    Labels are those of the study's sides; a label of no side is a region without one.

    Raises
    ------
    ImageError
        If the mask cannot be read or does not lie on the image.
    """
    image = opened(item)
    labels = fit_mask(image, read_mask(path, image=image), "strict").labels
    known = _known(item)
    found = []
    for label in np.unique(labels[labels != 0]).tolist():
        name, side = known.get(label, ("head", None))
        inside = _lesion_inside(item, side) if name == "head" else ()
        parts = _parts(np.isin(labels, [label, *inside]))
        region = DrawnRegion(region_id=f"mask-{label}", side=side, name=name, parts=parts)
        found.append(region.model_dump(mode="json"))
    return found


def _known(item: WorkItem) -> dict[int, tuple[str, Side | None]]:
    """Return the name and the side of a region by its label.

    Where a label says no side, that of the only case that the image shows.
    """
    sides = {row.side for row in item.rows}
    alone = next(iter(sides)) if len(sides) == 1 else None
    found: dict[int, tuple[str, Side | None]] = {}
    for name, labels in (item.regions or {"head": item.labels}).items():
        if labels["R"] == labels["L"]:
            found[labels["R"]] = (name, alone)
        else:
            found |= {label: (name, side) for side, label in labels.items() if side}
    return found


def _lesion_inside(item: WorkItem, side: Side | None) -> tuple[int, ...]:
    """Return the label of the lesion that lies over a head in one mask, if there is any.

    The head of such a mask has a hole where its lesion is; its share is of the whole head.
    """
    names = list(item.regions)
    if "head" not in names or "lesion" not in names[names.index("head") :]:
        return ()
    return (item.regions["lesion"][side],)


def _parts(region: BoolArray) -> tuple[ShapePart, ...]:
    if region.ndim == 2:
        return (ShapePart(shape=runs_of(region)),)
    planes = np.flatnonzero(region.any(axis=(1, 2))).tolist()
    return tuple(ShapePart(shape=runs_of(region[index]), index=index) for index in planes)


def mirrored_region(item: WorkItem, reading: DrawnReading, region_id: str) -> dict[str, Any]:
    """Return a region as its other side's, mirrored at the middle between the image's edges.

    Raises
    ------
    InputError
        If there is no such region, or it has no side.
    """
    region = reading.regions.get(region_id)
    if region is None or region.side is None:
        raise InputError("mirror: expected a region of a side, found none")
    if any(part.axis == 2 for part in region.parts):
        raise InputError("mirror: expected planes that show both sides, found one of a side alone")
    columns = plane_grid(item, region.parts[0].axis if region.parts else 0).shape[1]
    other: Side = "L" if region.side == "R" else "R"
    parts = mirrored_parts(region.parts, (columns - 1) / 2, columns)
    changed = {"side": other, "parts": parts, "suggested": False}
    found: dict[str, Any] = region.model_copy(update=changed).model_dump(mode="json")
    return found


def suggested_heads(item: WorkItem, axis: int, index: int) -> list[dict[str, Any]]:
    """Return circles that may be femoral heads, without a side where none is known.

    Nothing of them is kept.

    Raises
    ------
    InputError
        If the image has no such plane.
    """
    image, grid = opened(item), plane_grid(item, axis)
    plane = plane_values(image.pixels, axis, index)
    stated = image.provenance.get("laterality")
    letters = image_facts(item).sides[axis][:2]
    found = []
    for head in suggest_heads(plane, grid.spacing_mm):
        side = letters[head.half] if head.half >= 0 else ""
        if head.half < 0 and stated in ("R", "L"):
            side = str(stated)
        shape = Disc(centre=head.centre_px, radius_mm=head.radius_mm)
        found.append({"side": side, "shape": shape.model_dump(mode="json"), "score": head.score})
    return found


def warmed_up(item: WorkItem | None) -> bool:
    """Return True; whoever asks has a process that has loaded all that a page asks for.

    Parameters
    ----------
    item
        An image to open beside, if any.
    """
    if item is not None:
        with suppress(ImageError):  # it is said where the page asks for it
            opened(item)
    time.sleep(_WARM_S)
    return True
