"""Masks drawn on a copy of the image in another size, under a header that is not the copy's."""

from __future__ import annotations

import numpy as np

from trephine.types import Image, Mask

# Copies are rounded to whole pixels, and spacings to a few digits.
_SAME_EXTENT = 0.02
_SAME_SPACING = 1e-4
# How far from a whole number a copy's size may be.
_WHOLE = 0.02


def belied_by_shape(image: Image, mask: Mask, asked: str) -> str:
    """Say how the shape of a mask belies its header's spacing; empty where it does not.

    With the image's corner and its pixels, or so many times fewer or more along both axes, a mask
    was drawn on the image or on a copy of another size. Either covers the whole image: a spacing
    by which it does not is wrong, and would move the drawing off what was drawn.
    """
    # A NIfTI file of a radiograph's drawing is placed, and says nothing by it.
    if mask.labels.ndim != 2 or image.pixels.ndim != 2 or image.geometry.placed is not None:
        return ""
    if mask.provenance.get("placement") == "array":
        return ""
    wanted, found = np.array(image.pixels.shape), np.array(mask.labels.shape)
    times = float(np.mean(wanted / found))
    origins = (np.asarray(one.geometry.origin_mm) for one in (image, mask))
    spacing = np.asarray(mask.geometry.spacing_mm)
    # The first pixel of a smaller copy has its centre further in.
    same_corner = np.abs(np.subtract(*origins)).max() <= max(times, 1.0) * spacing.max()
    rounding = max(1.0, 1.0 / times)
    if not same_corner or np.abs(wanted / times - found).max() >= rounding:
        return ""
    right = np.asarray(image.geometry.spacing_mm) * wanted / found
    share = float((spacing / right).max() if (spacing > right).any() else (spacing / right).min())
    if abs(share - 1.0) <= (_SAME_SPACING if times == 1.0 else _SAME_EXTENT):
        return ""
    if times == 1.0:
        return (
            f"it has the image's shape and by its header {share:.0%} of the image's extent: the"
            f" header is wrong. Where it was drawn on this very image, {asked.format('adopt')}"
        )
    ratio = max(times, 1.0 / times)
    size = f"{ratio:.3g} times {'smaller' if times > 1.0 else 'larger'}"
    # Copies are halves, thirds or quarters; images of other patients differ by anything.
    other = abs(ratio - round(ratio)) > _WHOLE
    asked_first = "was it drawn on another image? If not, " if other else ""
    return (
        f"it has the shape of the image's copy, {size}, and by its header"
        f" {share:.0%} of the image's extent: {asked_first}the header is wrong. Write the copy's"
        f" spacing ({right[0]:.6g} x {right[1]:.6g} mm) into it, or draw it on the image itself"
    )
