"""Whether the kernels have been compiled on this machine before, and where that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trephine.radiomics import matrices
from trephine.radiomics.extract import measure_region
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import Geometry, Image, Mask

# Rows, columns and, for a volume, slices before them: large enough for every filter.
_SHAPES = {2: (64, 64), 3: (16, 48, 48)}


# A kernel that takes long to compile, of each feature class and image type that has one. Every
# texture class counts all matrices.
_KERNEL_OF = {
    "firstorder": "firstorder._moments",
    **dict.fromkeys(("glcm", "glrlm", "glszm", "gldm", "ngtdm"), "matrices._count_lines"),
    "LoG": "recursive_gaussian._run",
    "Wavelet": "filters_wavelet._convolve",
    "LBP2D": "filters_lbp2d._patterns",
}


def is_compiled(settings: RadiomicsSettings) -> bool:
    """Say whether numba's cache on disk holds the kernels that settings call.

    The first extraction of an installation compiles them, which takes half a minute; every later
    one, in any process, loads them.
    """
    asked = {*settings.featureClass, *settings.imageType}
    return all(
        any(_folder().glob(f"{kernel}-*.nbc"))
        for part, kernel in _KERNEL_OF.items()
        if part in asked
    )


def kept_in() -> Path:
    """Return the folder below which compiled kernels are kept.

    The package's own, where it can be written to; else what ``NUMBA_CACHE_DIR`` names, or the
    user's cache.
    """
    return _folder().parent


def _folder() -> Path:
    kernel: Any = matrices.count_pairs
    return Path(kernel._cache.cache_path)


def compile_kernels(settings: RadiomicsSettings, ndim: int = 2) -> None:
    """Compile what an extraction calls, and keep it, by measuring a small made-up image.

    Parameters
    ----------
    settings
        Of the extraction.
    ndim
        2 for radiographs, 3 for volumes.
    """
    shape = _SHAPES[ndim]
    axes = np.indices(shape) - (np.array(shape) // 2).reshape(-1, *(1,) * ndim)
    inside = (axes[-1] ** 2 + axes[-2] ** 2 < 100) & (np.abs(axes[0]) < 10)
    if ndim == 3:
        inside &= np.abs(axes[0]) < 5
    grid = Geometry.plain((1.0,) * ndim)
    image = Image(500.0 + 200.0 * np.sin(axes[-1] / 3.0) * np.cos(axes[-2] / 4.0), grid)
    # Conditions on a region are a real one's; what is called is the same without them.
    plain = settings.model_copy(update={"resegmentRange": None, "minimumROISize": None})
    measure_region(image, Mask(inside.astype(np.int64), grid), plain, label=1)


def keep_nothing() -> None:
    """Compile for this process alone from here on: it can write no files."""
    from numba.core.caching import Cache

    setattr(Cache, "save_overload", lambda self, sig, data: None)  # noqa: B010 - mypy knows it as a method
