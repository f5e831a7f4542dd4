"""IBSI's convolutional filters on the region of a prepared image."""

from __future__ import annotations

import numpy as np

from trephine.errors import InputError
from trephine.radiomics.derived import DerivedImage, box_within, in_region, margin_around
from trephine.radiomics.filters_responses import reach, response
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.settings_responses import ResponseFilter


def filtered(prepared: PreparedImage, wanted: ResponseFilter) -> DerivedImage:
    """Return the responses of the region to one filter.

    A filter with a support works on the region's box and as far around it as it looks; beyond the
    image's edge, and only there, the image goes on as ``boundary`` says. One that works on
    frequencies takes the whole image.

    Raises
    ------
    InputError
        If a filter of three dimensions is to work on an image of two.
    """
    flat = prepared.pixels.ndim == 2
    if flat and (wanted.dimensions == 3):
        raise InputError(f"filter {wanted.name}: expected dimensions = 2 for an image of two")
    spacing = (1.0, *prepared.geometry.spacing_mm)[-3:]
    margin = reach(wanted, spacing)
    if margin is None:
        window = tuple(slice(0, extent) for extent in prepared.pixels.shape)
    else:
        window = margin_around(prepared, margin[-prepared.pixels.ndim :])
    # What goes round an edge or is mirrored at it lies within the filter's reach of that edge, but
    # on the other side of the image where it goes round.
    if wanted.boundary == "periodic":
        window = tuple(slice(0, extent) for extent in prepared.pixels.shape)
    pixels = prepared.window(window)
    found = response(pixels[np.newaxis] if flat else pixels, wanted, spacing)
    box = box_within(prepared, window)
    return DerivedImage(wanted.name, in_region(prepared, (found[0] if flat else found)[box]))
