"""Image types: their names, and the filters that make them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trephine.radiomics.derived import DerivedImage
from trephine.radiomics.filters_gradient import gradient
from trephine.radiomics.filters_ibsi import filtered
from trephine.radiomics.filters_lbp2d import local_binary_pattern_2d
from trephine.radiomics.filters_lbp3d import lbp3d_names, local_binary_pattern_3d
from trephine.radiomics.filters_log import laplacian_of_gaussian, log_name
from trephine.radiomics.filters_pointwise import pointwise
from trephine.radiomics.filters_wavelet import wavelet_bands, wavelet_names
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.settings import RadiomicsSettings


@dataclass(frozen=True)
class Job:
    """Images that are made together, and the settings that hold for them."""

    image_type: str
    settings: RadiomicsSettings
    names: tuple[str, ...]


def jobs(settings: RadiomicsSettings, ndim: int) -> Iterator[Job]:
    """Yield what is to be made of an image of ``ndim`` dimensions, in PyRadiomics' order."""
    for image_type in settings.imageType:
        own = settings.for_image_type(image_type)
        if image_type == "LoG":
            for sigma in own.sigma:
                yield Job(
                    image_type, own.model_copy(update={"sigma": (sigma,)}), (log_name(sigma),)
                )
        elif image_type == "Response":
            for one in own.filters or ():
                yield Job(image_type, own.model_copy(update={"filters": (one,)}), (one.name,))
        elif image_type == "Wavelet":
            yield Job(image_type, own, wavelet_names(own, ndim))
        elif image_type == "LBP3D":
            if ndim == 3:
                yield Job(image_type, own, lbp3d_names(own))
        else:
            name = "lbp-2D" if image_type == "LBP2D" else image_type.lower()
            yield Job(image_type, own, (name,))


def make(prepared: PreparedImage, job: Job) -> list[DerivedImage]:
    """Apply a job's filter to the region."""
    settings = job.settings
    match job.image_type:
        case "Original":
            return [DerivedImage("original", prepared.values)]
        case "Wavelet":
            return wavelet_bands(prepared, settings)
        case "LoG":
            return [laplacian_of_gaussian(prepared, settings.sigma[0])]
        case "Response":
            return [filtered(prepared, one) for one in settings.filters or ()]
        case "Gradient":
            return [gradient(prepared, use_spacing=settings.gradientUseSpacing)]
        case "LBP2D":
            return [local_binary_pattern_2d(prepared, settings)]
        case "LBP3D":
            return local_binary_pattern_3d(prepared, settings)
        case _:
            return [pointwise(prepared, job.names[0])]
