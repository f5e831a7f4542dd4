"""What PyRadiomics' classes of features share."""

# ruff: noqa: N802 - the names are PyRadiomics'.

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from trephine.errors import InputError
from trephine.imaging.itk import image_of_itk, itk_image, mask_of_itk
from trephine.radiomics.catalogue import FAMILIES
from trephine.radiomics.extract import measure_region
from trephine.radiomics.map_images import whole_maps
from trephine.radiomics.names import describe
from trephine.radiomics.settings import RadiomicsSettings

# What bears on a class's values; an image that a class is given is measured as it is.
_BINS_AND_NEIGHBOURS = (
    "label", "binWidth", "binCount", "distances", "force2D", "force2Ddimension", "weightingNorm",
    "symmetricalGLCM", "gldm_a", "voxelArrayShift",
)  # fmt: skip


class RadiomicsFeaturesBase:
    """One class of features of one region, as PyRadiomics 3.0.1's of this name.

    Parameters
    ----------
    inputImage, inputMask
        SimpleITK images on one grid.
    **kwargs
        PyRadiomics' settings; those of binning, neighbours and ``label`` are used, and of maps
        ``voxelBased``, ``kernelRadius``, ``maskedKernel`` and ``initValue``.

    Attributes
    ----------
    settings, label, voxelBased, inputImage, inputMask, featureNames, enabledFeatures, featureValues
        As in PyRadiomics.

    Raises
    ------
    InputError
        If image or mask is missing.

    Examples
    --------
    >>> import numpy as np
    >>> import SimpleITK as sitk
    >>> from trephine.pyradiomics import firstorder
    >>> image = sitk.GetImageFromArray(np.arange(64.0).reshape(8, 8))
    >>> mask = sitk.GetImageFromArray(np.ones((8, 8), np.uint8))
    >>> features = firstorder.RadiomicsFirstOrder(image, mask, binWidth=10)
    >>> features.enableFeatureByName("Mean")
    >>> float(features.execute()["Mean"])
    31.5
    """

    family: ClassVar[str]

    def __init_subclass__(cls, *, family: str) -> None:
        cls.family = family
        for entry in FAMILIES[family]:
            setattr(cls, f"get{entry.name}FeatureValue", _getter(family, entry.name))

    def __init__(self, inputImage: Any, inputMask: Any, **kwargs: Any) -> None:
        if inputImage is None or inputMask is None:
            raise InputError(f"{type(self).__name__}: expected an image and a mask, found None")
        self.inputImage = inputImage
        self.inputMask = inputMask
        self.settings = kwargs
        self.label: int = kwargs.get("label", 1)
        self.voxelBased: bool = kwargs.get("voxelBased", False)
        self.featureNames = self.getFeatureNames()
        self.enabledFeatures: dict[str, bool] = {}
        self.featureValues: dict[str, Any] = {}

    @classmethod
    def getFeatureNames(cls) -> dict[str, bool]:
        """Return the features in PyRadiomics' order, and whether it has retired each."""
        return {
            entry.name: entry.deprecated
            for entry in sorted(FAMILIES[cls.family], key=lambda e: f"get{e.name}FeatureValue")
        }

    def enableFeatureByName(self, featureName: str, enable: bool = True) -> None:
        """Enable or disable one feature."""
        if featureName not in self.featureNames:
            raise InputError(
                f"feature: expected one of {', '.join(self.featureNames)}, found {featureName!r}"
            )
        self.enabledFeatures[featureName] = enable

    def enableAllFeatures(self) -> None:
        """Enable every feature that PyRadiomics has not retired."""
        self.enabledFeatures |= {name: True for name, old in self.featureNames.items() if not old}

    def disableAllFeatures(self) -> None:
        """Disable every feature, and forget what was measured."""
        self.enabledFeatures = {}
        self.featureValues = {}

    def execute(self) -> dict[str, Any]:
        """Measure what is enabled; everything where nothing is.

        Returns
        -------
        dict
            Name to value, or with ``voxelBased`` to a SimpleITK image of the image's size.

        Raises
        ------
        ImageError
            If image and mask do not fit, or the label is absent.
        InputError
            If a setting is none of PyRadiomics'.
        """
        if not self.enabledFeatures:
            self.enableAllFeatures()
        self.featureValues = self._measured([n for n, on in self.enabledFeatures.items() if on])
        return self.featureValues

    def _measured(self, wanted: list[str]) -> dict[str, Any]:
        given = {
            name: value
            for name, value in self.settings.items()
            if name in _BINS_AND_NEIGHBOURS and value is not None
        }
        settings = RadiomicsSettings(
            **given, minimumROIDimensions=0, featureClass={self.family: tuple(wanted)}
        )
        image, mask = image_of_itk(self.inputImage), mask_of_itk(self.inputMask)
        if self.voxelBased:
            maps = whole_maps(image, mask, settings, self.settings)
            return {name.rsplit("_", 1)[1]: itk_image(m, image.geometry) for name, m in maps}
        found = measure_region(image, mask, settings)
        values = dict(zip(found.names, found.values, strict=True))
        return {name: np.float64(values[f"original_{self.family}_{name}"]) for name in wanted}


def _getter(family: str, feature: str) -> Callable[[RadiomicsFeaturesBase], Any]:
    """Return PyRadiomics' method for one feature, with what the feature is as its docstring."""

    def get(self: RadiomicsFeaturesBase) -> Any:
        return self._measured([feature])[feature]

    about = describe(f"original_{family}_{feature}")
    get.__name__ = f"get{feature}FeatureValue"
    get.__doc__ = f"{feature}: {about.definition}. {about.formula_source}."
    return get
