"""What follows from a reading: values, outlines, measures, warnings, and its files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from trephine.annotation.circle_fit import CircleFit
from trephine.annotation.journal import Journal, held, read_journal
from trephine.annotation.output import DrawnGrid, write_reading
from trephine.annotation.raster import PlaneGrid, circle_of, outline_of
from trephine.annotation.reading import DrawnReading
from trephine.annotation.region_values import region_values
from trephine.annotation.shapes import Disc, DrawnRegion, FittedCircle, Freehand, ShapePart
from trephine.errors import InputError
from trephine.imaging import region_outline
from trephine.imaging.sides import facing_of
from trephine.study.annotating.head_summary import head_summaries, measured
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.reading_values import values_file
from trephine.study.annotating.viewing import film_letter, grid_of, opened, plane_grid
from trephine.types import BoolArray
from trephine.writing import write_text

# A region this close to the middle, as a share of the width, says nothing of its side.
_OFF_THE_MIDDLE = 0.05


def shown_reading(
    item: WorkItem, journal: Path, folder: Path, plane: tuple[int, int], write: bool
) -> dict[str, Any]:
    """Return what a page shows of a reading, and write its files.

    Parameters
    ----------
    item
        The image.
    journal
        Of the reading.
    folder
        Of the rater.
    plane
        Axis and index of the plane whose outlines are wanted.
    write
        Whether masks, shapes and values are to be written.

    Raises
    ------
    InputError
        If the journal is damaged, or a shape cannot be drawn.
    ImageError
        If the image cannot be read.
    """
    grid = grid_of(item)
    if not write:
        return _shown(item, read_journal(journal), grid, plane)[0]
    # Held, so that of two windows the older reading is not written last.
    with held(journal):
        found = read_journal(journal)
        shown, values = _shown(item, found, grid, plane)
        try:
            write_reading(found.reading, grid, folder, item.place, _names(found))
            write_values(item, found, values, folder)
        except InputError as error:
            shown["problem"] = str(error)
    return shown


def _shown(
    item: WorkItem, journal: Journal, grid: DrawnGrid, plane: tuple[int, int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a page shows, and the values in it."""
    reading = journal.reading
    pixels = {name: grid.pixels(region) for name, region in reading.regions.items()}
    values = _values(item, reading, pixels)
    shown = {
        **reading_json(journal),
        **values,
        "outlines": {name: outlines_of(one, *plane) for name, one in pixels.items()},
        "fits": _fits(reading, item),
        "warnings": _side_warnings(item, reading, pixels),
        "problem": "",
    }
    return shown, values


def reading_json(journal: Journal) -> dict[str, Any]:
    """Return a reading as JSON's values."""
    reading = journal.reading
    return {
        "revision": journal.revision,
        "torn": journal.torn,
        "state": reading.state,
        "reason": reading.reason,
        "undoable": reading.undoable,
        "redoable": reading.redoable,
        "regions": [one.model_dump(mode="json") for one in reading.regions.values()],
        "measures": [one.model_dump(mode="json") for one in reading.measures.values()],
    }


def write_values(item: WorkItem, journal: Journal, values: dict[str, Any], folder: Path) -> None:
    """Write the numbers of a reading, from which the table of measures is made."""
    path = values_file(item, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "place": item.place,
        "revision": journal.revision,
        "state": journal.reading.state,
        "heads": values["heads"],
    }
    write_text(path, json.dumps(content, ensure_ascii=False) + "\n")


def _names(journal: Journal) -> set[str]:
    """Return the names of regions that a journal ever had."""
    regions = (getattr(operation, "region", None) for operation in journal.operations)
    return {region.name for region in regions if isinstance(region, DrawnRegion)}


