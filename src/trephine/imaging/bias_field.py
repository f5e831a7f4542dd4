"""The slow shading of MR taken out: N4 (Tustison et al. 2010), as SimpleITK has it."""

from __future__ import annotations

import numpy as np

from trephine.errors import ImageError
from trephine.imaging.itk import ITK, itk_image
from trephine.types import Image

# The field is slow: it is fitted to every so manyth pixel of an axis that is long enough.
_SHRINK, _FEWEST = 4, 32
_BINS = 200


def without_bias(image: Image) -> Image:
    """Return an image divided by its bias field.

    The field is fitted to the foreground (Otsu's threshold over 200 bins) of the image, shrunk by 4
    along axes of 32 pixels and more, with the defaults of SimpleITK's filter, and evaluated at
    every pixel. On one thread, so that the values do not depend on the machine's processors.

    Parameters
    ----------
    image
        Of two or three axes.

    Raises
    ------
    ImageError
        If it has negative or constant grey values, or the fit fails.
    """
    pixels = image.pixels
    if pixels.min() < 0 or np.ptp(pixels) == 0:
        raise ImageError(
            "bias correction: expected grey values of MR, none below 0 and not all the same, found"
            f" {pixels.min():g} to {pixels.max():g}"
        )
    whole = itk_image(pixels.astype(np.float32), image.geometry)
    foreground = ITK.OtsuThreshold(whole, 0, 1, _BINS)
    factors = [_SHRINK if size >= _FEWEST else 1 for size in whole.GetSize()]
    corrector = ITK.N4BiasFieldCorrectionImageFilter()
    corrector.SetNumberOfThreads(1)
    try:
        corrector.Execute(ITK.Shrink(whole, factors), ITK.Shrink(foreground, factors))
        log_field = ITK.GetArrayFromImage(corrector.GetLogBiasFieldAsImage(whole))
    except RuntimeError as error:
        raise ImageError(
            "bias correction: expected an image whose foreground a smooth field can be fitted to,"
            " found one that is too small or too flat"
        ) from error
    corrected = pixels / np.exp(log_field.astype(np.float64))
    return Image(
        corrected, image.geometry, {**image.provenance, "bias_correction": "n4"}, image.header
    )
