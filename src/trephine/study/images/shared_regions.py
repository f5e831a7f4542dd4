"""Regions and images that two cases share although each should have its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from trephine.study.images.contradictions import Contradiction, numbers
from trephine.study.images.seen import SeenImage


def shared_regions(
    seen: Sequence[SeenImage], sides: Sequence[str | None], rows: Sequence[int]
) -> list[Contradiction]:
    """Return the cases that were measured on another case's region."""
    shared: set[int] = set()
    for image in seen:
        by_region: dict[tuple[str, str], list[int]] = defaultdict(list)
        for region in image.regions:
            by_region[region.reading, region.digest].append(region.row)
        shared |= {row for found in by_region.values() if len(found) > 1 for row in found}
    if not shared:
        return []
    by_side = [row for row in sorted(shared) if sides[row] is not None]
    advice = (
        "One mask holds both sides: give each its label, mask_label = { R = 1, L = 2 }."
        if by_side
        else "Give each case its own mask or label, or keep one row for each region."
    )
    return [
        Contradiction(
            "regions",
            numbers(rows, shared),
            "",
            "a region of its own for each case",
            f"{len(shared)} cases that share one region of an image with another case",
            advice,
        )
    ]


def copied_regions(
    seen: Sequence[SeenImage],
    patients: Sequence[str],
    sides: Sequence[str | None],
    rows: Sequence[int],
) -> list[Contradiction]:
    """Return the cases whose region was drawn by hand and is, pixel by pixel, another patient's.

    What most patients share is no slip: a region of an atlas, on images of one space.
    """
    by_region: dict[tuple[str, str], set[int]] = defaultdict(set)
    drawn: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for image in seen:
        for region in image.regions:
            drawn[region.reading, sides[region.row]].add(patients[region.row])
            if region.freehand:
                by_region[region.reading, region.digest].add(region.row)
    shared: dict[bool, set[int]] = {True: set(), False: set()}
    for (reading, _), found in by_region.items():
        owners = {patients[row] for row in found}
        if len(owners) > 1:
            most = max(len(drawn[reading, sides[row]]) for row in found)
            shared[2 * len(owners) <= most] |= found
    return [
        Contradiction(
            "regions",
            numbers(rows, found),
            "",
            "a region drawn on each patient's own image",
            f"{len(found)} cases whose region is, pixel by pixel, another patient's",
            "Is a mask a copy of another patient's?",
            stops=few,
        )
        for few, found in shared.items()
        if found
    ]


def shared_images(
    seen: Sequence[SeenImage], patients: Sequence[str], rows: Sequence[int], patient_column: str
) -> list[Contradiction]:
    """Return the cases whose image is another patient's: one file, or two files of one picture."""
    of_picture: dict[str, set[int]] = defaultdict(set)
    for number, image in enumerate(seen):
        of_picture[image.digest or f"image {number}"].update(image.rows)
    shared = {
        row
        for found in of_picture.values()
        if len({patients[row] for row in found}) > 1
        for row in found
    }
    if not shared:
        return []
    advice = (
        "Is one of the paths or patients wrong?"
        if patient_column
        else "If several rows are of one patient, name the column of the patient"
        " (columns.patient): cases of one patient must never be split."
    )
    return [
        Contradiction(
            "images",
            numbers(rows, shared),
            patient_column,
            "one patient for each image",
            f"{len(shared)} cases of different patients that share an image",
            advice,
        )
    ]
