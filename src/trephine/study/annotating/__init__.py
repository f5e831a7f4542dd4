"""Readings of a study's or a folder's images: work list, pictures, journals, masks, measures."""
