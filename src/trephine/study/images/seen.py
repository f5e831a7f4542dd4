"""What opening a study's images and masks showed: kept in memory for the checks across cases."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trephine.imaging.folder import FOUND
from trephine.imaging.side_marker import marker_doubt, side_marker
from trephine.imaging.sides import Facing, Projection, facing_of, view_of
from trephine.radiomics.region import bounding_box
from trephine.study.images.polarity import share_darker
from trephine.study.images.region_form import has_specks, is_outline
from trephine.types import BoolArray, Image, ImageHeader, Mask

# Every so many pixels are compared where two files are looked at for being one image.
_SAMPLE = 3
# Two small regions may be alike by chance.
_FEWEST_DRAWN = 100


@dataclass(frozen=True)
class SeenRegion:
    """One region of one reading.

    Attributes
    ----------
    row
        Position of the case in the table.
    reading
        For example "rater a".
    mask
        File; its name may identify a patient: compared, never shown.
    place, other_place
        Of the region, and of the other side's region in the same mask, from the patient's right
        (0) to the left (1); None where the sides do not lie on the image, or there is no other.
    digest
        Of the region's pixels.
    freehand
        Its outline is nobody's template: no rectangle, disc or ellipse, and not of a few pixels.
    edges
        How many edges of the image it touches.
    corrected
        How the mask was put on the image; empty where it lay there.
    plain_nifti
        A NIfTI mask whose header states no more than the default orientation.
    outline, specks
        It encloses more pixels than it holds; small parts lie apart from the rest.
    darker
        Share of the image's other pixels that are darker than the region's median; 0.5 of a volume.
    alone
        The mask was the only one in the folder that was named.
    beside, dice
        The reading that this one is compared with, and their Dice; empty and None for the first.
    """

    row: int
    reading: str
    mask: Path = field(repr=False)
    place: float | None
    other_place: float | None
    digest: str
    freehand: bool
    edges: int
    corrected: str
    plain_nifti: bool
    outline: bool = False
    specks: bool = False
    darker: float = 0.5
    alone: bool = False
    beside: str = ""
    dice: float | None = None


@dataclass(frozen=True)
class SeenImage:
    """One image with the regions of its cases.

    Attributes
    ----------
    rows
        Positions of its cases in the table.
    digest
        Of its pixels; empty for a flat picture.
    header
        Of a DICOM file. It may identify a patient: compared, never shown.
    facing, view, laterality
        How it shows the patient; laterality R or L only where the file is of one side.
    shows_both
        It holds both sides of the body, as far as can be told.
    radiograph
        A DICOM image that lies nowhere in particular.
    regions
        Of all its cases and readings.
    alone
        It was the only one in the folder that was named.
    position
        View position as the file states it, for example PA; empty without.
    letter, letter_doubt
        The R or L on the film, and in what it contradicts the file; empty where there is none, or
        where nobody looked for it.
    """

    rows: tuple[int, ...]
    digest: str
    header: ImageHeader | None
    facing: Facing | None
    view: Projection
    laterality: str
    shows_both: bool
    radiograph: bool
    regions: tuple[SeenRegion, ...]
    alone: bool = False
    position: str = ""
    letter: str = ""
    letter_doubt: str = ""


_BOTH_SIDES = ("PELVIS", "CHEST", "ABDOMEN", "HEAD", "SKULL", "THORAX", "HIPS")


def see_image(
    image: Image, rows: Sequence[int], regions: Sequence[SeenRegion], *, sided: bool
) -> SeenImage:
    """Return what an image shows beside its pixels.

    Parameters
    ----------
    image
        The image.
    rows, regions
        Its cases and their regions.
    sided
        The cases have a side: the film's letter, which takes a while, is looked for.
    """
    laterality = image.provenance.get("laterality")
    part = image.header.body_part if image.header is not None else ""
    shape = image.pixels.shape
    shows_both = laterality == "both" or (
        laterality not in ("R", "L") and (part in _BOTH_SIDES or shape[-1] >= shape[-2])
    )
    facing, own = facing_of(image), str(laterality) if laterality in ("R", "L") else ""
    marker = side_marker(image) if sided and view_of(image) != "lateral" else None
    return SeenImage(
        rows=tuple(rows),
        digest=_pixel_digest(image),
        header=image.header,
        facing=facing,
        view=view_of(image),
        laterality=own,
        shows_both=shows_both,
        radiograph=image.provenance.get("format") == "DICOM"
        and image.geometry.placed is None
        and image.pixels.ndim == 2,  # a series' slices say where they lie
        regions=tuple(regions),
        alone=FOUND in image.provenance,
        position=str(image.provenance.get("view_position") or ""),
        letter=marker.letter if marker is not None else "",
        letter_doubt=marker_doubt(marker, facing, own, shows_both=shows_both) or "",
    )


def see_region(
    image: Image,
    mask: Mask,
    label: int | str,
    *,
    other: int | str | None,
    row: int,
    reading: str,
    path: Path = Path(),
) -> SeenRegion:
    """Return what a region shows of its place.

    Parameters
    ----------
    image, mask, label
        The region.
    other
        Label of the other side's region; None where there is none.
    row, reading, path
        Whose it is, and the mask's file.
    """
    region = mask.region(label)
    facing = facing_of(image)
    beside = mask.labels == mask.label_of(other) if other is not None else np.zeros(1, bool)
    oriented = str(mask.provenance.get("orientation", "as stored")) != "as stored"
    return SeenRegion(
        row=row,
        reading=reading,
        mask=path,
        place=facing.place(region) if facing is not None else None,
        other_place=facing.place(beside) if facing is not None and beside.any() else None,
        digest=_region_digest(region),
        freehand=is_freehand(region),
        edges=edges_touched(region),
        corrected=str(mask.provenance.get("corrected", "")),
        plain_nifti=mask.provenance.get("format") == "NIFTI" and not oriented,
        outline=is_outline(region),
        specks=has_specks(region),
        darker=share_darker(image, region),
        alone=FOUND in mask.provenance,
    )


def edges_touched(region: BoolArray) -> int:
    """Return how many edges of the image a region touches; an axis of one pixel has none."""
    box = bounding_box(region)
    return sum(
        int(part.start == 0) + int(part.stop == size)
        for part, size in zip(box, region.shape, strict=True)
        if size > 1
    )


def is_freehand(region: BoolArray) -> bool:
    """Say whether two people would not draw a region twice: it has no symmetry about its middle."""
    inside = region[bounding_box(region)]
    turned = inside[(slice(None, None, -1),) * inside.ndim]
    return inside.size >= _FEWEST_DRAWN and not np.array_equal(inside, turned)


def _region_digest(region: BoolArray) -> str:
    box = bounding_box(region)
    found = hashlib.blake2b(str(box).encode(), digest_size=16)
    found.update(np.packbits(region[box]).tobytes())
    return found.hexdigest()


def _pixel_digest(image: Image) -> str:
    sample = np.ascontiguousarray(image.pixels[..., ::_SAMPLE, ::_SAMPLE], dtype=np.float32)
    if not np.ptp(sample):
        return ""
    found = hashlib.blake2b(str(image.pixels.shape).encode(), digest_size=16)
    found.update(sample.tobytes())
    return found.hexdigest()
