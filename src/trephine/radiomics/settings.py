"""What to measure and how: PyRadiomics' settings, typed, frozen and refused where misspelt."""

# ruff: noqa: N815 - the names are PyRadiomics'.

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
import pywt
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from trephine.errors import InputError, MisfitError
from trephine.radiomics.catalogue import FAMILIES
from trephine.radiomics.catalogue_ibsi import IBSI_FAMILIES
from trephine.radiomics.settings_problems import nearest, readable, unknown_names
from trephine.radiomics.settings_responses import ResponseFilter

IMAGE_TYPES = (
    "Original",
    "Wavelet",
    "LoG",
    "Square",
    "SquareRoot",
    "Logarithm",
    "Exponential",
    "Gradient",
    "LBP2D",
    "LBP3D",
    "Response",
)

Definitions = Literal["pyradiomics", "ibsi"]

# How IBSI puts directions and slices together: by slice, over merged slices, in space; each
# direction measured (avg) or all merged first (comb).
Aggregation = Literal["2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb"]

# What has no meaning but IBSI's.
_IBSI_ONLY = ("aggregation", "ivhBinWidth", "ivhBinCount", "resegmentOutliers", "filters")

Interpolator = Literal[
    "sitkNearestNeighbor",
    "sitkLinear",
    "sitkBSpline",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
]
_INTERPOLATOR_NUMBERS = dict(enumerate(Interpolator.__args__, start=1))  # type: ignore[attr-defined]
_INTERPOLATOR_NUMBERS[23] = "sitkBSpline"  # SimpleITK's own since 2.3, which was 3 before


def _interpolator_by_number(value: Any) -> Any:
    """Translate SimpleITK's enumeration, which PyRadiomics also takes."""
    return _INTERPOLATOR_NUMBERS.get(value, value) if type(value) is int else value


def _known_wavelet(value: str) -> str:
    if value not in pywt.wavelist(kind="discrete"):
        near = nearest(value, pywt.wavelist())
        raise MisfitError("", f"a discrete wavelet of PyWavelets{near}")
    return value


def _distinct(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) != len(values):
        raise MisfitError("", "each distance once")
    return values


def _original_only() -> dict[str, dict[str, Any]]:
    return {"Original": {}}


