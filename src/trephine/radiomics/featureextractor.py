"""PyRadiomics' front door: a script that imports ``radiomics.featureextractor`` may import this.

``from trephine.radiomics import featureextractor`` gives a ``RadiomicsFeatureExtractor`` with the
methods, arguments and keys of PyRadiomics 3.0.1, and Trephine's engine behind it. Errors are
``ValueError``s, as PyRadiomics'.
"""

# ruff: noqa: N802 - the names are PyRadiomics'.

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from trephine.errors import ImageError, InputError
from trephine.imaging.itk import ITK, image_of_itk, itk_image, mask_of_itk
from trephine.imaging.itk_any import itk_given
from trephine.radiomics import diagnostics
from trephine.radiomics.catalogue import FAMILIES, default_features
from trephine.radiomics.extract import measure_region, resegmented
from trephine.radiomics.map_images import map_images
from trephine.radiomics.parameter_file import check_sections, read_pyradiomics_sections
from trephine.radiomics.prepare import PreparedImage, prepare
from trephine.radiomics.region import check_pair, labels_on_image
from trephine.radiomics.settings import IMAGE_TYPES, RadiomicsSettings
from trephine.types import Image, Mask

_DEFAULTS: dict[str, Any] = {
    "minimumROIDimensions": 2,
    "minimumROISize": None,
    "normalize": False,
    "normalizeScale": 1,
    "removeOutliers": None,
    "resampledPixelSpacing": None,
    "interpolator": "sitkBSpline",
    "preCrop": False,
    "padDistance": 5,
    "distances": [1],
    "force2D": False,
    "force2Ddimension": 0,
    "resegmentRange": None,
    "label": 1,
    "additionalInfo": True,
}
_IMAGE_TYPES = tuple(name for name in IMAGE_TYPES if name != "Response")  # PyRadiomics' own
# Of feature maps: they change no value of a region.
_OF_MAPS = ("kernelRadius", "maskedKernel", "initValue", "voxelBatch", "voxelBased")


