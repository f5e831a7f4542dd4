"""The measures of a reading as numbers, and what they come to for each head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trephine.annotation.circle_fit import CircleFit
from trephine.annotation.head_measures import (
    ARCO_DEPRESSION_MM,
    angle_degree,
    arc_degree,
    centre_edge_degree,
    depression_mm,
    distance_mm,
    lesion_percent,
    modified_kerboul,
    steinberg_extent,
)
from trephine.annotation.raster import PlaneGrid, circle_of
from trephine.annotation.reading import DrawnReading, Measurement
from trephine.annotation.shapes import Disc, FittedCircle
from trephine.choices import Side
from trephine.cohort.femoral_head import combined_necrotic_angle, necrosis_degree_index
from trephine.errors import InputError
from trephine.types import BoolArray

HEAD, LESION = "head", "lesion"
_NEEDS_HEAD = ("arc_coronal", "arc_axial", "depression", "centre_edge")


def measured(
    measure: Measurement, reading: DrawnReading, grids: Sequence[PlaneGrid]
) -> dict[str, Any]:
    """Return a measure's value with its unit, or why there is none.

    Parameters
    ----------
    measure
        That is wanted.
    reading
        Whose heads it refers to.
    grids
        Of the planes along each axis.

    Returns
    -------
    dict
        ``value`` (degrees or mm) and ``unit``; ``lacks`` is "head" where no circle of the head is
        drawn on the plane, "places" where places coincide.
    """
    unit = "mm" if measure.kind in ("depression", "distance") else "°"
    nothing: dict[str, Any] = {"value": None, "unit": unit, "lacks": ""}
    if measure.axis >= len(grids):
        return {**nothing, "lacks": "places"}
    points = grids[measure.axis].to_mm(measure.points)
    head = head_circle(reading, measure.side, measure.axis, measure.index, grids)
    if head is None and measure.kind in _NEEDS_HEAD:
        return {**nothing, "lacks": "head"}
    try:
        if measure.kind == "distance":
            value = distance_mm(points[0], points[1])
        elif measure.kind == "angle":
            value = angle_degree(points[0], points[1], points[2])
        elif head is None:
            return {**nothing, "lacks": "head"}
        elif measure.kind == "depression":
            value = depression_mm(head, points)
        elif measure.kind == "centre_edge":
            value = centre_edge_degree(head.centre_mm, points[0], _other(reading, measure, grids))
        else:
            value = arc_degree(head, points[0], points[1])
    except InputError:
        return {**nothing, "lacks": "places"}
    return {**nothing, "value": value}


def head_circle(
    reading: DrawnReading, side: Side | None, axis: int, index: int, grids: Sequence[PlaneGrid]
) -> CircleFit | None:
    """Return the circle of a side's head on a plane, the first that was drawn."""
    for region in reading.regions.values():
        if region.name != HEAD or region.side != side:
            continue
        for part in region.parts:
            here = part.axis == axis and part.index == index and part.mode == "add"
            if here and isinstance(part.shape, FittedCircle | Disc):
                try:
                    return circle_of(part.shape, grids[axis])
                except InputError:
                    continue
    return None


def _other(
    reading: DrawnReading, measure: Measurement, grids: Sequence[PlaneGrid]
) -> tuple[float, float] | None:
    if measure.side is None:
        return None
    other: Side = "L" if measure.side == "R" else "R"
    found = head_circle(reading, other, measure.axis, measure.index, grids)
    return None if found is None else found.centre_mm


def head_summaries(
    reading: DrawnReading,
    pixels: Mapping[str, BoolArray],
    grids: Sequence[PlaneGrid],
    values: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Return, by side (R, L or empty), what is known of each head.

    Of several measures of a kind the last one counts.
    """
    sides: dict[str, Side | None] = {}
    for side in (
        *(region.side for region in reading.regions.values()),
        *(measure.side for measure in reading.measures.values()),
    ):
        sides[side or ""] = side
    found = {}
    for name, side in sorted(sides.items(), reverse=True):
        own: dict[str, float] = {
            str(one.kind): values[key]["value"]
            for key, one in reading.measures.items()
            if one.side == side and values[key]["value"] is not None
        }
        summary: dict[str, Any] = {**_arcs(own), **_others(own)}
        summary |= _sizes(reading, pixels, side, grids)
        found[name] = summary
    return found


def _arcs(own: Mapping[str, float]) -> dict[str, Any]:
    known: dict[str, Any] = {
        key: own[kind]
        for key, kind in (("arc_coronal_degree", "arc_coronal"), ("arc_axial_degree", "arc_axial"))
        if kind in own
    }
    return {**known, **combined(known)}


def combined(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return combined angle, index and Kerboul's class of two arcs; nothing where one lacks."""
    if "arc_coronal_degree" not in known or "arc_axial_degree" not in known:
        return {}
    a, b = [known["arc_coronal_degree"]], [known["arc_axial_degree"]]
    angle = float(combined_necrotic_angle(a, b)[0])
    return {
        "combined_angle_degree": angle,
        "necrosis_index": float(necrosis_degree_index(a, b)[0]),
        "kerboul": modified_kerboul(angle),
    }


def _others(own: Mapping[str, float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "depression" in own:
        found["depression_mm"] = own["depression"]
        found["depressed_over_2_mm"] = own["depression"] > ARCO_DEPRESSION_MM
    if "centre_edge" in own:
        found["centre_edge_degree"] = own["centre_edge"]
    return found


def _sizes(
    reading: DrawnReading,
    pixels: Mapping[str, BoolArray],
    side: Side | None,
    grids: Sequence[PlaneGrid],
) -> dict[str, Any]:
    masks: dict[str, BoolArray] = {}
    for key, region in reading.regions.items():
        if region.side == side and region.name in (HEAD, LESION):
            before = masks.get(region.name)
            masks[region.name] = pixels[key] if before is None else before | pixels[key]
    found: dict[str, Any] = {}
    head = masks.get(HEAD)
    if head is None or not head.any():
        return found
    element = float(np.prod(grids[0].spacing_mm))
    if head.ndim == 2:
        found["head_area_mm2"] = int(np.count_nonzero(head)) * element
    circle = next(
        (
            fit
            for region in reading.regions.values()
            for part in region.parts
            if (fit := head_circle(reading, side, part.axis, part.index, grids)) is not None
        ),
        None,
    )
    if circle is not None:
        found["head_diameter_mm"] = 2 * circle.radius_mm
    if LESION in masks:
        percent = lesion_percent(masks[LESION], head)
        found["lesion_percent"] = percent
        found["steinberg"] = steinberg_extent(percent)
    return found
