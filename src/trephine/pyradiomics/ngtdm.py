"""PyRadiomics' class of features of neighbouring grey tones."""

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsNGTDM(RadiomicsFeaturesBase, family="ngtdm"):
    """Features of neighbouring grey tones; see ``RadiomicsFeaturesBase``."""
