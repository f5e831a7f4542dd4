"""PyRadiomics' operations on images and masks, and its filters, on SimpleITK images."""

# ruff: noqa: N802 - the names are PyRadiomics'.

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.errors import ImageError
from trephine.imaging.itk import ITK, image_of_itk, itk_image, mask_of_itk
from trephine.radiomics.extract import resegmented
from trephine.radiomics.image_types import jobs, make
from trephine.radiomics.prepare import PreparedImage, prepare
from trephine.radiomics.quantise import bin_edges
from trephine.radiomics.region import check_extent, check_pair, labels_on_image, locate
from trephine.radiomics.resample import resample_pair
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray, Mask

Derived = Iterator[tuple[Any, str, dict[str, Any]]]

_OF_FILTERS = (
    "force2D", "force2Ddimension", "sigma", "start_level", "level", "wavelet",
    "gradientUseSpacing", "lbp2DRadius", "lbp2DSamples", "lbp2DMethod", "lbp3DLevels",
    "lbp3DIcosphereRadius", "lbp3DIcosphereSubdivision",
)  # fmt: skip


def getMask(mask: Any, **kwargs: Any) -> Any:
    """Return a mask as unsigned labels, of one channel (``label_channel``) where it has several.

    Raises
    ------
    ImageError
        If there is no such channel, or ``label`` (1) does not occur.
    """
    channel, channels = kwargs.get("label_channel", 0), mask.GetNumberOfComponentsPerPixel()
    if channel >= channels:
        raise ImageError(f"mask: expected label_channel below {channels}, found {channel}")
    if channels > 1:
        mask = ITK.VectorIndexSelectionCast(mask, channel)
    mask = ITK.Cast(mask, ITK.sitkUInt32)
    mask_of_itk(mask).region(kwargs.get("label", 1))
    return mask


def getBinEdges(parameterValues: Any, **kwargs: Any) -> FloatArray:
    """Return the edges of the bins of grey values, by ``binWidth`` (25) or ``binCount``."""
    return bin_edges(
        np.asarray(parameterValues, dtype=np.float64), _settings(kwargs, "binWidth", "binCount")
    )


