"""How the names of image files end."""

from __future__ import annotations

# Longest first, so that .nii.gz is not cut to .nii.
IMAGE_SUFFIXES = (
    ".seg.nrrd", ".nii.gz", ".dcm.gz", ".dicom", ".nrrd", ".nhdr", ".tiff",
    ".nii", ".dcm", ".ima", ".mha", ".mhd", ".png", ".tif",
)  # fmt: skip


def image_suffix(name: str) -> str:
    """Return the ending of an image's name in small letters; empty where it has none."""
    return next((one for one in IMAGE_SUFFIXES if name.lower().endswith(one)), "")
