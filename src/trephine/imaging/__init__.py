"""Images and masks: reading, geometry, normalisation, de-identification, the archive."""

from trephine.imaging.digest import content_sha256, file_sha256, pixels_sha256
from trephine.imaging.fitting import correct_mask, fit_mask
from trephine.imaging.geometry import check_geometry
from trephine.imaging.masks import read_mask
from trephine.imaging.nifti import write_nifti
from trephine.imaging.outline import region_outline
from trephine.imaging.read import is_image_path, read_image

__all__ = [
    "check_geometry",
    "content_sha256",
    "correct_mask",
    "file_sha256",
    "fit_mask",
    "is_image_path",
    "pixels_sha256",
    "read_image",
    "read_mask",
    "region_outline",
    "write_nifti",
]
