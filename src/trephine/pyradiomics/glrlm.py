"""PyRadiomics' class of features of run lengths."""

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLRLM(RadiomicsFeaturesBase, family="glrlm"):
    """Features of run lengths; see ``RadiomicsFeaturesBase``."""
