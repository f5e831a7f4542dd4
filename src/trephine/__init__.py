"""Trephine: from radiographs, regions of interest and a table to a survival nomogram."""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

__all__ = ["Study", "__version__"]


def __getattr__(name: str) -> object:
    """Give ``trephine.Study`` when it is asked for: every room below knows this module."""
    if name == "Study":
        return import_module("trephine.study").Study
    raise AttributeError(f"module 'trephine' has no attribute {name!r}")
