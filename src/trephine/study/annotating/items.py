"""What there is to read, as a page knows it; nothing here opens a table or an image."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from trephine.choices import Side
from trephine.errors import InputError
from trephine.study.annotating.kept_inside import kept_inside

if TYPE_CHECKING:  # what decodes images takes a second to load, and a page starts without
    from trephine.imaging.spacing import StatedSpacing

CONSENSUS = "consensus"
# Regions that the page offers to draw.
DRAWABLE = ("head", "lesion", "ring", "acetabulum")
# The label of each side's region in a mask, where a study states none.
DEFAULT_LABELS: Mapping[Side | None, int] = {"R": 1, "L": 2, None: 1}

_RATER = re.compile(r"^[a-z0-9][a-z0-9-]{0,30}$")


@dataclass(frozen=True)
class HipRow:
    """A case that an image shows: its name in the table, and its side."""

    case: str
    side: Side | None


@dataclass(frozen=True)
class WorkItem:
    """One image to be read.

    Attributes
    ----------
    address
        Letters and digits that are this image's alone, made of where it lies.
    place
        Where its masks lie, from a rater's folder and without their ending; the page shows it.
    path
        Of the image.
    rows
        The cases that it shows; in a folder, one without a side.
    spacing_mm
        Where the image states none.
    labels
        Of each side's region in a mask.
    regions
        The same by the region's name, where the study reads several from one mask.
    masks
        Masks that are there already, by rater, or by an empty name for anybody's.
    """

    address: str
    place: str
    path: Path
    rows: tuple[HipRow, ...]
    spacing_mm: StatedSpacing
    labels: Mapping[Side | None, int]
    regions: Mapping[str, Mapping[Side | None, int]] = field(default_factory=dict)
    masks: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Workplace:
    """Images to be read, and where readings go.

    Attributes
    ----------
    folder
        That holds the readings, one folder a rater.
    items
        By address, in the order of the table or of the names.
    mask_patterns
        How a study file names the masks of a region, by the image's name, which is empty where a
        case has one: ``{rater}`` and ``{region}`` are to be filled, other fields are the table's.
        An image whose masks no pattern fits is left out.
    """

    folder: Path
    items: Mapping[str, WorkItem]
    mask_patterns: Mapping[str, str] = field(default_factory=dict)

    def item(self, address: str) -> WorkItem | None:
        """Return an image by its address; None where there is none."""
        return self.items.get(address)

    def rater_folder(self, rater: str) -> Path:
        """Return the folder of a rater.

        Raises
        ------
        InputError
            If the name is none, or a link leads the folder out of that of the images.
        """
        return kept_inside(self.folder / rater_name(rater), self.folder.parent)

    def journal(self, rater: str, item: WorkItem) -> Path:
        """Return the journal of a rater's reading of an image.

        Raises
        ------
        InputError
            As `rater_folder`.
        """
        folder = self.rater_folder(rater)
        return kept_inside(folder / "journals" / f"{item.address}.jsonl", folder)

    def raters(self) -> tuple[str, ...]:
        """Return who has a reading, without the consensus."""
        kept_inside(self.folder, self.folder.parent)
        if not self.folder.is_dir():
            return ()
        found = sorted(one.name for one in self.folder.iterdir() if (one / "journals").is_dir())
        return tuple(name for name in found if name != CONSENSUS and _RATER.fullmatch(name))


def rater_name(name: str) -> str:
    """Return a rater's name if it can be that of a folder.

    Raises
    ------
    InputError
        If it cannot.
    """
    if not _RATER.fullmatch(name):
        raise InputError(
            "rater: expected up to 31 small letters, digits and hyphens, found another name"
        )
    return name


def address_of_place(place: str) -> str:
    """Return an address that holds no part of a name."""
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def work_item(
    place: str,
    path: Path,
    rows: tuple[HipRow, ...],
    spacing_mm: StatedSpacing = None,
    labels: Mapping[Side | None, int] = DEFAULT_LABELS,
) -> WorkItem:
    """Return an image with the address of its place."""
    return WorkItem(address_of_place(place), place, path, rows, spacing_mm, labels)


def by_address(items: Sequence[WorkItem]) -> dict[str, WorkItem]:
    """Return images by address, each with one of its own: two readings in one would be mixed.

    Raises
    ------
    InputError
        If two have one place.
    """
    found = {one.address: one for one in items}
    if len(found) < len(items):
        raise InputError(
            "images: expected names that differ in more than their ending, and each image of a"
            " study in the folder that its file names (not behind a link to another one), found"
            f" {len(items) - len(found)} that would share a mask with another; rename or move them"
        )
    return found
