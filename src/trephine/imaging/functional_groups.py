"""Enhanced DICOM objects of one frame: what an old object says at its root, they say in groups.

PS3.3 C.7.6.16: attributes that all frames share stand in the Shared Functional Groups Sequence,
those of one frame in its item of the Per-Frame Functional Groups Sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from pydicom.dataset import Dataset

# Macro -> the attributes that reading an image needs.
_MACROS = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "FrameAnatomySequence": ("FrameLaterality",),
}


def with_functional_groups(dataset: Dataset) -> Dataset:
    """Return a data set whose root holds what the groups of its one frame say.

    A data set without groups, or of several frames, is returned as it is. The frame's own group
    goes before the shared one, and either before the root.
    """
    if str(dataset.get("NumberOfFrames") or 1).strip() != "1":
        return dataset
    found = {
        keyword: element
        for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
        for macro in _first_items(dataset, groups)
        for name, keywords in _MACROS.items()
        for item in _first_items(macro, name)
        for keyword in keywords
        if keyword in item and (element := item[keyword]).value not in (None, "")
    }
    if not found:
        return dataset
    flat = copy(dataset)
    for element in found.values():
        flat.add(element)
    return flat


def _first_items(dataset: Dataset, keyword: str) -> Iterator[Dataset]:
    """Yield the first item of a sequence where there is one."""
    sequence = dataset.get(keyword)
    if sequence:
        yield sequence[0]
