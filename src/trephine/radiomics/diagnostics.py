"""What PyRadiomics reports beside the features: versions, settings, image and mask."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import pywt

import trephine
from trephine.imaging.itk import ITK

# Whose names and values these are.
FOLLOWED = "v3.0.1"


def versions() -> dict[str, Any]:
    """Return the versions that took part, by PyRadiomics' keys."""
    return {
        "diagnostics_Versions_PyRadiomics": f"{FOLLOWED} (Trephine {trephine.__version__})",
        "diagnostics_Versions_Numpy": np.__version__,
        "diagnostics_Versions_SimpleITK": ITK.Version().VersionString(),
        "diagnostics_Versions_PyWavelet": pywt.__version__,
        "diagnostics_Versions_Python": platform.python_version(),
    }


def of_image(image: Any, stage: str) -> dict[str, Any]:
    """Describe a SimpleITK image at a stage: ``original`` or ``interpolated``."""
    key = f"diagnostics_Image-{stage}_"
    pixels = ITK.GetArrayViewFromImage(image).astype(np.float64)
    first = {}
    if stage == "original":
        first = {f"{key}Hash": ITK.Hash(image), f"{key}Dimensionality": f"{image.GetDimension()}D"}
    return {
        **first,
        f"{key}Spacing": image.GetSpacing(),
        f"{key}Size": image.GetSize(),
        f"{key}Mean": float(pixels.mean()),
        f"{key}Minimum": float(pixels.min()),
        f"{key}Maximum": float(pixels.max()),
    }


def of_mask(image: Any, mask: Any, label: int, stage: str) -> dict[str, Any]:
    """Describe a region of a SimpleITK label map.

    Parameters
    ----------
    image
        On the mask's grid, for the region's grey values; None where they are not yet of one grid.
    mask
        Whole-numbered labels.
    stage
        ``original``, ``corrected``, ``interpolated`` or ``resegmented``.
    """
    key = f"diagnostics_Mask-{stage}_"
    statistics = ITK.LabelShapeStatisticsImageFilter()
    statistics.Execute(mask)
    inside = ITK.GetArrayViewFromImage(mask) == label
    parts = ITK.ConnectedComponentImageFilter()
    parts.FullyConnectedOn()
    parts.Execute(mask == label)
    centre = tuple(float(axis.mean()) for axis in np.nonzero(inside)[::-1])
    found = {f"{key}Hash": ITK.Hash(mask)} if stage == "original" else {}
    found |= {
        f"{key}Spacing": mask.GetSpacing(),
        f"{key}Size": mask.GetSize(),
        f"{key}BoundingBox": statistics.GetBoundingBox(label),
        f"{key}VoxelNum": statistics.GetNumberOfPixels(label),
        f"{key}VolumeNum": parts.GetObjectCount(),
        f"{key}CenterOfMassIndex": centre,
        f"{key}CenterOfMass": mask.TransformContinuousIndexToPhysicalPoint(centre),
    }
    if image is not None:
        grey = ITK.GetArrayViewFromImage(image)[inside].astype(np.float64)
        found[f"{key}Mean"] = float(grey.mean())
        found[f"{key}Minimum"] = float(grey.min())
        found[f"{key}Maximum"] = float(grey.max())
    return found