class RadiomicsFeatureExtractor:
    """Extract features as PyRadiomics' class of this name does.

    Parameters
    ----------
    *args
        Nothing, the path of a parameter file (YAML or JSON), or a dictionary of its sections.
    **kwargs
        Settings by name, over those of the file.

    Attributes
    ----------
    settings, enabledImagetypes, enabledFeatures
        As in PyRadiomics, free to be changed between extractions.

    Raises
    ------
    InputError
        If the file or dictionary is no set of parameters. Settings are checked at ``execute``.

    Examples
    --------
    >>> import numpy as np
    >>> import SimpleITK as sitk
    >>> from trephine.radiomics import featureextractor
    >>> rows, columns = np.mgrid[:32, :32]
    >>> image = sitk.GetImageFromArray(100.0 + 20.0 * np.sin(rows / 3.0))
    >>> disc = ((rows - 16) ** 2 + (columns - 16) ** 2 < 100).astype(np.uint8)
    >>> extractor = featureextractor.RadiomicsFeatureExtractor(binWidth=10)
    >>> extractor.disableAllFeatures()
    >>> extractor.enableFeaturesByName(firstorder=["Maximum"])
    >>> found = extractor.execute(image, sitk.GetImageFromArray(disc))
    >>> round(float(found["original_firstorder_Maximum"]), 1)
    119.9
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.featureClassNames = list(FAMILIES)
        self.settings: dict[str, Any] = dict(_DEFAULTS)
        self.enabledImagetypes: dict[str, dict[str, Any]] = {"Original": {}}
        self.enabledFeatures: dict[str, Any] = {name: [] for name in FAMILIES if name != "shape2D"}
        if len(args) > 1 or (args and not isinstance(args[0], str | Path | dict)):
            raise InputError(
                "RadiomicsFeatureExtractor: expected the path of a parameter file or a dictionary"
                f" of its sections, found {', '.join(type(value).__name__ for value in args)}"
            )
        if args:
            given = args[0]
            self._apply(
                given if isinstance(given, dict) else read_pyradiomics_sections(Path(given))
            )
        self.settings.update(kwargs)

    def loadParams(self, paramsFile: str | Path) -> None:
        """Take settings, image types and features from a parameter file."""
        self._apply(read_pyradiomics_sections(Path(paramsFile)))

    def loadJSONParams(self, JSON_configuration: str) -> None:
        """Take settings, image types and features from a text in JSON."""
        try:
            sections = json.loads(JSON_configuration)
        except (ValueError, RecursionError) as error:
            raise InputError(f"parameters: expected JSON, found: {error}") from None
        self._apply(sections)

    def _apply(self, given: Any) -> None:
        sections = check_sections(given, "parameters")
        self.enabledImagetypes = sections.get("imageType") or {"Original": {}}
        self.enabledFeatures = sections.get("featureClass") or {name: [] for name in FAMILIES}
        self.settings = {
            **_DEFAULTS,
            **(sections.get("setting") or {}),
            **(sections.get("voxelSetting") or {}),
        }

    def addProvenance(self, provenance_on: bool = True) -> None:
        """Say whether the keys ``diagnostics_...`` are reported."""
        self.settings["additionalInfo"] = provenance_on

    def enableAllImageTypes(self) -> None:
        """Enable every filter, each with its defaults."""
        self.enabledImagetypes = {name: {} for name in _IMAGE_TYPES}

    def disableAllImageTypes(self) -> None:
        """Disable every filter and the original image."""
        self.enabledImagetypes = {}

    def enableImageTypeByName(
        self, imageType: str, enabled: bool = True, customArgs: dict[str, Any] | None = None
    ) -> None:
        """Enable or disable one image type, with settings that hold for it only."""
        if imageType not in _IMAGE_TYPES:
            raise InputError(
                f"image type: expected one of {', '.join(_IMAGE_TYPES)}, found {imageType!r}"
            )
        if enabled:
            self.enabledImagetypes[imageType] = dict(customArgs or {})
        else:
            self.enabledImagetypes.pop(imageType, None)

    def enableImageTypes(self, **enabledImagetypes: dict[str, Any]) -> None:
        """Enable image types with their settings, and no others."""
        self.enabledImagetypes = {}
        for name, own in enabledImagetypes.items():
            self.enableImageTypeByName(name, customArgs=own)

    def enableAllFeatures(self) -> None:
        """Enable every class."""
        self.enabledFeatures = {name: [] for name in FAMILIES}

    def disableAllFeatures(self) -> None:
        """Disable every class."""
        self.enabledFeatures = {}

    def enableFeatureClassByName(self, featureClass: str, enabled: bool = True) -> None:
        """Enable or disable all features of a class."""
        self.getFeatureNames(featureClass)
        if enabled:
            self.enabledFeatures[featureClass] = []
        else:
            self.enabledFeatures.pop(featureClass, None)

    def enableFeaturesByName(self, **enabledFeatures: list[str]) -> None:
        """Enable features by class."""
        for name, features in enabledFeatures.items():
            self.getFeatureNames(name)
            self.enabledFeatures[name] = features

    def getFeatureNames(self, featureClassName: str) -> dict[str, bool]:
        """Return the features of a class, and whether PyRadiomics has retired each."""
        if featureClassName not in FAMILIES:
            raise InputError(
                f"feature class: expected one of {', '.join(FAMILIES)}, found {featureClassName!r}"
            )
        current = default_features(featureClassName)
        names = sorted((e.name for e in FAMILIES[featureClassName]), key=_method)
        return {name: name not in current for name in names}

    def execute(
        self,
        imageFilepath: Any,
        maskFilepath: Any,
        label: int | None = None,
        label_channel: int | None = None,
        voxelBased: bool = False,
    ) -> OrderedDict[str, Any]:
        """Measure one region of an image.

        Parameters
        ----------
        imageFilepath, maskFilepath
            SimpleITK images, or paths of files that SimpleITK reads.
        label
            Of the region; that of the settings by default.
        label_channel
            Of a mask with several channels.
        voxelBased
            Whether each feature is mapped by the kernel round every voxel (``kernelRadius``).

        Returns
        -------
        OrderedDict
            PyRadiomics' keys, ``diagnostics_...`` first where ``additionalInfo`` is on. With
            ``voxelBased`` the features are SimpleITK images of the region's box. As in PyRadiomics,
            there are no keys of an image type that cannot be made of the image.

        Raises
        ------
        ImageError
            If a file cannot be read, or image and mask do not fit.
        InputError
            If a setting, image type or feature is none of PyRadiomics'.
        """
        used = dict(self.settings)
        if label is not None:
            used["label"] = label
        if label_channel is not None:
            used["label_channel"] = label_channel
        settings = self._settings(used)
        image, mask = itk_given(imageFilepath, "image"), itk_given(maskFilepath, "mask")
        mask = _labels(mask, used.get("label_channel", 0))
        pair = image_of_itk(image), mask_of_itk(mask)
        found: OrderedDict[str, Any] = OrderedDict()
        if settings.additionalInfo:
            found.update(diagnostics.versions())
            found["diagnostics_Configuration_Settings"] = used
            found["diagnostics_Configuration_EnabledImageTypes"] = self.enabledImagetypes
            found.update(_described(image, mask, pair, settings))
        if voxelBased:
            found.update(map_images(*pair, settings, used))
            return found
        result = measure_region(*pair, settings)
        for name, value in zip(result.names, result.values, strict=True):
            if not name.startswith(tuple(f"{unmade}_" for unmade in result.unmade)):
                found[name] = np.float64(value)
        return found

    def _settings(self, used: dict[str, Any]) -> RadiomicsSettings:
        given = {
            name: value
            for name, value in used.items()
            if value is not None and name not in (*_OF_MAPS, "label_channel")
        }
        return RadiomicsSettings(
            **given,
            imageType={name: own or {} for name, own in self.enabledImagetypes.items()},
            featureClass={
                name: tuple(features or _in_order(name))
                for name, features in self.enabledFeatures.items()
            },
        )


def _in_order(family: str) -> list[str]:
    """Return a class's features in PyRadiomics' order, which is that of its methods' names."""
    return sorted(default_features(family), key=_method)


