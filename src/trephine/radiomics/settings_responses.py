"""One of IBSI's convolutional filters and its parameters."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Boundary = Literal["mirror", "nearest", "zero", "periodic"]
Pooling = Literal["average", "max"]
ResponseKind = Literal["mean", "log", "laws", "gabor", "wavelet", "simoncelli"]

# What each kind needs, and what it may have beside ``dimensions`` and ``boundary``.
_NEEDS: dict[str, tuple[str, ...]] = {
    "mean": ("support",),
    "log": ("sigma",),
    "laws": ("kernels",),
    "gabor": ("sigma", "wavelength", "elongation"),
    "wavelet": ("wavelet", "bands", "level"),
    "simoncelli": ("level",),
}
_MAY: dict[str, tuple[str, ...]] = {
    "mean": (),
    "log": ("cutoff", "riesz"),
    "laws": ("pooling", "energy"),
    "gabor": ("theta", "step", "pooling"),
    "wavelet": ("pooling",),
    "simoncelli": ("riesz",),
}
_ALWAYS = {"kind", "dimensions", "boundary"}


class ResponseFilter(BaseModel):
    """A filter of the IBSI 2 reference manual.

    Attributes
    ----------
    kind
        ``mean``, ``log`` (Laplacian of Gaussian), ``laws``, ``gabor``, ``wavelet`` (separable,
        undecimated) or ``simoncelli`` (non-separable wavelets).
    dimensions
        3, or 2 for a filter that works slice by slice; of ``gabor``, 3 averages the three planes.
    boundary
        How the image goes on beyond its edge; always ``periodic`` for ``simoncelli`` and in the
        Riesz transform.
    pooling
        Responses of all right-angled rotations (of ``gabor``: of all angles) in one.
    support
        Edge of the mean's cube in voxels, odd.
    sigma, cutoff
        Standard deviation in mm, and where the kernel is cut, in standard deviations.
    kernels, energy
        Laws' kernels along x, y(, z), as ``L5E5E5``; the distance of the energy's mean in voxels.
    wavelength, elongation, theta, step
        Of ``gabor``: in mm; gamma; the angle in degrees; the step of angles for pooling.
    wavelet, bands, level
        PyWavelets' name; letters along x, y(, z); the level from 1.
    riesz
        Order of the Riesz transform along x, y(, z).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ResponseKind
    dimensions: Literal[2, 3] = 3
    boundary: Boundary = "mirror"
    pooling: Pooling | None = None
    support: int | None = Field(None, ge=1)
    sigma: float | None = Field(None, gt=0)
    cutoff: float = Field(4.0, gt=0)
    kernels: str = Field("", pattern="^([LESWR]5|[LES]3)*$")
    energy: int | None = Field(None, ge=1)
    wavelength: float = Field(1.0, gt=0)
    elongation: float = Field(1.0, gt=0)
    theta: float = 0.0
    step: float | None = Field(None, gt=0, le=360)
    wavelet: str = ""
    bands: str = Field("", pattern="^[LH]*$")
    level: int = Field(1, ge=1, le=8)
    riesz: tuple[int, ...] | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> ResponseFilter:
        given = self.model_fields_set
        missing = [name for name in _NEEDS[self.kind] if name not in given]
        odd = sorted(given - _ALWAYS - {*_NEEDS[self.kind], *_MAY[self.kind]})
        if missing:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        if odd:
            raise ValueError(f"{self.kind} has no {', '.join(odd)}")
        if self.kind == "simoncelli" and self.boundary != "periodic" and "boundary" in given:
            raise ValueError("simoncelli works on frequencies: its boundary is periodic")
        if self.support is not None and self.support % 2 == 0:
            raise ValueError("support is odd, so that a voxel is in its middle")
        for name, count in (
            ("kernels", len(self.kernel_names)),
            ("bands", len(self.bands)),
            ("riesz", len(self.riesz or ())),
        ):
            if name in given and count != self.dimensions:
                raise ValueError(f"{name}: one for each of {self.dimensions} dimensions")
        return self

    @property
    def name(self) -> str:
        """The image type's name: the kind and what else was given, in this class' order."""
        given = self.model_dump(include=self.model_fields_set - {"kind"})
        parts: list[str] = [self.kind]
        for key in type(self).model_fields:
            if given.get(key) is not None:
                value = given[key]
                text = "".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
                parts.append(f"{key}-{text.replace('.', '-')}")
        return "-".join(parts)

    @property
    def kernel_names(self) -> list[str]:
        """The names of Laws' kernels along x, y(, z)."""
        return re.findall("..", self.kernels)
