"""Names of features: which ones settings yield, and what each one is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trephine.errors import InputError
from trephine.radiomics.catalogue import CatalogueEntry
from trephine.radiomics.catalogue_ibsi import ALL_FAMILIES, default_features
from trephine.radiomics.ibsi_names import IBSI_NAMES
from trephine.radiomics.image_types import jobs
from trephine.radiomics.settings import RadiomicsSettings

TEXTURE_FAMILIES = ("glcm", "glrlm", "glszm", "gldm", "ngtdm", "gldzm", "ngldm")
# Measured once a region, not of every image type.
_OF_REGION = ("shape", "shape2D", "morphology", "localintensity")

_SOURCES = {
    "shape": "IBSI reference manual 3.1; Lorensen and Cline 1987; PyRadiomics 3.0.1 shape",
    "shape2D": "PyRadiomics 3.0.1 shape2D (marching squares); not in IBSI",
    "firstorder": "IBSI reference manual 3.3 and 3.4; PyRadiomics 3.0.1 firstorder",
    "glcm": "Haralick, Shanmugam and Dinstein 1973; IBSI reference manual 3.6; PyRadiomics 3.0.1",
    "glrlm": "Galloway 1975; Chu et al. 1990; IBSI reference manual 3.7; PyRadiomics 3.0.1",
    "glszm": "Thibault et al. 2009; IBSI reference manual 3.8; PyRadiomics 3.0.1",
    "gldm": "Sun and Wee 1983; IBSI reference manual 3.11 (NGLDM); PyRadiomics 3.0.1",
    "ngtdm": "Amadasun and King 1989; IBSI reference manual 3.10; PyRadiomics 3.0.1",
    "morphology": "IBSI reference manual 3.1",
    "localintensity": "IBSI reference manual 3.2",
    "statistics": "IBSI reference manual 3.3",
    "histogram": "IBSI reference manual 3.4",
    "ivh": "IBSI reference manual 3.5",
    "gldzm": "Thibault et al. 2014; IBSI reference manual 3.9",
    "ngldm": "IBSI reference manual 3.11",
}


@dataclass(frozen=True)
class FeatureDescription:
    """What a feature is.

    Attributes
    ----------
    name
        The full name, as in ``wavelet-LH_glcm_JointEntropy``.
    image_type, family, feature
        Its three parts.
    ibsi_code, ibsi_tag, ibsi_name
        IBSI's permanent identifier, reference tag and name; empty where IBSI does not define it.
    definition
        One line; p, i and j as in ``trephine.radiomics.catalogue``.
    formula_source
        Where the formula stands.
    """

    name: str
    image_type: str
    family: str
    feature: str
    ibsi_code: str
    ibsi_tag: str
    ibsi_name: str
    definition: str
    formula_source: str


def describe(name: str) -> FeatureDescription:
    """Describe a feature by its full name.

    Raises
    ------
    InputError
        If the name is not made of image type, class and feature, or names an unknown one.
    """
    parts = name.rsplit("_", 2)
    if len(parts) != 3 or parts[1] not in ALL_FAMILIES:
        raise InputError(
            f"feature name: expected IMAGETYPE_CLASS_FEATURE with a class of"
            f" {', '.join(ALL_FAMILIES)}, found {name!r}"
        )
    image_type, family, feature = parts
    entry = next((entry for entry in ALL_FAMILIES[family] if entry.name == feature), None)
    if entry is None:
        raise InputError(
            f"feature name: expected a feature of {family}, found {feature!r}; known are"
            f" {', '.join(default_features(family))}"
        )
    return _description(name, image_type, family, entry)


def _description(
    name: str, image_type: str, family: str, entry: CatalogueEntry
) -> FeatureDescription:
    return FeatureDescription(
        name,
        image_type,
        family,
        entry.name,
        entry.ibsi_id,
        entry.ibsi_tag,
        IBSI_NAMES.get(entry.ibsi_id, ""),
        entry.definition,
        _SOURCES[family],
    )


def enabled_features(settings: RadiomicsSettings, family: str) -> tuple[str, ...]:
    """Return the features of a class that the settings ask for; none where it is off."""
    if family not in settings.featureClass:
        return ()
    return tuple(settings.featureClass[family] or default_features(family))


def shape_families(settings: RadiomicsSettings, ndim: int) -> tuple[str, ...]:
    """Return the classes, measured once, that an image of ``ndim`` dimensions has."""
    possible = dict.fromkeys(_OF_REGION, ndim == 3)
    possible["shape2D"] = ndim == 2 or settings.force2D
    return tuple(name for name in settings.featureClass if possible.get(name, False))


def value_families(settings: RadiomicsSettings) -> tuple[str, ...]:
    """Return the classes that are measured on every image type."""
    return tuple(name for name in settings.featureClass if name not in _OF_REGION)


def dimensions(settings: RadiomicsSettings, ndim: int) -> int:
    """Return the dimensions that filters and matrices work in: a stack makes 2 into 3."""
    return 3 if settings.stackSlices is not None else ndim


def feature_names(settings: RadiomicsSettings, ndim: int) -> tuple[str, ...]:
    """Return the names that an extraction will yield, in its order, without extracting.

    Parameters
    ----------
    ndim
        Dimensions of the images, 2 or 3.
    """
    return tuple(_names(settings, dimensions(settings, ndim)))


def _names(settings: RadiomicsSettings, ndim: int) -> Iterator[str]:
    for family in shape_families(settings, ndim):
        for feature in enabled_features(settings, family):
            yield f"original_{family}_{feature}"
    for job in jobs(settings, ndim):
        for image_name in job.names:
            for family in value_families(settings):
                for feature in enabled_features(settings, family):
                    yield f"{image_name}_{family}_{feature}"
