"""Trephine: from radiographs, regions of interest and a table to a survival nomogram."""

__version__ = "0.1.0"
