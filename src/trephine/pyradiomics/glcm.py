"""PyRadiomics' class of features of co-occurrence."""

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLCM(RadiomicsFeaturesBase, family="glcm"):
    """Features of co-occurrence; see ``RadiomicsFeaturesBase``."""
