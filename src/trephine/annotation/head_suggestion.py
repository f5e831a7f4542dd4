"""Femoral heads on a radiograph, suggested by gradient voting: classical, nothing is trained.

Each edge votes for the centres that a bright disc of each radius would have, along its gradient
(Kimme, Ballard and Sklansky 1975, Commun ACM 18:120; Loy and Zelinsky 2003, IEEE Trans Pattern Anal
Mach Intell 25:959); the best candidates are then moved to where the mean inward step along their
rim is largest (Daugman 1993, IEEE Trans Pattern Anal Mach Intell 15:1148). On a frontal film of
both hips a head is sought on each half, of about equal size and height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter, zoom
from scipy.optimize import minimize

from trephine.types import FloatArray

_STEP_MM = 1.0
_EDGE_MM = 1.2
_NEIGHBOURHOOD_MM = 12.0
# Heads of adults, as a film enlarges them by up to a quarter.
_RADII_MM = np.arange(18.0, 36.0)
_CANDIDATES = 14
_RIM = np.deg2rad(np.arange(0.0, 360.0, 3.0))
# A film wider than this shows both hips.
_BOTH_MM = 260.0
_FOUND = 0.5
# A pair is believed from this mean inward step on; one head alone from this share of its rim.
_BOTH_MEAN, _ALONE = 0.43, 0.7
# An edge that votes, of 1.
_WEAKEST = 0.25
# An inward step that counts as found, of 1.
_STEP = 0.2
# The centres of two heads lie so far apart on a film.
_APART_MM = (135.0, 245.0)


@dataclass(frozen=True)
class SuggestedHead:
    """A circle that may be a head.

    Attributes
    ----------
    centre_px
        (x, y) in pixels.
    radius_mm
        Of the circle.
    score
        Share of the rim on which an inward step from dark to bright is found, 0 to 1.
    half
        0 on the left half of the picture, 1 on the right, -1 where it shows one hip.
    """

    centre_px: tuple[float, float]
    radius_mm: float
    score: float
    half: int


@dataclass(frozen=True)
class _Edges:
    """A film at a millimetre a pixel: inward steps and their direction."""

    x: FloatArray
    y: FloatArray
    strength: FloatArray


def suggest_heads(grey: FloatArray, spacing_mm: Sequence[float]) -> tuple[SuggestedHead, ...]:
    """Suggest a circle for each femoral head of a frontal radiograph.

    Parameters
    ----------
    grey
        Shape (rows, columns); dense is bright.
    spacing_mm
        Along (rows, columns).

    Returns
    -------
    tuple of SuggestedHead
        At most one for each half; none where nothing looks like a head.
    """
    small = zoom(
        gaussian_filter(grey, [0.4 * _STEP_MM / one for one in spacing_mm]),
        [one / _STEP_MM for one in spacing_mm],
        order=1,
        grid_mode=True,
        mode="nearest",
    )
    if min(small.shape) < 2 * _RADII_MM[0]:
        return ()
    edges = _edges(small)
    peaks = _peaks(edges)
    chosen = [one for one in _chosen(edges, peaks) if one[1][3] >= _FOUND]
    return tuple(_suggested(circle, half, spacing_mm) for half, circle in chosen)


# x, y and radius in small pixels, share of the rim found, mean inward step along it.
_Circle = tuple[float, float, float, float, float]


def _chosen(edges: _Edges, peaks: FloatArray) -> list[tuple[int, _Circle]]:
    """Return a circle for each half; one for the film where that is better than both together."""
    rows, columns = edges.strength.shape
    if columns * _STEP_MM >= _BOTH_MM:
        high, middle = slice(int(0.15 * rows), int(0.9 * rows)), columns // 2
        halves = [(high, slice(0, middle)), (high, slice(middle, columns))]
        pair = _pair([_candidates(edges, peaks, half) for half in halves])
        means = [one[4] for one in pair if one is not None]
        if means and np.mean(means) >= _BOTH_MEAN:
            return [(half, one) for half, one in enumerate(pair) if one is not None]
    whole = _candidates(edges, peaks, (slice(0, rows), slice(0, columns)))
    if not whole:
        return []
    # Of one hip no other tells right from wrong: much of the rim must be there.
    best = max(whole, key=lambda one: one[3] + one[4])
    return [(-1, best)] if best[3] >= _ALONE else []


def _suggested(circle: _Circle, half: int, spacing_mm: Sequence[float]) -> SuggestedHead:
    x, y, radius, score, _ = circle
    at = [
        (place + 0.5) * _STEP_MM / spacing - 0.5
        for place, spacing in zip((x, y), spacing_mm[::-1], strict=True)
    ]
    return SuggestedHead((at[0], at[1]), radius * _STEP_MM, score, half)


def _edges(small: FloatArray) -> _Edges:
    smooth = gaussian_filter(small, _EDGE_MM)
    down, across = np.gradient(smooth)
    strength = np.hypot(down, across)
    # Weak edges of a dark part count as much as strong ones of a bright part.
    around = gaussian_filter(strength, _NEIGHBOURHOOD_MM) + 1e-3 * float(strength.max() or 1.0)
    relative = np.minimum(strength / around, 3.0) / 3.0
    length = np.maximum(strength, 1e-12)
    return _Edges(across / length * relative, down / length * relative, relative)


def _peaks(edges: _Edges) -> FloatArray:
    """Return places that many edges vote for: votes, x, y and radius, the most voted first."""
    shape = edges.strength.shape
    rows, columns = np.nonzero(edges.strength > _WEAKEST)
    weight = edges.strength[rows, columns]
    ux, uy = edges.x[rows, columns] / weight, edges.y[rows, columns] / weight
    found = []
    for radius in _RADII_MM / _STEP_MM:
        x = np.rint(columns + radius * ux).astype(np.int64)
        y = np.rint(rows + radius * uy).astype(np.int64)
        inside = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
        places = y[inside] * shape[1] + x[inside]
        counted = np.bincount(places, weight[inside], edges.strength.size)
        votes = gaussian_filter(counted.reshape(shape), 1.5) / radius
        row, column = np.nonzero((votes == maximum_filter(votes, 9)) & (votes > 0))
        found.append(np.column_stack([votes[row, column], column, row, np.full(row.size, radius)]))
    every = np.vstack(found)
    return every[np.argsort(-every[:, 0], kind="stable")]


def _candidates(edges: _Edges, peaks: FloatArray, half: tuple[slice, slice]) -> list[_Circle]:
    """Return the best circles of a half, the best first."""
    rows, columns = half
    apart: list[tuple[float, float, float]] = []
    for _, x0, y0, radius in peaks:
        if not (columns.start <= x0 < columns.stop and rows.start <= y0 < rows.stop):
            continue
        if all(np.hypot(x0 - a, y0 - b) > 4 or abs(radius - c) > 3 for a, b, c in apart):
            apart.append((float(x0), float(y0), float(radius)))
        if len(apart) == _CANDIDATES:
            break
    found: list[_Circle] = []
    for one in sorted((_refined(edges, circle) for circle in apart), key=lambda one: -one[4]):
        if all(np.hypot(one[0] - b[0], one[1] - b[1]) > 1 or abs(one[2] - b[2]) > 1 for b in found):
            found.append(one)
    return found


def _refined(edges: _Edges, circle: tuple[float, float, float]) -> _Circle:
    def off(trial: Any) -> float:
        return -float(np.mean(_inward(edges, trial)))

    start = np.asarray(circle)
    simplex = start + np.vstack([np.zeros(3), 2.0 * np.eye(3)])
    options: Any = {"initial_simplex": simplex, "xatol": 0.1, "fatol": 1e-3, "maxiter": 100}
    found = minimize(off, start, method="Nelder-Mead", options=options).x
    radius = float(np.clip(found[2], _RADII_MM[0], _RADII_MM[-1]))
    inward = _inward(edges, np.array([found[0], found[1], radius]))
    share, mean = float(np.mean(inward > _STEP)), float(np.mean(inward))
    return float(found[0]), float(found[1]), radius, share, mean


def _inward(edges: _Edges, circle: FloatArray) -> FloatArray:
    """Return the step towards the centre along the rim, 0 to 1."""
    x, y, radius = circle
    cosine, sine = np.cos(_RIM), np.sin(_RIM)
    places = [y + radius * sine, x + radius * cosine]
    across = map_coordinates(edges.x, places, order=1, mode="nearest")
    down = map_coordinates(edges.y, places, order=1, mode="nearest")
    inward: FloatArray = np.clip(-(across * cosine + down * sine), 0.0, 1.0)
    return inward


def _pair(found: Sequence[Sequence[_Circle]]) -> list[_Circle | None]:
    """Return a circle of each half: both well found, of one size, at one height."""
    left, right = found
    if not left or not right:
        return [one[0] if one else None for one in found]

    def worth(pair: tuple[_Circle, _Circle]) -> float:
        a, b = pair
        unlike = abs(a[2] - b[2]) / 4.0 + abs(a[1] - b[1]) / 20.0
        apart = (b[0] - a[0]) * _STEP_MM
        beyond = max(_APART_MM[0] - apart, apart - _APART_MM[1], 0.0) / 10.0
        return a[4] + b[4] - 0.06 * unlike - 0.1 * beyond

    best = max([(a, b) for a in left for b in right], key=worth)
    return [best[0], best[1]]
