"""How the grey values of an image are brought to one scale before they are measured."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.choices import BiasCorrection, NormaliseMethod
from trephine.imaging.bias_field import without_bias
from trephine.imaging.normalise import normalise
from trephine.types import BoolArray, Image


@dataclass(frozen=True)
class GreySettings:
    """Steps before the engine's own, in their order.

    Attributes
    ----------
    bias_correction
        Whether the slow shading of MR is taken out first.
    normalise
        The method of `trephine.imaging.normalise.normalise`.
    scale
        Values of the standard scale, for "nyul"; empty for other methods.
    """

    normalise: NormaliseMethod = "none"
    bias_correction: BiasCorrection = "none"
    scale: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Return the part of stored features' key: for a plain method, its name alone."""
        if self.bias_correction == "none" and not self.scale:
            return (self.normalise,)
        return (self.normalise, self.bias_correction, *map(repr, self.scale))

    def corrected(self, image: Image) -> Image:
        """Return an image without shading, once for all its regions.

        Raises
        ------
        ImageError
            As `trephine.imaging.bias_field.without_bias`.
        """
        return without_bias(image) if self.bias_correction == "n4" else image

    def normalised(self, image: Image, region: BoolArray) -> Image:
        """Return a corrected image with its grey values normalised, for one region.

        Raises
        ------
        ImageError
            As `trephine.imaging.normalise.normalise`.
        """
        return normalise(image, self.normalise, region, standard=self.scale)