class RadiomicsSettings(BaseModel):
    """Settings of one extraction, with PyRadiomics' names, meanings and defaults.

    The three parts of a PyRadiomics parameter file are fields here: what its ``setting`` section
    holds, ``imageType`` (image type -> settings that hold for that image type only) and
    ``featureClass`` (class -> features; empty or None for every feature that PyRadiomics has not
    deprecated). Nine fields are Trephine's own and come last.

    Attributes
    ----------
    minimumROIDimensions, minimumROISize
        A region that extends along fewer axes, or has no more voxels, is refused. 0 dimensions
        measures everything down to a single pixel.
    geometryTolerance, correctMask
        How far a corner of the mask may lie from the image's, in pixels (as in ITK, a part of the
        spacing); 1e-3 by default, for headers in single precision. Resample a mask of another
        grid by nearest neighbour. `trephine extract` obeys both; a study's masks are put in place
        by ``[data] mask_geometry``.
    binWidth, binCount
        Grey-level discretisation by width (bins aligned to 0) or, where given, by count.
    normalize, normalizeScale, removeOutliers
        Whole-image z-score times the scale, clipped at +-removeOutliers standard deviations.
    resampledPixelSpacing, interpolator, padDistance, preCrop
        New spacing as (x, y) or (x, y, z) in mm, 0 keeps an axis; margin of the crop in voxels.
    distances, symmetricalGLCM, weightingNorm, gldm_a, force2D, force2Ddimension
        Neighbourhoods of the texture matrices; the out-of-plane axis counts as arrays do (0 = z).
    resegmentRange, resegmentMode, resegmentShape
        Threshold the region by grey level before everything but shape (or before shape too).
    sigma, start_level, level, wavelet, gradientUseSpacing, lbp2D*, lbp3D*
        Arguments of the filters; sigma in mm.
    voxelArrayShift
        Added to grey levels in Energy, TotalEnergy and RootMeanSquared.
    definitions
        ``ibsi`` follows IBSI where PyRadiomics deviates: excess kurtosis, bins counted from the
        region's minimum (or from ``resegmentRange``'s lower end), NGTDM without voxels that have
        no neighbour, principal axes over n - 1, grids of resampling that share their centre.
    aggregation
        With ``ibsi`` only: texture by slice (2D), over merged slices (2_5D) or in space (3D), with
        each direction measured (avg) or all directions merged first (comb).
    ivhBinWidth, ivhBinCount
        With ``ibsi`` only: bins of the intensity-volume histogram; without, whole numbers as they
        are, others in 1000 bins.
    resegmentOutliers
        With ``ibsi`` only: how many standard deviations from the mean a voxel may lie.
    filters
        With ``ibsi`` only: IBSI's filters, each a table with its ``kind``, of the image type
        ``Response``.
    stackSlices, stackSpacing
        Replicate a two-dimensional image into this many slices (mm apart), the mask on the
        middle one: the only recipe that yields the published 1562 features.
    threads
        Image types worked on at once; with one image type, parts of a large region's matrices. The
        numbers do not depend on it.

    Examples
    --------
    >>> from trephine import RadiomicsSettings
    >>> RadiomicsSettings.from_preset("native2d").binWidth
    25.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimumROIDimensions: int = Field(2, ge=0, le=3)
    minimumROISize: int | None = Field(None, gt=0)
    geometryTolerance: float | None = Field(None, gt=0)
    correctMask: bool = False
    additionalInfo: bool = True
    label: int = Field(1, gt=0)
    label_channel: Literal[0] = 0
    binWidth: float = Field(25.0, gt=0)
    binCount: int | None = Field(None, gt=0)
    normalize: bool = False
    normalizeScale: float = Field(1.0, gt=0)
    removeOutliers: float | None = Field(None, gt=0)
    resampledPixelSpacing: tuple[Annotated[float, Field(ge=0)], ...] | None = None
    interpolator: Annotated[Interpolator | None, BeforeValidator(_interpolator_by_number)] = (
        "sitkBSpline"
    )
    padDistance: int = Field(5, ge=0)
    preCrop: bool = False
    distances: Annotated[
        tuple[Annotated[int, Field(gt=0, le=1000)], ...],
        Field(min_length=1, max_length=100),
        AfterValidator(_distinct),
    ] = (1,)
    force2D: bool = False
    force2Ddimension: int = Field(0, ge=0, le=2)
    resegmentRange: Annotated[tuple[float, ...], Field(min_length=1, max_length=2)] | None = None
    resegmentMode: Literal["absolute", "relative", "sigma"] = "absolute"
    resegmentShape: bool = False
    symmetricalGLCM: bool = True
    weightingNorm: Literal["manhattan", "euclidean", "infinity", "no_weighting"] | None = None
    gldm_a: int = Field(0, ge=0)
    voxelArrayShift: float = 0.0
    # A whole number stays whole: PyRadiomics writes sigma 1 and sigma 1.0 into other names.
    sigma: Annotated[tuple[Annotated[int | float, Field(gt=0)], ...], Field(max_length=100)] = ()
    # A level halves the frequencies: past the twentieth no image has any left.
    start_level: int = Field(0, ge=0, le=20)
    level: int = Field(1, gt=0, le=20)
    wavelet: Annotated[str, AfterValidator(_known_wavelet)] = "coif1"
    gradientUseSpacing: bool = True
    lbp2DRadius: float = Field(1.0, gt=0)
    lbp2DSamples: int = Field(8, ge=1, le=1000)
    lbp2DMethod: Literal["default", "ror", "uniform", "var"] = "uniform"
    lbp3DLevels: int = Field(2, ge=1, le=20)
    lbp3DIcosphereRadius: float = Field(1.0, gt=0)
    lbp3DIcosphereSubdivision: int = Field(1, ge=0, le=6)

    imageType: dict[str, dict[str, Any]] = Field(default_factory=_original_only)
    featureClass: dict[str, tuple[str, ...] | None] = Field(
        default_factory=lambda: dict.fromkeys(FAMILIES)
    )

    definitions: Definitions = "pyradiomics"
    aggregation: Aggregation | None = None
    ivhBinWidth: float | None = Field(None, gt=0)
    ivhBinCount: int | None = Field(None, gt=0)
    resegmentOutliers: float | None = Field(None, gt=0)
    filters: tuple[ResponseFilter, ...] | None = None
    stackSlices: int | None = Field(None, ge=1)
    stackSpacing: float = Field(1.0, gt=0)
    threads: int = Field(1, ge=1)

    def __init__(self, /, **values: Any) -> None:
        problems = unknown_names(values, type(self).model_fields, IMAGE_TYPES)
        if problems:
            raise InputError("radiomics settings: " + "; ".join(problems))
        try:
            super().__init__(**values)
        except pydantic.ValidationError as error:
            raise InputError("radiomics settings: " + readable(error)) from None
        self._refuse_without_ibsi()
        for name in self.imageType:
            self.for_image_type(name)

    def _refuse_without_ibsi(self) -> None:
        if self.definitions == "ibsi":
            return
        settings = [name for name in _IBSI_ONLY if getattr(self, name) is not None]
        classes = [f"class {name}" for name in self.featureClass if name in IBSI_FAMILIES]
        if settings or classes:
            raise InputError(
                "radiomics settings: expected definitions = 'ibsi' with"
                f" {', '.join((*settings, *classes))}, found {self.definitions!r}"
            )

    @classmethod
    def from_preset(cls, name: str) -> RadiomicsSettings:
        """Return the settings of a preset; see ``trephine.radiomics.presets``.

        Raises
        ------
        InputError
            If there is no such preset; the nearest name is given.
        """
        from trephine.radiomics.presets import PRESETS

        if name not in PRESETS:
            raise InputError(f"radiomics preset: {name!r} unknown{nearest(name, tuple(PRESETS))}")
        return cls(**PRESETS[name])

    @classmethod
    def from_pyradiomics_yaml(cls, path: str | Path) -> RadiomicsSettings:
        """Read a PyRadiomics parameter file (YAML or JSON) as PyRadiomics 3.0.1 reads it."""
        from trephine.radiomics.parameter_file import read_pyradiomics

        return cls(**read_pyradiomics(Path(path)))

    @classmethod
    def from_file(cls, path: str | Path) -> RadiomicsSettings:
        """Read settings from a TOML file of these fields or from a PyRadiomics parameter file."""
        from trephine.radiomics.parameter_file import read_settings

        return cls(**read_settings(Path(path)))

    def for_image_type(self, image_type: str) -> RadiomicsSettings:
        """Return the settings that hold for one image type: its own over the common ones."""
        own = self.imageType[image_type]
        if not own:
            return self
        common = self.model_dump(exclude={"imageType"})
        return RadiomicsSettings(**{**common, **own, "imageType": {image_type: {}}})

    def digest(self) -> str:
        """Return the SHA-256 of everything that bears on the numbers, as hexadecimal digits."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        unset = {name for name in _IBSI_ONLY if getattr(self, name) is None}
        content = self.model_dump(mode="json", exclude={"threads", "additionalInfo"} | unset)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values, and with a digest of its own."""
        found = super().model_copy(update=update, deep=deep)
        found.__dict__.pop("_digest", None)
        return found
