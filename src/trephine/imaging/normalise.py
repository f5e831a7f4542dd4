"""Intensity normalisation, recorded in provenance so that it can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.choices import NormaliseMethod
from trephine.errors import ImageError
from trephine.imaging.body import body_region
from trephine.imaging.nyul import PERCENTILES, on_standard_scale
from trephine.types import BoolArray, FloatArray, Image

_LOW_PERCENTILE, _HIGH_PERCENTILE = 1.0, 99.0


@dataclass(frozen=True)
class _Measure:
    centre: float
    scale: float
    fraction: float


def normalise(
    image: Image,
    method: NormaliseMethod,
    mask_region: BoolArray | None = None,
    *,
    scale: float = 1.0,
    standard: tuple[float, ...] = (),
) -> Image:
    """Centre and scale grey values: ``(value - centre) / spread * scale``.

    Parameters
    ----------
    image
        To be normalised; left as it is.
    method
        "none": unchanged. "whole-image": mean and standard deviation (n - 1) of all pixels, as
        PyRadiomics' ``normalize`` and the published study. "body": of the patient only, with
        collimator border and direct exposure excluded (`trephine.imaging.body`). "roi": of
        ``mask_region``. "percentile": the 1st percentile becomes 0 and the 99th ``scale``;
        nothing is clipped. "nyul": percentiles of the foreground become the values of ``standard``
        (`trephine.imaging.nyul`).
    mask_region
        Shape of the image; for "roi".
    standard
        The standard scale of "nyul", ascending.
    scale
        Factor after normalisation (PyRadiomics' ``normalizeScale``).

    Returns
    -------
    Image
        Provenance gains ``normalisation``, its centre, its spread, its scale and the part of the
        image they were measured on; `denormalise` undoes it.

    Raises
    ------
    ImageError
        If the image was normalised before, the region is missing or of another shape, or the
        values measured are constant.
    """
    if image.provenance.get("normalisation", "none") != "none":
        raise ImageError(
            f"normalise: expected original grey values, found an image normalised by"
            f" {image.provenance['normalisation']}; undo that with denormalise"
        )
    if method == "none":
        return replace(image, provenance={**image.provenance, "normalisation": "none"})
    if method == "nyul":
        if len(standard) != len(PERCENTILES):
            raise ImageError(f"normalise (nyul): expected {len(PERCENTILES)} values, found others")
        told = {**image.provenance, "normalisation": method}
        return Image(on_standard_scale(image.pixels, standard), image.geometry, told, image.header)
    measure = _measure(image.pixels, method, mask_region)
    if not (np.isfinite(measure.scale) and measure.scale > 0):
        raise ImageError(f"normalise ({method}): expected contrast, found constant grey values")
    pixels = (image.pixels - measure.centre) / measure.scale * scale
    recorded: dict[str, str | float | int | bool | None] = {
        **image.provenance,
        "normalisation": method,
        "normalisation_centre": measure.centre,
        "normalisation_spread": measure.scale,
        "normalisation_scale": scale,
        "normalisation_fraction": measure.fraction,
    }
    return Image(pixels, image.geometry, recorded)


def denormalise(image: Image) -> Image:
    """Return original grey values from the provenance of a normalised image.

    Raises
    ------
    ImageError
        If the provenance does not say how it was normalised.
    """
    told = dict(image.provenance)
    method = told.pop("normalisation", None)
    if method in (None, "none"):
        return replace(image, provenance=told)
    values = [told.pop(f"normalisation_{key}", None) for key in ("centre", "spread", "scale")]
    told.pop("normalisation_fraction", None)
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(numbers) != 3:
        raise ImageError("denormalise: expected centre, spread and scale in provenance, found none")
    centre, spread, scale = numbers
    return Image(image.pixels / scale * spread + centre, image.geometry, told)


def _measure(
    pixels: FloatArray, method: NormaliseMethod, mask_region: BoolArray | None
) -> _Measure:
    if method == "whole-image":
        return _moments(pixels, 1.0)
    if method == "body":
        region = body_region(pixels).region
        return _moments(pixels[region], float(region.mean()))
    if method == "roi":
        if mask_region is None or mask_region.shape != pixels.shape or not mask_region.any():
            found = "none" if mask_region is None else f"{mask_region.shape}, perhaps empty"
            raise ImageError(
                f"normalise (roi): expected a region of shape {pixels.shape}, found {found}"
            )
        return _moments(pixels[mask_region], float(mask_region.mean()))
    if method == "percentile":
        low, high = np.percentile(pixels, [_LOW_PERCENTILE, _HIGH_PERCENTILE])
        return _Measure(float(low), float(high - low), 1.0)
    raise ImageError(
        f"normalise: expected none, whole-image, body, roi, percentile or nyul, found {method!r}"
    )


def _moments(values: FloatArray, fraction: float) -> _Measure:
    if values.size < 2:
        raise ImageError(f"normalise: expected at least two pixels, found {values.size}")
    return _Measure(float(values.mean()), float(values.std(ddof=1)), fraction)
