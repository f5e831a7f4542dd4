"""The lead letter that tells the sides of a radiograph apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from trephine.choices import Side
from trephine.demo.physics import Detector
from trephine.types import Float32Array

_HEIGHT_MM = 17.0
_STROKE_MM = 1.5
_LEAD_DEPTH = 3.5
# Strokes on a box one unit high, y downwards.
_BOW = [(0.28 + 0.24 * np.sin(a), 0.25 - 0.25 * np.cos(a)) for a in np.linspace(0.0, np.pi, 12)]
_STROKES = {
    "R": [[(0.0, 1.0), (0.0, 0.0), (0.28, 0.0), *_BOW, (0.0, 0.5)], [(0.24, 0.5), (0.52, 1.0)]],
    "L": [[(0.0, 0.0), (0.0, 1.0), (0.52, 1.0)]],
}


def side_marker(letter: Side, detector: Detector, rng: np.random.Generator) -> Float32Array:
    """Optical depth of a lead letter beside the patient on the side that it names."""
    rows, columns = detector.shape
    spacing = detector.spacing_mm
    from_edge = rng.uniform(24.0, 34.0)
    x0 = from_edge if letter == "R" else columns * spacing - from_edge - 0.52 * _HEIGHT_MM
    y0 = rng.uniform(0.62, 0.78) * rows * spacing
    tilt = np.deg2rad(rng.normal(0.0, 6.0))
    depth = np.zeros((rows, columns), dtype=np.float32)
    top, left = int((y0 - 8.0) / spacing), max(int((x0 - 8.0) / spacing), 0)
    size = int((_HEIGHT_MM + 16.0) / spacing)
    window = np.s_[top : top + size, left : left + size]
    height, width = depth[window].shape
    x = (left + np.arange(width))[None, :] * spacing - x0
    y = (top + np.arange(height))[:, None] * spacing - y0
    u = (x * np.cos(tilt) + y * np.sin(tilt)) / _HEIGHT_MM
    v = (y * np.cos(tilt) - x * np.sin(tilt)) / _HEIGHT_MM
    distance = np.full((height, width), np.inf)
    for stroke in _STROKES[letter]:
        for (ax, ay), (bx, by) in pairwise(stroke):
            length = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9)
            along = np.clip(((u - ax) * (bx - ax) + (v - ay) * (by - ay)) / length, 0.0, 1.0)
            gap = np.hypot(u - ax - along * (bx - ax), v - ay - along * (by - ay))
            distance = np.minimum(distance, gap)
    edge = (_STROKE_MM - distance * _HEIGHT_MM) / (1.5 * spacing) + 0.5
    depth[window] = _LEAD_DEPTH * np.clip(edge, 0.0, 1.0)
    return depth
