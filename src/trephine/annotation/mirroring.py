"""A region copied to the patient's other side: mirrored, and moved."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.annotation.shapes import (
    Disc,
    Ellipse,
    FittedCircle,
    Freehand,
    Group,
    PixelPlace,
    PixelRuns,
    Polygon,
    Ring,
    Shape,
    ShapePart,
    Stroke,
)


def mirrored_parts(
    parts: Sequence[ShapePart], axis_px: float, columns: int
) -> tuple[ShapePart, ...]:
    """Return parts mirrored at an upright line.

    Parameters
    ----------
    parts
        On planes whose columns run from side to side.
    axis_px
        Column of the line; half columns mirror pixels onto pixels.
    columns
        Of the plane: what leaves it by mirroring is lost of masks' runs alone.
    """
    return tuple(
        part.model_copy(update={"shape": _mirrored(part.shape, axis_px, columns)}) for part in parts
    )


def _mirrored(shape: Shape, axis_px: float, columns: int) -> Shape:
    def at(place: PixelPlace) -> PixelPlace:
        return 2 * axis_px - place[0], place[1]

    match shape:
        case FittedCircle() | Polygon() | Freehand() | Stroke():
            return shape.model_copy(update={"points": tuple(map(at, shape.points))})
        case Disc():
            return shape.model_copy(update={"centre": at(shape.centre)})
        case Ellipse():
            turned = {"centre": at(shape.centre), "turn_degree": -shape.turn_degree}
            return shape.model_copy(update=turned)
        case PixelRuns():
            return PixelRuns(runs=_mirrored_runs(shape, axis_px, columns))
        case Group() | Ring():
            return shape.model_copy(update={"parts": mirrored_parts(shape.parts, axis_px, columns)})


def _mirrored_runs(
    shape: PixelRuns, axis_px: float, columns: int
) -> tuple[tuple[int, int, int], ...]:
    twice = round(2 * axis_px)
    kept = []
    for row, first, count in shape.runs:
        start, end = twice - (first + count - 1), twice - first
        start, end = max(start, 0), min(end, columns - 1)
        if end >= start:
            kept.append((row, start, end - start + 1))
    return tuple(kept)
