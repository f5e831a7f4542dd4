"""Which files of a folder seem to be the images and the masks of a table's cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from trephine.study.draft.export import Beside, Export
from trephine.study.draft.folder_scan import Scan
from trephine.study.draft.groups import FileGroups
from trephine.study.draft.image_names import ImageWords
from trephine.study.draft.listing import Cells, Listing, name_export
from trephine.study.draft.several import FoundImage, by_rater, images_of_a_case, with_masks


@dataclass(frozen=True)
class FoundFiles:
    """Patterns with ``{column}`` fields, as a study file states them.

    Attributes
    ----------
    image
        Of the images; empty where there are none.
    raters, repeats
        Of the masks and of second readings, by rater.
    labels
        Labels that occur in one of the masks.
    rows_share_images
        Whether two rows of the table lead to one image.
    counts
        Files by pattern.
    listed
        Table of paths where patterns do not do; its columns fill them. None where they do.
    said
        What was found, left aside or assumed, one sentence each.
    by_side
        Patients have an image for each side.
    images
        The images of a case where it has several; ``image`` is then the first one's, and there
        are no ``raters`` beside theirs.
    """

    image: str
    raters: Mapping[str, str]
    repeats: Mapping[str, str]
    labels: tuple[int, ...]
    rows_share_images: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    listed: pd.DataFrame | None = None
    said: tuple[str, ...] = ()
    by_side: bool = False
    images: tuple[FoundImage, ...] = ()

    @property
    def patterns(self) -> list[str]:
        """Every pattern of images and masks."""
        each = (self.image, *self.raters.values())
        return [*each, *(p for one in self.images for p in (one.pattern, *one.raters.values()))]


def find_patterns(
    scan: Scan, export: Export, frame: pd.DataFrame, columns: list[str]
) -> FoundFiles:
    """Find image and mask files whose path, or whose Patient ID, is a cell of one of ``columns``.

    Parameters
    ----------
    scan, export
        What lies in the folder, and its DICOM files sorted.
    frame
        Text cells, one row per case.
    columns
        That may name files, the most likely first.
    """
    cells = Cells.of(frame, columns)
    groups = FileGroups.of(scan, export, frame, columns, cells)
    listing = Listing(frame, scan.folder)
    dicom = name_export(export, scan.folder, frame, cells)
    whole = groups.with_exported(export, dicom, scan, frame, cells)
    several = images_of_a_case(whole.images)
    counts: dict[str, int] = {}
    masks = with_masks(several, whole.images, groups.masks, groups.drawn)
    found = tuple(_listed(one, whole, listing, counts) for one in masks)
    if found:
        image = found[0].pattern
    else:
        image = max(groups.images, key=lambda pattern: groups.images[pattern], default="")
        if dicom.count and dicom.count >= groups.images.get(image, 0):
            image = dicom.pattern or listing.add("image", dicom.column, dicom.cells)
        else:
            image = groups.pattern(image, "image", listing)
    drawn = ({}, {}) if found else by_rater(groups.drawn)
    raters, repeats = _listed_masks(drawn, "", groups, listing, counts)
    said = [*export.said(_used(several.values())), *dicom.said]
    said += [*groups.said, *_not_followed(scan)]
    return FoundFiles(
        image,
        raters,
        repeats,
        next(iter(groups.masks.values()), ()),
        _shared(image, frame, columns, listing),
        counts,
        listing.table(),
        tuple(dict.fromkeys(said)),
        dicom.by_side or _fills_side(image, cells),
        found,
    )


def _used(images: Iterable[ImageWords]) -> set[Beside]:
    """Return what of an export is used, where a case has several images."""
    used: set[Beside] = set()
    for words in images:
        if words.lateral:
            used.add("lateral view")
        else:
            used.add("series of slices" if words.kind in ("CT", "MR") else "radiograph")
    return used


def _listed(
    one: FoundImage, groups: FileGroups, listing: Listing, counts: dict[str, int]
) -> FoundImage:
    """Return an image whose patterns name columns of the listing where no pattern fits."""
    name = one.words.name
    pattern = groups.pattern(one.pattern, name.replace("-", "_"), listing)
    raters, repeats = _listed_masks((one.raters, one.repeats), f"{name}_", groups, listing, counts)
    return replace(one, pattern=pattern, raters=raters, repeats=repeats)


def _listed_masks(
    drawn: tuple[Mapping[str, str], Mapping[str, str]],
    prefix: str,
    groups: FileGroups,
    listing: Listing,
    counts: dict[str, int],
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the patterns of masks and of second readings by rater; count their files."""
    filled: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for given, own, kind in zip(drawn, filled, ("mask_", "second_mask_"), strict=True):
        for rater, group in given.items():
            own[rater] = groups.pattern(group, f"{prefix}{kind}{rater}".replace("-", "_"), listing)
            counts[own[rater]] = len(groups.paths[group])
    return filled


def _not_followed(scan: Scan) -> list[str]:
    if not scan.outside:
        return []
    return [
        f"{scan.outside} links that lead out of the folder were not followed: [data] outside"
        " lists the folders that they may lead to"
    ]


def _fills_side(image: str, cells: Cells) -> bool:
    return cells.side is not None and f"{{{cells.side[0]}}}" in image


def _shared(image: str, frame: pd.DataFrame, columns: list[str], listing: Listing) -> bool:
    fields = [column for column in frame.columns if f"{{{column}}}" in image]
    keys = listing.keys if listing.keys and not fields else fields
    return bool(keys) and bool(frame.duplicated(keys).any())
