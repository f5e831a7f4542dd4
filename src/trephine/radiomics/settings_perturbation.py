"""How regions are perturbed to see which features survive it, where nobody drew them twice."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PerturbationSettings(BaseModel):
    """How copies of an image and its region differ from what was taken and drawn.

    The kinds of change are those of Zwanenburg et al. (2019, Sci Rep 9:614), in their order: noise,
    rotation and translation, size of the region, its contour.

    Attributes
    ----------
    copies
        Of each region of the first rater.
    noise
        Standard deviation of the noise that is added, in multiples of the image's own.
    rotation_degrees
        The largest angle.
    translation_voxels
        The largest shift along each axis.
    growth
        The largest change of the region's area or volume, as a share of it.
    supervoxels
        Whether the contour is drawn anew along supervoxels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    copies: int = Field(
        default=10, ge=1, le=100, description="perturbed copies of each region of the first rater"
    )
    noise: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="noise that is added, in multiples of the image's own standard deviation of"
        " noise, which is estimated from its finest wavelet band; 0 adds none",
    )
    rotation_degrees: float = Field(
        default=5.0,
        ge=0,
        le=180,
        description="a copy is turned in the plane of its slices, about the region's middle, by an"
        " angle between minus and plus this",
    )
    translation_voxels: float = Field(
        default=0.5,
        ge=0,
        le=100,
        description="it is shifted along each axis by up to so many voxels either way",
    )
    growth: float = Field(
        default=0.15,
        ge=0,
        lt=1,
        description="its region grows or shrinks by a share of its area or volume between minus and"
        " plus this",
    )
    supervoxels: bool = Field(
        default=True,
        description="the contour is drawn anew: supervoxels of which nine tenths lie in the region"
        " belong to it, those of which under a fifth do are left out, others belong to it with that"
        " share as probability",
    )