def _method(feature: str) -> str:
    return f"get{feature}FeatureValue"


def _labels(mask: Any, channel: int) -> Any:
    """Return one channel of a mask as unsigned labels, as PyRadiomics reads it."""
    channels = mask.GetNumberOfComponentsPerPixel()
    if channels > 1:
        if channel >= channels:
            raise ImageError(f"mask: expected label_channel below {channels}, found {channel}")
        mask = ITK.VectorIndexSelectionCast(mask, channel)
    return ITK.Cast(mask, ITK.sitkUInt32)


def _described(
    image: Any, mask: Any, pair: tuple[Image, Mask], settings: RadiomicsSettings
) -> dict[str, Any]:
    """Return the diagnostics of image and mask, at every stage that they go through."""
    label = settings.label
    check_pair(*pair)
    pair[1].region(label)
    found = {
        **diagnostics.of_image(image, "original"),
        **diagnostics.of_mask(None, mask, label, "original"),
    }
    prepared = prepare(*pair, settings, label)
    if settings.resampledPixelSpacing is not None and settings.interpolator is not None:
        grey, region = _as_itk(prepared, label)
        found |= diagnostics.of_image(grey, "interpolated")
        found |= diagnostics.of_mask(grey, region, label, "interpolated")
    elif labels_on_image(*pair, settings, label) is not pair[1]:
        found |= diagnostics.of_mask(*_as_itk(prepared, label), label, "corrected")
    if settings.resegmentRange is not None:
        kept = resegmented(prepared, settings)
        found |= diagnostics.of_mask(*_as_itk(kept, label), label, "resegmented")
    return found


def _as_itk(prepared: PreparedImage, label: int) -> tuple[Any, Any]:
    whole = prepared.window((slice(None),) * prepared.pixels.ndim)
    labels = prepared.region.astype(np.uint32) * np.uint32(label)
    return itk_image(whole, prepared.geometry), itk_image(labels, prepared.geometry)
