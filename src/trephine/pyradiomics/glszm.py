"""PyRadiomics' class of features of size zones."""

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLSZM(RadiomicsFeaturesBase, family="glszm"):
    """Features of size zones; see ``RadiomicsFeaturesBase``."""