def _values(item: WorkItem, reading: DrawnReading, pixels: dict[str, BoolArray]) -> dict[str, Any]:
    image = opened(item)
    sizes = {}
    for name, region in pixels.items():
        found = region_values(region, image.pixels, image.geometry.spacing_mm)
        sizes[name] = {
            "pixels": found.pixels,
            "size": found.size,
            "diameter_mm": _number(found.diameter_mm),
            "mean_grey": _number(found.mean_grey),
        }
    grids = [plane_grid(item, axis) for axis in range(1 if image.pixels.ndim == 2 else 3)]
    measures = {name: measured(one, reading, grids) for name, one in reading.measures.items()}
    heads = head_summaries(reading, pixels, grids, measures)
    return {"sizes": sizes, "values": measures, "heads": heads}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def outlines_of(region: BoolArray, axis: int, index: int) -> list[list[list[float]]]:
    """Return the outlines of a region on a plane, (x, y) of pixel corners."""
    plane = region if region.ndim == 2 else np.moveaxis(region, axis, 0)[index]
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    if not rows.size:
        return []
    top, left = int(rows[0]), int(columns[0])
    window = plane[top : rows[-1] + 1, left : columns[-1] + 1]
    return [
        (line[:, ::-1] + (left, top)).tolist()
        for line in region_outline(np.ascontiguousarray(window))
    ]


def _fits(reading: DrawnReading, item: WorkItem) -> dict[str, list[dict[str, Any] | None]]:
    """Return, for each part of each region, what a page draws beside its handles."""
    return {
        name: [_fit(part, plane_grid(item, part.axis)) for part in region.parts]
        for name, region in reading.regions.items()
    }


def _fit(part: ShapePart, grid: PlaneGrid) -> dict[str, Any] | None:
    if isinstance(part.shape, FittedCircle | Disc):
        fit = circle_of(part.shape, grid)
        return {
            "centre": _to_px(fit, grid),
            "radius_mm": fit.radius_mm,
            # A circle that was stated, and not fitted, has none.
            "residual_mm": None if isinstance(part.shape, Disc) else fit.residual_mm,
        }
    if isinstance(part.shape, Freehand):
        return {"line": np.round(outline_of(part.shape, grid), 3).tolist()}
    return None


def _to_px(fit: CircleFit, grid: PlaneGrid) -> list[float]:
    return [fit.centre_mm[0] / grid.spacing_mm[1], fit.centre_mm[1] / grid.spacing_mm[0]]


def _side_warnings(
    item: WorkItem, reading: DrawnReading, pixels: dict[str, BoolArray]
) -> list[dict[str, str]]:
    """Return what contradicts the sides of regions: their half of the image, or the file."""
    image = opened(item)
    facing = facing_of(image)
    stated = image.provenance.get("laterality")
    found: list[dict[str, str]] = []
    places: dict[str, dict[str, float]] = {}
    for name, region in reading.regions.items():
        if region.side is None or not pixels[name].any():
            continue
        if stated in ("R", "L"):
            if region.side != stated:
                found.append({"code": "laterality", "region": name, "says": str(stated)})
            continue
        if facing is None:
            continue
        places.setdefault(region.name, {})[region.side] = facing.place(pixels[name])
        off = places[region.name][region.side] - 0.5
        if abs(off) > _OFF_THE_MIDDLE and (off > 0) == (region.side == "R"):
            found.append({"code": "half", "region": name, "says": facing.source})
    crossed = any({"R", "L"} <= one.keys() and one["R"] > one["L"] for one in places.values())
    if crossed:
        found.append({"code": "swapped", "region": "", "says": ""})
    if str(image.provenance.get("view_position") or "") == "PA":
        found.append({"code": "pa", "region": "", "says": ""})
    return [*found, *_letter_warnings(item, reading)]


def _letter_warnings(item: WorkItem, reading: DrawnReading) -> list[dict[str, str]]:
    """Return what the letter on the film contradicts: the file, or the side of a region."""
    sided = {name: one.side for name, one in reading.regions.items() if one.side is not None}
    if not sided:
        return []  # the letter takes a moment to find
    film = film_letter(item)
    found = []
    if film.doubt:
        found.append({"code": f"letter_{film.doubt}", "region": "", "says": film.letter})
    if film.alone:
        other = [name for name, side in sided.items() if side != film.letter]
        found += [{"code": "letter_side", "region": name, "says": film.letter} for name in other]
    return found
