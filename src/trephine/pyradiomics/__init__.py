"""PyRadiomics' own names: ``from trephine import pyradiomics as radiomics`` in a script of its.

``trephine.pyradiomics`` has the modules, functions and classes of PyRadiomics 3.0.1's interface,
with Trephine's engine behind them: the extractor, the classes of features, the operations on
images, the test cases' files. New code is better off with ``trephine.radiomics``.

A script's ``import radiomics`` becomes ``from trephine import pyradiomics as radiomics``, and its
``from radiomics import ...`` becomes ``from trephine.pyradiomics import ...``.
"""

# ruff: noqa: N802, N816 - the names are PyRadiomics'.

from __future__ import annotations

import logging
from importlib import import_module

from trephine import __version__ as __version__
from trephine.pyradiomics.test_cases import getTestCase, testCases

__all__ = [
    "getFeatureClasses",
    "getImageTypes",
    "getTestCase",
    "logger",
    "progressReporter",
    "setVerbosity",
    "testCases",
]

_MODULES = {
    "shape": "RadiomicsShape",
    "shape2D": "RadiomicsShape2D",
    "firstorder": "RadiomicsFirstOrder",
    "glcm": "RadiomicsGLCM",
    "glrlm": "RadiomicsGLRLM",
    "glszm": "RadiomicsGLSZM",
    "gldm": "RadiomicsGLDM",
    "ngtdm": "RadiomicsNGTDM",
}
# Scripts set it; the engine has no loop slow enough to report from.
progressReporter: object = None

logger = logging.getLogger("radiomics")
if not logger.handlers:  # the script's own handlers come after this one, as with PyRadiomics
    _to_screen = logging.StreamHandler()
    _to_screen.setLevel(logging.WARNING)
    logger.addHandler(_to_screen)
    logger.setLevel(logging.INFO)


def setVerbosity(level: int) -> None:
    """Set the level from which on messages are printed, such as ``logging.INFO``; 60 is quiet."""
    level = min(max(level, 1), 60)
    logger.handlers[0].setLevel(level)
    logger.setLevel(min(level, logger.level))


def getFeatureClasses() -> dict[str, type]:
    """Return the classes of features by the names of their modules."""
    return {
        module: getattr(import_module(f"{__name__}.{module}"), name)
        for module, name in _MODULES.items()
    }


def getImageTypes() -> list[str]:
    """Return the image types: the original image and every filter."""
    from trephine.radiomics.settings import IMAGE_TYPES

    return sorted(name for name in IMAGE_TYPES if name != "Response")


def __getattr__(name: str) -> object:
    if name in (*_MODULES, "featureextractor", "imageoperations", "base"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
