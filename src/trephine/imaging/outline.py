"""Outlines of a region, along pixel edges: the picture shows exactly what is measured."""

from __future__ import annotations

import numpy as np

from trephine.errors import InputError
from trephine.types import BoolArray, FloatArray

Corner = tuple[int, int]


def region_outline(region: BoolArray) -> list[FloatArray]:
    """Return the closed outlines of a plane region, holes included.

    Parameters
    ----------
    region
        Shape (rows, columns).

    Returns
    -------
    list of ndarray
        Each of shape (k, 2): (row, column) of the corners in order, the first repeated at the
        end. Pixel (r, c) covers r - 0.5 to r + 0.5, as ``imshow`` draws it. The region lies to
        the right of the direction of travel.

    Raises
    ------
    InputError
        If the region is not two-dimensional.
    """
    if region.ndim != 2:
        raise InputError(f"region: expected (rows, columns), found {region.ndim} axes")
    edges = _directed_edges(region)
    outlines = []
    while edges:
        start = next(iter(edges))
        outlines.append(_corners(_walk(edges, start)))
    return outlines


def _directed_edges(region: BoolArray) -> dict[Corner, list[Corner]]:
    """Return, for each grid corner, the corners that boundary edges lead to."""
    padded = np.pad(region.astype(bool), 1)
    inside = padded[1:-1, 1:-1]
    # Corner (r, c) is the top left of pixel (r, c); edges run clockwise in display.
    sides: tuple[tuple[BoolArray, Corner, Corner], ...] = (
        (inside & ~padded[:-2, 1:-1], (0, 0), (0, 1)),
        (inside & ~padded[1:-1, 2:], (0, 1), (1, 1)),
        (inside & ~padded[2:, 1:-1], (1, 1), (1, 0)),
        (inside & ~padded[1:-1, :-2], (1, 0), (0, 0)),
    )
    edges: dict[Corner, list[Corner]] = {}
    for boundary, start, end in sides:
        for row, column in np.argwhere(boundary).tolist():
            begin = (row + start[0], column + start[1])
            edges.setdefault(begin, []).append((row + end[0], column + end[1]))
    return edges


def _walk(edges: dict[Corner, list[Corner]], start: Corner) -> list[Corner]:
    """Follow edges from ``start`` back to it, turning right where pixels touch by a corner."""
    path = [start]
    here, heading = start, (0, 0)
    while True:
        choices = edges[here]
        following = choices[0] if len(choices) == 1 else _rightmost(here, heading, choices)
        choices.remove(following)
        if not choices:
            del edges[here]
        heading = (following[0] - here[0], following[1] - here[1])
        here = following
        path.append(here)
        if here == start:
            return path


def _rightmost(here: Corner, heading: Corner, choices: list[Corner]) -> Corner:
    right = (here[0] + heading[1], here[1] - heading[0])
    return right if right in choices else choices[0]


def _corners(path: list[Corner]) -> FloatArray:
    """Drop the points in the middle of straight runs."""
    points = np.asarray(path, dtype=np.float64)
    steps = np.diff(points, axis=0)
    turns = np.any(steps != np.roll(steps, 1, axis=0), axis=1)
    kept = points[:-1][turns]
    return np.vstack([kept, kept[:1]]) - 0.5
