"""PyRadiomics' class of features of grey values."""

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsFirstOrder(RadiomicsFeaturesBase, family="firstorder"):
    """Features of grey values; see ``RadiomicsFeaturesBase``."""
