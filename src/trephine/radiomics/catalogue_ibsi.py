"""Features that IBSI defines and PyRadiomics lacks, by class; measured under definitions='ibsi'.

Identifiers and tags are those of the IBSI reference manual (Zwanenburg et al., Radiology
2020;295:328-338; arXiv:1612.07003), chapter 3; names are built as PyRadiomics' are.
"""

from __future__ import annotations

from functools import cache

from trephine.radiomics.catalogue import FAMILIES, CatalogueEntry
from trephine.radiomics.catalogue import default_features as _pyradiomics_features

_E = CatalogueEntry

MORPHOLOGY = (
    _E("Asphericity", "25C7", "morph_asphericity", "(A^3 / (36 pi V^2))^(1/3) - 1"),
    _E(
        "CentreOfMassShift", "KLMA", "morph_com", "from the centre of voxels to that of grey, in mm"
    ),
    _E("VolumeDensityAABB", "PBX1", "morph_vol_dens_aabb", "V over that of the box along the axes"),
    _E("AreaDensityAABB", "R59B", "morph_area_dens_aabb", "A over that of the box along the axes"),
    _E("VolumeDensityOMBB", "ZH1A", "morph_vol_dens_ombb", "V over that of the smallest box"),
    _E("AreaDensityOMBB", "IQYR", "morph_area_dens_ombb", "A over that of the smallest box"),
    _E("VolumeDensityAEE", "6BDE", "morph_vol_dens_aee", "V over the ellipsoid of principal axes"),
    _E("AreaDensityAEE", "RDD2", "morph_area_dens_aee", "A over the ellipsoid of principal axes"),
    _E(
        "VolumeDensityMVEE", "SWZ1", "morph_vol_dens_mvee", "V over the smallest ellipsoid round it"
    ),
    _E("AreaDensityMVEE", "BRI8", "morph_area_dens_mvee", "A over the smallest ellipsoid round it"),
    _E("VolumeDensityConvexHull", "R3ER", "morph_vol_dens_conv_hull", "V over the hull's volume"),
    _E("AreaDensityConvexHull", "7T7F", "morph_area_dens_conv_hull", "A over the hull's area"),
    _E("IntegratedIntensity", "99N0", "morph_integ_int", "mean grey value times V"),
    _E("MoransI", "N365", "morph_moran_i", "autocorrelation of grey values, weights 1 / distance"),
    _E("GearysC", "NPT7", "morph_geary_c", "squared differences of pairs, weights 1 / distance"),
)

LOCALINTENSITY = (
    _E("LocalIntensityPeak", "VJGA", "loc_peak_loc", "mean of the cm^3 round the highest voxel"),
    _E("GlobalIntensityPeak", "0F91", "loc_peak_glob", "highest mean of a cm^3 round any voxel"),
)

STATISTICS = (
    _E("CoefficientOfVariation", "7TET", "stat_cov", "standard deviation over mean"),
    _E("MedianAbsoluteDeviation", "N72L", "stat_medad", "mean of |x - median|"),
    _E("QuartileCoefficientOfDispersion", "9S40", "stat_qcod", "(p75 - p25) / (p75 + p25)"),
)

HISTOGRAM = (
    _E("10Percentile", "1PR", "ih_p10", "10th percentile of the grey levels"),
    _E("90Percentile", "GPMT", "ih_p90", "90th percentile of the grey levels"),
    _E("CoefficientOfVariation", "CWYJ", "ih_cov", "standard deviation over mean"),
    _E("Entropy", "TLU2", "ih_entropy", "-sum p(i) log2 p(i)"),
    _E("InterquartileRange", "WR0O", "ih_iqr", "75th minus 25th percentile"),
    _E("Kurtosis", "C3I7", "ih_kurt", "m4 / m2^2 - 3"),
    _E("Maximum", "3NCY", "ih_max", "highest grey level"),
    _E("MaximumGradient", "12CE", "ih_max_grad", "steepest rise of the histogram"),
    _E("MaximumGradientLevel", "8E6O", "ih_max_grad_g", "grey level of the steepest rise"),
    _E("Mean", "X6K6", "ih_mean", "mean grey level"),
    _E("MeanAbsoluteDeviation", "D2ZX", "ih_mad", "mean of |i - mean|"),
    _E("Median", "WIFQ", "ih_median", "median grey level"),
    _E("MedianAbsoluteDeviation", "4RNL", "ih_medad", "mean of |i - median|"),
    _E("Minimum", "1PR8", "ih_min", "lowest grey level"),
    _E("MinimumGradient", "VQB3", "ih_min_grad", "steepest fall of the histogram"),
    _E("MinimumGradientLevel", "RHQZ", "ih_min_grad_g", "grey level of the steepest fall"),
    _E("Mode", "AMMC", "ih_mode", "most frequent grey level, of several the nearest to the mean"),
    _E("QuartileCoefficientOfDispersion", "SLWD", "ih_qcod", "(p75 - p25) / (p75 + p25)"),
    _E("Range", "5Z3W", "ih_range", "highest minus lowest grey level"),
    _E("RobustMeanAbsoluteDeviation", "WRZB", "ih_rmad", "the same from the 10th to the 90th"),
    _E("Skewness", "88K1", "ih_skew", "m3 / m2^1.5"),
    _E("Uniformity", "BJ5W", "ih_uniformity", "sum p(i)^2"),
    _E("Variance", "CH89", "ih_var", "mean of (i - mean)^2"),
)

