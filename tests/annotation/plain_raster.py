"""The slow, obvious raster: one pixel at a time, in nothing but Python's arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from trephine.types import BoolArray

Rule = Callable[[float, float], bool]


def pixel_by_pixel(shape: tuple[int, int], inside: Rule) -> BoolArray:
    """Ask a rule about the centre of every pixel, (x, y) in pixels."""
    found = np.zeros(shape, dtype=np.bool_)
    for row in range(shape[0]):
        for column in range(shape[1]):
            found[row, column] = inside(float(column), float(row))
    return found


def in_circle(
    centre_px: tuple[float, float], radius_mm: float, spacing_mm: tuple[float, float]
) -> Rule:
    dy, dx = spacing_mm

    def rule(x: float, y: float) -> bool:
        return math.hypot((x - centre_px[0]) * dx, (y - centre_px[1]) * dy) <= radius_mm

    return rule


def in_ellipse(
    centre_px: tuple[float, float],
    semi_axes_mm: tuple[float, float],
    turn_degree: float,
    spacing_mm: tuple[float, float],
) -> Rule:
    """By the sum of distances from both foci: not the equation that the program uses."""
    dy, dx = spacing_mm
    long, short = max(semi_axes_mm), min(semi_axes_mm)
    turn = math.radians(turn_degree + (90.0 if semi_axes_mm[1] > semi_axes_mm[0] else 0.0))
    focus = math.sqrt(long**2 - short**2)
    away = (focus * math.cos(turn), focus * math.sin(turn))

    def rule(x: float, y: float) -> bool:
        at = ((x - centre_px[0]) * dx, (y - centre_px[1]) * dy)
        to = math.hypot(at[0] - away[0], at[1] - away[1])
        back = math.hypot(at[0] + away[0], at[1] + away[1])
        return to + back <= 2 * long

    return rule


def in_polygon(points: list[tuple[float, float]]) -> Rule:
    """Franklin's PNPOLY, line by line."""

    def rule(x: float, y: float) -> bool:
        inside = False
        j = len(points) - 1
        for i in range(len(points)):
            xi, yi = points[i]
            xj, yj = points[j]
            if (yi > y) != (yj > y) and x < (xj - xi) * (y - yi) / (yj - yi) + xi:
                inside = not inside
            j = i
        return inside

    return rule


def in_stroke(
    points: list[tuple[float, float]], radius_mm: float, spacing_mm: tuple[float, float]
) -> Rule:
    dy, dx = spacing_mm
    places = [(x * dx, y * dy) for x, y in points]

    def rule(x: float, y: float) -> bool:
        at = (x * dx, y * dy)
        pairs = list(pairwise(places)) or [(places[0], places[0])]
        return min(_from_segment(at, a, b) for a, b in pairs) <= radius_mm

    return rule


def _from_segment(p: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    length = math.dist(a, b)
    if length == 0:
        return math.dist(p, a)
    along = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length
    if along <= 0:
        return math.dist(p, a)
    if along >= length:
        return math.dist(p, b)
    return abs((p[0] - a[0]) * (b[1] - a[1]) - (p[1] - a[1]) * (b[0] - a[0])) / length
