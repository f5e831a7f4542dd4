"""PyRadiomics' class of features of the form of a region in one slice."""

# ruff: noqa: N999 - the name is PyRadiomics'.

from trephine.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsShape2D(RadiomicsFeaturesBase, family="shape2D"):
    """Features of the form of a region in one slice; see ``RadiomicsFeaturesBase``."""
