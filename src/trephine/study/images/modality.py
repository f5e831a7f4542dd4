"""Whether an image is of the kind that its plan says."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.plan.image_words import ImagingModality
from trephine.types import Image

# Modality (0008,0060) by what a plan calls it; a secondary capture does not say what it shows.
_TERMS: Mapping[ImagingModality, tuple[str, ...]] = {
    "film": ("CR", "DX", "RG", "MG", "PX", "IO", "RF", "XA"),
    "CT": ("CT",),
    "MR": ("MR",),
}
_OTHERS = ("PT", "NM", "US", "ES", "XC", "GM", "SM", "OP")


def other_kind(image: Image, modality: ImagingModality | None) -> str:
    """Return the modality of an image that is not what its plan says; else nothing.

    A file that does not state its modality, as every NIfTI file, is taken at the plan's word.
    """
    found = str(image.provenance.get("modality") or "")
    if modality is None or found in _TERMS[modality]:
        return ""
    known = {term for terms in _TERMS.values() for term in terms} | set(_OTHERS)
    return found if found in known else ""
