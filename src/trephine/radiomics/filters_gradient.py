"""Gradient magnitude by central differences."""

from __future__ import annotations

import numpy as np

from trephine.radiomics.derived import DerivedImage, box_within, in_region, margin_around
from trephine.radiomics.prepare import PreparedImage


def gradient(prepared: PreparedImage, *, use_spacing: bool) -> DerivedImage:
    """Return the gradient's magnitude as ITK's GradientMagnitudeImageFilter computes it.

    Central differences, beyond the image's edge the edge itself; single precision, as ITK returns.

    Parameters
    ----------
    use_spacing
        Differences per mm (``gradientUseSpacing``), otherwise per voxel.
    """
    window = margin_around(prepared, (1,) * prepared.pixels.ndim)
    box = box_within(prepared, window)
    pixels = prepared.window(window)
    squares = np.zeros([part.stop - part.start for part in box])
    for axis, spacing in enumerate(prepared.geometry.spacing_mm):
        per_step = 0.5 / spacing if use_spacing else 0.5
        inside = pixels[
            tuple(part if other != axis else slice(None) for other, part in enumerate(box))
        ]
        extent = inside.shape[axis]
        here = np.arange(box[axis].start, box[axis].stop)
        ahead = inside.take(np.minimum(here + 1, extent - 1), axis=axis)
        behind = inside.take(np.maximum(here - 1, 0), axis=axis)
        squares += (ahead * per_step - behind * per_step) ** 2
    return DerivedImage("gradient", in_region(prepared, np.sqrt(squares).astype(np.float32)))
