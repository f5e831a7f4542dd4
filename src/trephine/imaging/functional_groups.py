"""Enhanced DICOM objects: what an old object says at its root, they say in groups by frame.

PS3.3 C.7.6.16: attributes that all frames share stand in the Shared Functional Groups Sequence,
those of one frame in its item of the Per-Frame Functional Groups Sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from pydicom.dataelem import DataElement
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

    A data set without groups, or of several frames, is returned as it is. What the groups say goes
    before the root.
    """
    if str(dataset.get("NumberOfFrames") or 1).strip() != "1":
        return dataset
    found = elements_of_frame(dataset, 0)
    if not found:
        return dataset
    flat = copy(dataset)
    for element in found:
        flat.add(element)
    return flat


def elements_of_frame(dataset: Dataset, frame: int) -> list[DataElement]:
    """Return what the groups of one frame say, as elements that an old object has at its root.

    The frame's own group goes before the shared one.
    """
    places = {"SharedFunctionalGroupsSequence": 0, "PerFrameFunctionalGroupsSequence": frame}
    found = {
        keyword: element
        for groups, place in places.items()
        for macro in _items(dataset, groups, place)
        for name, keywords in _MACROS.items()
        for item in _items(macro, name, 0)
        for keyword in keywords
        if keyword in item and (element := item[keyword]).value not in (None, "")
    }
    return list(found.values())


def _items(dataset: Dataset, keyword: str, place: int) -> Iterator[Dataset]:
    """Yield the item at a place of a sequence where there is one."""
    sequence = dataset.get(keyword)
    if sequence and place < len(sequence):
        yield sequence[place]
