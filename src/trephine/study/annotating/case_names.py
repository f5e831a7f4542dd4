"""Which case an image of a folder shows."""

from __future__ import annotations

import re

# The last word of an image's name, where it names the plane in which a case is shown.
_PLANE = re.compile(r"[ _-](ap|cor|coronal|ax|axial|tra|transverse|sag|sagittal)$", re.IGNORECASE)


def case_of_place(place: str) -> str:
    """Return the case that an image of a folder shows: its name without the word of its plane."""
    folder, slash, name = place.rpartition("/")
    if slash and _PLANE.search(f" {name}"):
        bare = _PLANE.sub("", f" {name}").strip(" _-")
        return f"{folder}/{bare}" if bare else folder
    return f"{folder}{slash}{_PLANE.sub('', name)}"
