"""Every class of texture of one image type, from one sweep over its grey levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trephine.radiomics.glcm import glcm_features
from trephine.radiomics.gldm import dependence_energy, gldm_features
from trephine.radiomics.gldzm import gldzm_features
from trephine.radiomics.glrlm import glrlm_features
from trephine.radiomics.glszm import glszm_features
from trephine.radiomics.matrices import count_matrices
from trephine.radiomics.ngtdm import ngtdm_features
from trephine.radiomics.quantise import Quantised
from trephine.radiomics.region_geometry import RegionGeometry
from trephine.radiomics.settings import RadiomicsSettings

TextureFeatures = dict[str, dict[str, float]]


def texture_features(
    quantised: Quantised,
    geometry: RegionGeometry,
    settings: RadiomicsSettings,
    wanted: dict[str, tuple[str, ...]],
) -> TextureFeatures:
    """Measure the classes of texture among those that are wanted.

    With an ``aggregation`` of IBSI's by slice, the mean over the slices; else of the whole region.

    Returns
    -------
    dict
        Class to name to value.
    """
    by_slice = settings.aggregation is not None and settings.aggregation.startswith("2D")
    settings = _aggregated(settings)
    if not by_slice or geometry.region.ndim == 2:
        return _of_region(quantised, geometry, settings, wanted)
    each = [
        _of_region(_part_of(quantised, voxels), part, settings, wanted)
        for part, voxels in geometry.slices()
    ]
    return {
        family: {name: _mean([one[family][name] for one in each]) for name in each[0][family]}
        for family in each[0]
    }


def _aggregated(settings: RadiomicsSettings) -> RadiomicsSettings:
    """Return the settings that put directions and slices together as ``aggregation`` says."""
    if settings.aggregation is None:
        return settings
    dimension, _, how = settings.aggregation.rpartition("_")
    return settings.model_copy(
        update={
            "force2D": dimension != "3D",
            "force2Ddimension": 0,
            "weightingNorm": "no_weighting" if how == "comb" else None,
        }
    )


def _part_of(quantised: Quantised, voxels: slice) -> Quantised:
    """Return the levels of some voxels; the number of levels stays that of all."""
    levels = quantised.levels[voxels]
    histogram = np.bincount(levels, minlength=quantised.n_levels + 1)[1:]
    return replace(quantised, levels=levels, histogram=histogram.astype(np.int64))


def _mean(values: list[float]) -> float:
    """Return the mean of those that are defined."""
    numbers = [value for value in values if not np.isnan(value)]
    return float(np.mean(numbers)) if numbers else float("nan")


def _of_region(
    quantised: Quantised,
    geometry: RegionGeometry,
    settings: RadiomicsSettings,
    wanted: dict[str, tuple[str, ...]],
) -> TextureFeatures:
    found: TextureFeatures = {}
    around = geometry.neighbourhood(settings)
    matrices = count_matrices(around, quantised, settings.gldm_a, geometry.threads)
    if "glcm" in wanted:
        found["glcm"] = glcm_features(
            matrices,
            around,
            geometry.spacing_mm,
            settings.weightingNorm,
            symmetrical=settings.symmetricalGLCM,
            with_mcc="MCC" in wanted["glcm"],
        )
    if "glrlm" in wanted:
        found["glrlm"] = glrlm_features(
            matrices, around, geometry.spacing_mm, settings.weightingNorm
        )
    if "glszm" in wanted:
        found["glszm"] = glszm_features(matrices)
    if "gldm" in wanted:
        found["gldm"] = gldm_features(matrices)
    if "ngldm" in wanted:
        found["ngldm"] = {"DependenceEnergy": dependence_energy(matrices)}
    if "ngtdm" in wanted:
        found["ngtdm"] = ngtdm_features(matrices, count_isolated=settings.definitions != "ibsi")
    if "gldzm" in wanted:
        plane = settings.force2Ddimension if settings.force2D else None
        found["gldzm"] = gldzm_features(quantised.levels, geometry.borders(plane), around)
    return found
