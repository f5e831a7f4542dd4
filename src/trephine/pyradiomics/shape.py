"""PyRadiomics' class of features of the form of a volume."""

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsShape(RadiomicsFeaturesBase, family="shape"):
    """Features of the form of a volume; see ``RadiomicsFeaturesBase``."""
