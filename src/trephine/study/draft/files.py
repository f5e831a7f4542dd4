"""Which files of a folder seem to be the images and the masks of a table's cases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.errors import TrephineError
from trephine.imaging import read_mask
from trephine.study.draft.export import Export
from trephine.study.draft.folder_scan import Scan
from trephine.study.draft.listing import Cells, Listing, loosely_named, name_export

_AGAIN = re.compile(r"^(?P<rater>.+?)[ _-]?(2|again|repeat|second|retest)$", re.IGNORECASE)
# A picture of more labels than this is no mask.
_MOST_LABELS = 32
# Patterns that cover less than this share of the best one's rows are strays.
_FEWEST = 0.05


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
    by_side
        Patients have an image for each side.
    said
        What was found, left aside or assumed, one sentence each.
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
    files = _by_pattern([*scan.plain, *export.masks], scan.folder, cells)
    loose = loosely_named(files.pop("", []), scan.folder, frame, columns)
    groups = {**files, **{template: list(group.cells) for template, group in loose.items()}}
    most = max(map(len, groups.values()), default=0)
    groups = {pattern: paths for pattern, paths in groups.items() if len(paths) >= _FEWEST * most}
    masks = _labels_of_masks(groups, set(export.masks))
    images = {pattern: len(groups[pattern]) for pattern in groups if pattern not in masks}
    image = max(images, key=lambda pattern: images[pattern], default="")
    listing = Listing(frame, scan.folder)
    dicom = name_export(export, scan.folder, frame, cells)
    said = [*export.said, *dicom.said]
    if dicom.count and dicom.count >= images.get(image, 0):
        image = dicom.pattern or listing.add("image", dicom.column, dicom.cells)
    elif image in loose:
        image = listing.add("image", loose[image].column, loose[image].cells)
    # The first rater's regions enter the models: the one who drew most goes first.
    complete = sorted(masks, key=lambda pattern: (-len(groups[pattern]), pattern))
    raters, repeats = _by_rater(complete)
    counts = {}
    for named, prefix in ((raters, "mask_"), (repeats, "second_mask_")):
        for name, pattern in named.items():
            count = len(groups[pattern])
            if pattern in loose:
                group = loose[pattern]
                named[name] = listing.add(f"{prefix}{name}", group.column, group.cells)
            counts[named[name]] = count
    said += [*(group.said for group in loose.values() if group.said), *_not_followed(scan)]
    return FoundFiles(
        image,
        raters,
        repeats,
        next(iter(masks.values()), ()),
        _shared(image, frame, columns, listing),
        counts,
        listing.table(),
        tuple(dict.fromkeys(said)),
        dicom.by_side or _fills_side(image, cells),
    )


def _labels_of_masks(
    groups: Mapping[str, Sequence[Path]], segmented: set[Path]
) -> dict[str, tuple[int, ...]]:
    """Return the labels of the patterns that name masks; the first file says whether one does."""
    labels = {
        pattern: _labels(paths[0]) or ((1,) if paths[0] in segmented else None)
        for pattern, paths in groups.items()
    }
    return {pattern: found for pattern, found in labels.items() if found is not None}


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


def _by_pattern(paths: Iterable[Path], folder: Path, cells: Cells) -> dict[str, list[Path]]:
    """Return files by their pattern, and those without one under the empty text."""
    files: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        files[cells.pattern(path.relative_to(folder).as_posix())].append(path)
    return files


def _labels(path: Path) -> tuple[int, ...] | None:
    """Return the labels of a mask; None for an image."""
    try:
        labels = np.unique(read_mask(path).labels)
    except TrephineError:
        return None
    if labels.size > _MOST_LABELS:
        return None
    return tuple(int(label) for label in labels if label > 0)


def _by_rater(patterns: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Name each mask pattern by the part in which it differs from the others."""
    names = {_rater_name(pattern, patterns): pattern for pattern in patterns}
    raters, repeats = {}, {}
    for name, pattern in names.items():
        again = _AGAIN.match(name)
        if again and again["rater"] in names:
            repeats[again["rater"]] = pattern
        else:
            raters[name] = pattern
    return raters, repeats


def _rater_name(pattern: str, patterns: list[str]) -> str:
    own = re.split(r"[/_. -]", re.sub(r"\{[^}]*\}", "", pattern))
    others = [set(re.split(r"[/_. -]", other)) for other in patterns if other != pattern]
    differing = [part for part in own if part and not any(part in other for other in others)]
    return re.sub(r"\W", "_", differing[0]) if others and differing else "a"
