"""Every feature the engine knows, by class: its name, its IBSI code and what it is.

The names are PyRadiomics'. The identifiers and tags are those of the IBSI reference manual
(Zwanenburg et al., Radiology 2020;295:328-338; arXiv:1612.07003); an empty one marks a feature that
IBSI does not define. p(i,j) is a normalised texture matrix, i a grey level, j a grey level (GLCM),
run length, zone size or dependence count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class CatalogueEntry:
    """One feature of a class.

    Attributes
    ----------
    name
        PyRadiomics' name.
    ibsi_id, ibsi_tag
        IBSI's permanent identifier and reference tag; empty where IBSI has none.
    definition
        One line.
    deprecated
        Computed only where it is asked for by name, as in PyRadiomics.
    """

    name: str
    ibsi_id: str
    ibsi_tag: str
    definition: str
    deprecated: bool = False


_E = CatalogueEntry

FIRSTORDER = (
    _E("10Percentile", "QG58", "stat_p10", "10th percentile of the grey values"),
    _E("90Percentile", "8DWT", "stat_p90", "90th percentile of the grey values"),
    _E("Energy", "N8CA", "stat_energy", "sum of (x + voxelArrayShift)^2"),
    _E("Entropy", "TLU2", "ih_entropy", "-sum p(i) log2 p(i) of the discretised histogram"),
    _E("InterquartileRange", "SALO", "stat_iqr", "75th minus 25th percentile"),
    _E("Kurtosis", "IPH6", "stat_kurt", "m4 / m2^2; definitions='ibsi' subtracts 3"),
    _E("Maximum", "84IY", "stat_max", "largest grey value"),
    _E("Mean", "Q4LE", "stat_mean", "mean grey value"),
    _E("MeanAbsoluteDeviation", "4FUA", "stat_mad", "mean of |x - mean|"),
    _E("Median", "Y12H", "stat_median", "median grey value"),
    _E("Minimum", "1GSF", "stat_min", "smallest grey value"),
    _E("Range", "2OJQ", "stat_range", "maximum minus minimum"),
    _E(
        "RobustMeanAbsoluteDeviation",
        "1128",
        "stat_rmad",
        "mean absolute deviation of the values from the 10th to the 90th percentile",
    ),
    _E("RootMeanSquared", "5ZWQ", "stat_rms", "root of the mean of (x + voxelArrayShift)^2"),
    _E("Skewness", "KE2A", "stat_skew", "m3 / m2^1.5"),
    _E("StandardDeviation", "", "", "root of the variance", deprecated=True),
    _E("TotalEnergy", "", "", "energy times the area or volume of a voxel in mm^2 or mm^3"),
    _E("Uniformity", "BJ5W", "ih_uniformity", "sum p(i)^2 of the discretised histogram"),
    _E("Variance", "ECT3", "stat_var", "mean of (x - mean)^2"),
)

SHAPE = (
    _E("Compactness1", "SKGS", "morph_comp_1", "V / (sqrt(pi) A^1.5)", deprecated=True),
    _E("Compactness2", "BQWJ", "morph_comp_2", "36 pi V^2 / A^3", deprecated=True),
    _E("Elongation", "Q3CK", "morph_pca_elongation", "sqrt(lambda_minor / lambda_major)"),
    _E("Flatness", "N17B", "morph_pca_flatness", "sqrt(lambda_least / lambda_major)"),
    _E("LeastAxisLength", "7J51", "morph_pca_least_axis", "4 sqrt(lambda_least) in mm"),
    _E("MajorAxisLength", "TDIC", "morph_pca_maj_axis", "4 sqrt(lambda_major) in mm"),
    _E(
        "Maximum2DDiameterColumn", "", "", "largest distance of mesh vertices within a column plane"
    ),
    _E("Maximum2DDiameterRow", "", "", "largest distance of mesh vertices within a row plane"),
    _E("Maximum2DDiameterSlice", "", "", "largest distance of mesh vertices within a slice plane"),
    _E("Maximum3DDiameter", "L0JK", "morph_diam", "largest distance of mesh vertices in mm"),
    _E("MeshVolume", "RNU0", "morph_volume", "volume V inside the triangle mesh in mm^3"),
    _E("MinorAxisLength", "P9VJ", "morph_pca_min_axis", "4 sqrt(lambda_minor) in mm"),
    _E("Sphericity", "QCFX", "morph_sphericity", "(36 pi V^2)^(1/3) / A"),
    _E(
        "SphericalDisproportion",
        "KRCK",
        "morph_sph_dispr",
        "A / (36 pi V^2)^(1/3)",
        deprecated=True,
    ),
    _E("SurfaceArea", "C0JK", "morph_area_mesh", "area A of the triangle mesh in mm^2"),
    _E("SurfaceVolumeRatio", "2PR5", "morph_av", "A / V in 1/mm"),
    _E(
        "VoxelVolume", "YEKZ", "morph_vol_approx", "number of voxels times a voxel's volume in mm^3"
    ),
)

SHAPE2D = (
    _E("Elongation", "", "", "sqrt(lambda_minor / lambda_major)"),
    _E("MajorAxisLength", "", "", "4 sqrt(lambda_major) in mm"),
    _E("MaximumDiameter", "", "", "largest distance of contour vertices in mm"),
    _E("MeshSurface", "", "", "area inside the contour mesh in mm^2"),
    _E("MinorAxisLength", "", "", "4 sqrt(lambda_minor) in mm"),
    _E("Perimeter", "", "", "length of the contour mesh in mm"),
    _E("PerimeterSurfaceRatio", "", "", "perimeter over mesh surface in 1/mm"),
    _E("PixelSurface", "", "", "number of pixels times a pixel's area in mm^2"),
    _E("Sphericity", "", "", "2 sqrt(pi area) / perimeter"),
    _E("SphericalDisproportion", "", "", "perimeter / (2 sqrt(pi area))", deprecated=True),
)

GLCM = (
    _E("Autocorrelation", "QWB0", "cm_auto_corr", "sum p(i,j) i j"),
    _E("ClusterProminence", "AE86", "cm_clust_prom", "sum p(i,j) (i + j - mu_x - mu_y)^4"),
    _E("ClusterShade", "7NFM", "cm_clust_shade", "sum p(i,j) (i + j - mu_x - mu_y)^3"),
    _E("ClusterTendency", "DG8W", "cm_clust_tend", "sum p(i,j) (i + j - mu_x - mu_y)^2"),
    _E("Contrast", "ACUI", "cm_contrast", "sum p(i,j) (i - j)^2"),
    _E("Correlation", "NI2N", "cm_corr", "covariance of i and j over sigma_x sigma_y"),
    _E("DifferenceAverage", "TF7R", "cm_diff_avg", "mean of |i - j|"),
    _E("DifferenceEntropy", "NTRS", "cm_diff_entr", "entropy of |i - j|, in bits"),
    _E("DifferenceVariance", "D3YU", "cm_diff_var", "variance of |i - j|"),
    _E("Dissimilarity", "8S9J", "cm_dissimilarity", "DifferenceAverage", deprecated=True),
    _E("Homogeneity1", "IB1Z", "cm_inv_diff", "Id", deprecated=True),
    _E("Homogeneity2", "WF0Z", "cm_inv_diff_mom", "Idm", deprecated=True),
    _E("Id", "IB1Z", "cm_inv_diff", "sum p(i,j) / (1 + |i - j|)"),
    _E("Idm", "WF0Z", "cm_inv_diff_mom", "sum p(i,j) / (1 + (i - j)^2)"),
    _E("Idmn", "1QCO", "cm_inv_diff_mom_norm", "sum p(i,j) / (1 + (i - j)^2 / Ng^2)"),
    _E("Idn", "NDRX", "cm_inv_diff_norm", "sum p(i,j) / (1 + |i - j| / Ng)"),
    _E("Imc1", "R8DG", "cm_info_corr1", "(HXY - HXY1) / max(HX, HY)"),
    _E("Imc2", "JN9H", "cm_info_corr2", "sqrt(1 - exp(-2 (HXY2 - HXY)))"),
    _E("InverseVariance", "E8JP", "cm_inv_var", "sum over i != j of p(i,j) / (i - j)^2"),
    _E("JointAverage", "60VM", "cm_joint_avg", "sum p(i,j) i"),
    _E("JointEnergy", "8ZQL", "cm_energy", "sum p(i,j)^2"),
    _E("JointEntropy", "TU9B", "cm_joint_entr", "-sum p(i,j) log2 p(i,j)"),
    _E("MCC", "", "", "root of the second largest eigenvalue of Q (Haralick 1973, f14)"),
    _E("MaximumProbability", "GYBY", "cm_joint_max", "largest p(i,j)"),
    _E("SumAverage", "ZGXS", "cm_sum_avg", "mean of i + j"),
    _E("SumEntropy", "P6QZ", "cm_sum_entr", "entropy of i + j, in bits"),
    _E("SumSquares", "UR99", "cm_joint_var", "sum p(i,j) (i - mu_x)^2"),
    _E("SumVariance", "OEEB", "cm_sum_var", "ClusterTendency", deprecated=True),
)

GLRLM = (
    _E("GrayLevelNonUniformity", "R5YN", "rlm_glnu", "sum over levels of (runs)^2 over runs"),
    _E("GrayLevelNonUniformityNormalized", "OVBL", "rlm_glnu_norm", "the same over runs^2"),
    _E("GrayLevelVariance", "8CE5", "rlm_gl_var", "variance of the runs' grey levels"),
    _E("HighGrayLevelRunEmphasis", "G3QZ", "rlm_hgre", "mean of i^2"),
    _E("LongRunEmphasis", "W4KF", "rlm_lre", "mean of j^2"),
    _E("LongRunHighGrayLevelEmphasis", "3KUM", "rlm_lrhge", "mean of i^2 j^2"),
    _E("LongRunLowGrayLevelEmphasis", "IVPO", "rlm_lrlge", "mean of j^2 / i^2"),
    _E("LowGrayLevelRunEmphasis", "V3SW", "rlm_lgre", "mean of 1 / i^2"),
    _E("RunEntropy", "HJ9O", "rlm_rl_entr", "entropy of levels and run lengths, in bits"),
    _E("RunLengthNonUniformity", "W92Y", "rlm_rlnu", "sum over lengths of (runs)^2 over runs"),
    _E("RunLengthNonUniformityNormalized", "IC23", "rlm_rlnu_norm", "the same over runs^2"),
    _E("RunPercentage", "9ZK5", "rlm_r_perc", "runs over voxels"),
    _E("RunVariance", "SXLW", "rlm_rl_var", "variance of the run lengths"),
    _E("ShortRunEmphasis", "22OV", "rlm_sre", "mean of 1 / j^2"),
    _E("ShortRunHighGrayLevelEmphasis", "GD3A", "rlm_srhge", "mean of i^2 / j^2"),
    _E("ShortRunLowGrayLevelEmphasis", "HTZT", "rlm_srlge", "mean of 1 / (i^2 j^2)"),
)

GLSZM = (
    _E("GrayLevelNonUniformity", "JNSA", "szm_glnu", "sum over levels of (zones)^2 over zones"),
    _E("GrayLevelNonUniformityNormalized", "Y1RO", "szm_glnu_norm", "the same over zones^2"),
    _E("GrayLevelVariance", "BYLV", "szm_gl_var", "variance of the zones' grey levels"),
    _E("HighGrayLevelZoneEmphasis", "5GN9", "szm_hgze", "mean of i^2"),
    _E("LargeAreaEmphasis", "48P8", "szm_lze", "mean of j^2"),
    _E("LargeAreaHighGrayLevelEmphasis", "J17V", "szm_lzhge", "mean of i^2 j^2"),
    _E("LargeAreaLowGrayLevelEmphasis", "YH51", "szm_lzlge", "mean of j^2 / i^2"),
    _E("LowGrayLevelZoneEmphasis", "XMSY", "szm_lgze", "mean of 1 / i^2"),
    _E("SizeZoneNonUniformity", "4JP3", "szm_zsnu", "sum over sizes of (zones)^2 over zones"),
    _E("SizeZoneNonUniformityNormalized", "VB3A", "szm_zsnu_norm", "the same over zones^2"),
    _E("SmallAreaEmphasis", "5QRC", "szm_sze", "mean of 1 / j^2"),
    _E("SmallAreaHighGrayLevelEmphasis", "HW1V", "szm_szhge", "mean of i^2 / j^2"),
    _E("SmallAreaLowGrayLevelEmphasis", "5RAI", "szm_szlge", "mean of 1 / (i^2 j^2)"),
    _E("ZoneEntropy", "GU8N", "szm_zs_entr", "entropy of levels and zone sizes, in bits"),
    _E("ZonePercentage", "P30P", "szm_z_perc", "zones over voxels"),
    _E("ZoneVariance", "3NSA", "szm_zs_var", "variance of the zone sizes"),
)

GLDM = (
    _E("DependenceEntropy", "FCBV", "ngl_dc_entr", "entropy of levels and dependence, in bits"),
    _E(
        "DependenceNonUniformity", "Z87G", "ngl_dcnu", "sum over dependences of (voxels)^2 / voxels"
    ),
    _E("DependenceNonUniformityNormalized", "OKJI", "ngl_dcnu_norm", "the same over voxels^2"),
    _E("DependencePercentage", "6XV8", "ngl_dc_perc", "always 1", deprecated=True),
    _E("DependenceVariance", "DNX2", "ngl_dc_var", "variance of the dependence counts"),
    _E("GrayLevelNonUniformity", "FP8K", "ngl_glnu", "sum over levels of (voxels)^2 over voxels"),
    _E(
        "GrayLevelNonUniformityNormalized",
        "5SPA",
        "ngl_glnu_norm",
        "the same over voxels^2: first-order Uniformity",
        deprecated=True,
    ),
    _E("GrayLevelVariance", "1PFV", "ngl_gl_var", "variance of the grey levels"),
    _E("HighGrayLevelEmphasis", "OAE7", "ngl_hgce", "mean of i^2"),
    _E("LargeDependenceEmphasis", "IMOQ", "ngl_hde", "mean of j^2"),
    _E("LargeDependenceHighGrayLevelEmphasis", "9QMG", "ngl_hdhge", "mean of i^2 j^2"),
    _E("LargeDependenceLowGrayLevelEmphasis", "NBZI", "ngl_hdlge", "mean of j^2 / i^2"),
    _E("LowGrayLevelEmphasis", "TL9H", "ngl_lgce", "mean of 1 / i^2"),
    _E("SmallDependenceEmphasis", "SODN", "ngl_lde", "mean of 1 / j^2"),
    _E("SmallDependenceHighGrayLevelEmphasis", "JA6D", "ngl_ldhge", "mean of i^2 / j^2"),
    _E("SmallDependenceLowGrayLevelEmphasis", "EQ3F", "ngl_ldlge", "mean of 1 / (i^2 j^2)"),
)

NGTDM = (
    _E("Busyness", "NQ30", "ngt_busyness", "sum p_i s_i over sum |i p_i - j p_j|"),
    _E("Coarseness", "QCDE", "ngt_coarseness", "1 / sum p_i s_i; 10^6 in a homogeneous region"),
    _E("Complexity", "HDEZ", "ngt_complexity", "mean of |i - j| (p_i s_i + p_j s_j) / (p_i + p_j)"),
    _E(
        "Contrast", "65HE", "ngt_contrast", "grey-level variance times mean s_i, by pairs of levels"
    ),
    _E("Strength", "1X9X", "ngt_strength", "sum (p_i + p_j) (i - j)^2 over sum s_i"),
)

FAMILIES: dict[str, tuple[CatalogueEntry, ...]] = {
    "shape": SHAPE,
    "shape2D": SHAPE2D,
    "firstorder": FIRSTORDER,
    "glcm": GLCM,
    "glrlm": GLRLM,
    "glszm": GLSZM,
    "gldm": GLDM,
    "ngtdm": NGTDM,
}


@cache
def default_features(family: str) -> tuple[str, ...]:
    """Return the features of a class that are measured where none is asked for by name."""
    return tuple(entry.name for entry in FAMILIES[family] if not entry.deprecated)
