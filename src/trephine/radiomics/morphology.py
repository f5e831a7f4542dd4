"""What IBSI measures of a region's form beyond PyRadiomics' shape."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import ConvexHull

from trephine.radiomics.diameters import mesh_vertices
from trephine.radiomics.enclosing import (
    box_size,
    ellipsoid_size,
    smallest_box,
    smallest_ellipsoid,
)
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.shape3d import shape_features
from trephine.radiomics.spatial import autocorrelation_features


def morphology_features(
    form: PreparedImage, grey: PreparedImage, wanted: tuple[str, ...]
) -> dict[str, float]:
    """Measure volume and area densities, and how grey values are spread over the form (IBSI 3.1).

    Parameters
    ----------
    form
        With the morphological region: every voxel that was drawn.
    grey
        With the intensity region: those within the thresholds.
    wanted
        Names; the ellipsoid and box round the hull take the longest and are left out otherwise.

    Returns
    -------
    dict
        Name to value.
    """
    spacing = np.asarray(form.geometry.spacing_mm)
    shape = shape_features(form.cropped_region, form.geometry.spacing_mm, "ibsi")
    volume, area = shape["MeshVolume"], shape["SurfaceArea"]
    points = mesh_vertices(np.pad(form.cropped_region, 1)) * (spacing / 2.0)
    hull = ConvexHull(points)
    axes = [shape[f"{name}AxisLength"] / 2.0 for name in ("Major", "Minor", "Least")]
    sizes = {
        "AABB": box_size(np.ptp(points, axis=0)),
        "AEE": ellipsoid_size(np.array(axes)),
        "ConvexHull": (float(hull.volume), float(hull.area)),
    }
    if any(name.endswith("OMBB") for name in wanted):
        sizes["OMBB"] = box_size(smallest_box(hull))
    if any(name.endswith("MVEE") for name in wanted):
        sizes["MVEE"] = ellipsoid_size(smallest_ellipsoid(points[hull.vertices]))
    found = {"Asphericity": (area**3 / (36.0 * math.pi * volume**2)) ** (1.0 / 3.0) - 1.0}
    for name, (around, surface) in sizes.items():
        found[f"VolumeDensity{name}"] = volume / around if around > 0 else math.nan
        found[f"AreaDensity{name}"] = area / surface if surface > 0 else math.nan
    found["CentreOfMassShift"] = _shift(form, grey)
    found["IntegratedIntensity"] = float(grey.values.mean()) * volume
    if "MoransI" in wanted or "GearysC" in wanted:
        found |= autocorrelation_features(
            grey.cropped_region, grey.values, grey.geometry.spacing_mm
        )
    return found


def _shift(form: PreparedImage, grey: PreparedImage) -> float:
    """Return the distance in mm between the centres of the form and of its grey values."""
    spacing = np.asarray(form.geometry.spacing_mm)
    total = float(grey.values.sum())
    if total == 0.0:
        return math.nan
    of_form = np.argwhere(form.cropped_region) + [part.start for part in form.box]
    of_grey = np.argwhere(grey.cropped_region) + [part.start for part in grey.box]
    centre = grey.values @ of_grey / total
    return float(np.linalg.norm((of_form.mean(axis=0) - centre) * spacing))
