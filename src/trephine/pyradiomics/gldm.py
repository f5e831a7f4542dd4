"""PyRadiomics' class of features of dependence."""

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLDM(RadiomicsFeaturesBase, family="gldm"):
    """Features of dependence; see ``RadiomicsFeaturesBase``."""