IVH = (
    _E("VolumeAt10", "BC2M", "ivh_v10", "volume fraction at 10% of the range of intensity"),
    _E("VolumeAt90", "BC2M", "ivh_v90", "volume fraction at 90% of the range of intensity"),
    _E("IntensityAt10", "GBPN", "ivh_i10", "least intensity that at most 10% of the volume has"),
    _E("IntensityAt90", "GBPN", "ivh_i90", "least intensity that at most 90% of the volume has"),
    _E("VolumeDifference", "DDTU", "ivh_diff_v10_v90", "VolumeAt10 - VolumeAt90"),
    _E("IntensityDifference", "CNV2", "ivh_diff_i10_i90", "IntensityAt10 - IntensityAt90"),
    _E("AreaUnderCurve", "9CMM", "ivh_auc", "area under the volume by the fraction of intensity"),
)

GLDZM = (
    _E("GrayLevelNonUniformity", "VFT7", "dzm_glnu", "sum over levels of (zones)^2 over zones"),
    _E("GrayLevelNonUniformityNormalized", "7HP3", "dzm_glnu_norm", "the same over zones^2"),
    _E("GrayLevelVariance", "QK93", "dzm_gl_var", "variance of the zones' grey levels"),
    _E("HighGrayLevelZoneEmphasis", "K26C", "dzm_hgze", "mean of i^2"),
    _E("LargeDistanceEmphasis", "MB4I", "dzm_lde", "mean of j^2, j the distance to the border"),
    _E("LargeDistanceHighGrayLevelEmphasis", "KLTH", "dzm_ldhge", "mean of i^2 j^2"),
    _E("LargeDistanceLowGrayLevelEmphasis", "A7WM", "dzm_ldlge", "mean of j^2 / i^2"),
    _E("LowGrayLevelZoneEmphasis", "S1RA", "dzm_lgze", "mean of 1 / i^2"),
    _E("SmallDistanceEmphasis", "0GBI", "dzm_sde", "mean of 1 / j^2"),
    _E("SmallDistanceHighGrayLevelEmphasis", "DKNJ", "dzm_sdhge", "mean of i^2 / j^2"),
    _E("SmallDistanceLowGrayLevelEmphasis", "RUVG", "dzm_sdlge", "mean of 1 / (i^2 j^2)"),
    _E("ZoneDistanceEntropy", "GBDU", "dzm_zd_entr", "entropy of levels and distances, in bits"),
    _E("ZoneDistanceNonUniformity", "V294", "dzm_zdnu", "sum over distances of (zones)^2 / zones"),
    _E("ZoneDistanceNonUniformityNormalized", "IATH", "dzm_zdnu_norm", "the same over zones^2"),
    _E("ZoneDistanceVariance", "7WT1", "dzm_zd_var", "variance of the zones' distances"),
    _E("ZonePercentage", "VIWW", "dzm_z_perc", "zones over voxels"),
)

NGLDM = (_E("DependenceEnergy", "CAS9", "ngl_dc_energy", "sum p(i,j)^2 of the dependence matrix"),)

IBSI_FAMILIES: dict[str, tuple[CatalogueEntry, ...]] = {
    "morphology": MORPHOLOGY,
    "localintensity": LOCALINTENSITY,
    "statistics": STATISTICS,
    "histogram": HISTOGRAM,
    "ivh": IVH,
    "gldzm": GLDZM,
    "ngldm": NGLDM,
}
"""Classes that only ``definitions="ibsi"`` has; ``ngldm`` is what PyRadiomics' GLDM lacks of it."""

ALL_FAMILIES = {**FAMILIES, **IBSI_FAMILIES}
"""Every class of features."""


@cache
def default_features(family: str) -> tuple[str, ...]:
    """Return the features of a class that are measured where none is asked for by name."""
    if family in FAMILIES:
        return _pyradiomics_features(family)
    return tuple(entry.name for entry in IBSI_FAMILIES[family])
