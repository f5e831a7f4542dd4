"""The settings that have a name.

``native2d``
    For radiographs, the default: the image stays two-dimensional, is normalised as a whole
    (100 units a standard deviation) and measured in bins of 25 on the original, the four wavelet
    bands, Laplacians of Gaussian from 1 to 5 mm, the pointwise transforms, the gradient and local
    binary patterns. Local binary patterns take ten values, so their bins are one wide: at 25 every
    pattern would fall into one. Any region down to one pixel is measured, with reasons.
``published-1562``
    What yields the number of features that the study reports: the slice replicated nine times,
    three-dimensional filters, no NGTDM, no MCC and no SumAverage.
``pyradiomics``
    PyRadiomics' own defaults, with the class of shape that fits the image's dimensions. Images
    are interpolated in the integer type that their file holds them in, as PyRadiomics does.
``ibsi``
    The definitions of the Image Biomarker Standardisation Initiative where PyRadiomics deviates,
    in bins one wide as for an image already discretised; and the classes that only IBSI has.
"""

from __future__ import annotations

from typing import Any

from trephine.radiomics.catalogue import FAMILIES, default_features
from trephine.radiomics.catalogue_ibsi import ALL_FAMILIES

_LOG_SIGMAS_MM = (1.0, 2.0, 3.0, 4.0, 5.0)
_PUBLISHED_GLCM = tuple(
    name for name in default_features("glcm") if name not in ("MCC", "SumAverage")
)

PRESETS: dict[str, dict[str, Any]] = {
    "native2d": {
        "minimumROIDimensions": 0,
        "normalize": True,
        "normalizeScale": 100.0,
        "binWidth": 25.0,
        "imageType": {
            "Original": {},
            "Wavelet": {},
            "LoG": {"sigma": _LOG_SIGMAS_MM},
            "Square": {},
            "SquareRoot": {},
            "Logarithm": {},
            "Exponential": {},
            "Gradient": {},
            "LBP2D": {"binWidth": 1.0},
        },
        "featureClass": dict.fromkeys(FAMILIES),
    },
    "published-1562": {
        "normalize": True,
        "normalizeScale": 100.0,
        "binWidth": 25.0,
        "stackSlices": 9,
        "stackSpacing": 1.0,
        "imageType": {
            "Original": {},
            "LoG": {"sigma": _LOG_SIGMAS_MM},
            "Wavelet": {},
            "Square": {},
            "SquareRoot": {},
            "Logarithm": {},
            "Exponential": {},
        },
        "featureClass": {
            "shape": None,
            "firstorder": None,
            "glcm": _PUBLISHED_GLCM,
            "glrlm": None,
            "glszm": None,
            "gldm": None,
        },
    },
    "pyradiomics": {},
    "ibsi": {
        "definitions": "ibsi",
        "binWidth": 1.0,
        "minimumROIDimensions": 0,
        "featureClass": dict.fromkeys(ALL_FAMILIES),
    },
}