def binImage(
    parameterMatrix: npt.NDArray[Any], parameterMatrixCoordinates: Any = None, **kwargs: Any
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return the bins of grey values, from 1, and the bins' edges.

    Parameters
    ----------
    parameterMatrix
        Grey values, of any shape.
    parameterMatrixCoordinates
        Which of them are the region's, as an index; the others are 0. All by default.
    """
    inside = ... if parameterMatrixCoordinates is None else parameterMatrixCoordinates
    edges = getBinEdges(np.ravel(parameterMatrix[inside]), **kwargs)
    levels = np.zeros(parameterMatrix.shape, np.int64)
    levels[inside] = np.digitize(parameterMatrix[inside], edges)
    return levels, edges


def checkMask(imageNode: Any, maskNode: Any, **kwargs: Any) -> tuple[npt.NDArray[np.int64], Any]:
    """Return a region's bounding box and the corrected mask.

    The box is (first x, last x, first y, last y ...). The mask is None where it lies on the
    image's grid; with ``correctMask`` one of another grid is brought there.

    Raises
    ------
    ImageError
        If image and mask do not fit, the label does not occur, or the region is smaller than
        ``minimumROIDimensions`` and ``minimumROISize`` ask for.
    """
    names = ("label", "minimumROIDimensions", "minimumROISize", "correctMask", "geometryTolerance")
    settings = _settings(kwargs, *names)
    image, mask = image_of_itk(imageNode), mask_of_itk(maskNode)
    check_pair(image, mask)
    placed = labels_on_image(image, mask, settings, settings.label)
    box, region = locate(placed, settings.label)
    check_extent(region, settings)
    ends = np.array([(part.start, part.stop - 1) for part in box[::-1]], np.int64).ravel()
    if placed is mask:
        return ends, None
    return ends, itk_image(placed.labels.astype(np.uint32), image.geometry)


def cropToTumorMask(
    imageNode: Any, maskNode: Any, boundingBox: npt.NDArray[np.int64], **kwargs: Any
) -> tuple[Any, Any]:
    """Crop image and mask to a box of ``checkMask``'s and ``padDistance`` (0) voxels round it."""
    margin = kwargs.get("padDistance", 0)
    part = tuple(
        slice(int(max(first - margin, 0)), int(min(last + margin + 1, extent)))
        for first, last, extent in zip(
            boundingBox[0::2], boundingBox[1::2], maskNode.GetSize(), strict=True
        )
    )
    return imageNode[part], maskNode[part]


def resampleImage(imageNode: Any, maskNode: Any, **kwargs: Any) -> tuple[Any, Any]:
    """Resample image and mask to ``resampledPixelSpacing``, cropped to the region and a margin.

    Both keep their pixel types. See ``trephine.radiomics.resample.resample_pair``.
    """
    wanted = np.asarray(kwargs["resampledPixelSpacing"], dtype=np.float64)
    wanted = np.where(wanted == 0, maskNode.GetSpacing(), wanted)
    if "padDistance" not in kwargs and np.allclose(imageNode.GetSpacing(), wanted):
        kwargs["padDistance"] = 0  # where there is only something to crop, PyRadiomics crops to it
    names = ("resampledPixelSpacing", "interpolator", "padDistance", "label")
    settings = _settings(kwargs, *names)
    image, mask = resample_pair(
        image_of_itk(imageNode), mask_of_itk(maskNode), settings, settings.label
    )
    return (
        ITK.Cast(itk_image(image.pixels, image.geometry), imageNode.GetPixelID()),
        ITK.Cast(itk_image(mask.labels, mask.geometry), maskNode.GetPixelID()),
    )


def normalizeImage(image: Any, **kwargs: Any) -> Any:
    """Return the z-score of the whole image times ``normalizeScale``, within ``removeOutliers``."""
    names = ("normalize", "normalizeScale", "removeOutliers")
    settings = _settings({**kwargs, "normalize": True}, *names)
    whole = _whole(image, None, settings)
    return itk_image(whole.values.reshape(whole.pixels.shape), whole.geometry)


def resegmentMask(imageNode: Any, maskNode: Any, **kwargs: Any) -> Any:
    """Return the part of a region whose grey values lie in ``resegmentRange``.

    Raises
    ------
    ImageError
        If one voxel or none is left.
    """
    settings = _settings(kwargs, "label", "resegmentRange", "resegmentMode")
    kept = resegmented(_whole(imageNode, mask_of_itk(maskNode), settings), settings)
    return itk_image(kept.region.astype(np.int64) * settings.label, kept.geometry)


def getOriginalImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the image itself."""
    yield inputImage, "original", kwargs


def getLoGImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the Laplacian of Gaussian for each ``sigma`` in mm."""
    return _derived("LoG", inputImage, None, kwargs)


def getWaveletImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the bands of a stationary wavelet transform."""
    return _derived("Wavelet", inputImage, None, kwargs)


def getSquareImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the square of the image, on its own range."""
    return _derived("Square", inputImage, None, kwargs)


def getSquareRootImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the square root of the image, on its own range."""
    return _derived("SquareRoot", inputImage, None, kwargs)


def getLogarithmImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the logarithm of the image, on its own range."""
    return _derived("Logarithm", inputImage, None, kwargs)


def getExponentialImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the exponential of the image, on its own range."""
    return _derived("Exponential", inputImage, None, kwargs)


def getGradientImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield the magnitude of the image's gradient."""
    return _derived("Gradient", inputImage, None, kwargs)


def getLBP2DImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield local binary patterns by slice."""
    return _derived("LBP2D", inputImage, None, kwargs)


def getLBP3DImage(inputImage: Any, inputMask: Any, **kwargs: Any) -> Derived:
    """Yield local binary patterns in space, of the region; 0 outside."""
    return _derived("LBP3D", inputImage, mask_of_itk(inputMask), kwargs)


def _settings(given: dict[str, Any], *names: str) -> RadiomicsSettings:
    """Return the settings of some names; those of an extraction that do not concern stay out."""
    return RadiomicsSettings(**{n: given[n] for n in names if given.get(n) is not None})


def _whole(image: Any, mask: Mask | None, settings: RadiomicsSettings) -> PreparedImage:
    """Prepare an image whose region is the whole of it, or a mask's."""
    grey = image_of_itk(image)
    everywhere = Mask(np.ones(grey.pixels.shape, np.int64), grey.geometry)
    mask = everywhere if mask is None else mask
    check_pair(grey, mask)
    return prepare(grey, mask, settings, settings.label)


def _derived(image_type: str, image: Any, mask: Mask | None, kwargs: dict[str, Any]) -> Derived:
    given = {n: kwargs[n] for n in _OF_FILTERS if kwargs.get(n) is not None}
    given["label"] = 1 if mask is None else kwargs.get("label", 1)
    settings = RadiomicsSettings(**given, imageType={image_type: {}})
    whole = _whole(image, mask, settings)
    for job in jobs(settings, whole.pixels.ndim):
        for found in make(whole, job):
            if found.values is None:
                logging.getLogger("radiomics").warning("%s left out: %s", found.name, found.reason)
                continue
            grey = np.zeros(whole.pixels.shape)
            grey[whole.box][whole.cropped_region] = found.values
            yield itk_image(grey, whole.geometry), found.name, kwargs
