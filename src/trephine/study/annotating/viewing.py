"""Images as a page shows them: 16-bit grey, sides, scale; each is opened once and kept a while."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from trephine.annotation.output import DrawnGrid
from trephine.annotation.raster import PlaneGrid, plane_of
from trephine.errors import InputError
from trephine.imaging import read_image
from trephine.imaging.sides import facing_of, view_of
from trephine.imaging.spacing import StatedSpacing
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.picture_facts import ImageFacts, PlanePicture
from trephine.study.images.seen import see_image
from trephine.types import FloatArray, Image

_KEPT = 3
_LETTERS_KEPT = 200
_WHITE = 65535


def opened(item: WorkItem) -> Image:
    """Return an image; one that was opened before and has not changed is not opened again.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    return _opened(item.path, _changed(item.path), item.spacing_mm)


def image_facts(item: WorkItem) -> ImageFacts:
    """Return what a page has to know of an image."""
    image = opened(item)
    low, step = _scale(item)
    facing = facing_of(image)
    told = image.provenance
    return ImageFacts(
        image.pixels.shape,
        image.geometry.spacing_mm,
        low,
        step,
        _letters(image),
        facing is not None and facing.certain,
        str(told.get("laterality") or ""),
        str(told.get("view_position") or ""),
        view_of(image),
        told.get("format") == "DICOM",
    )


@dataclass(frozen=True)
class FilmLetter:
    """The R or L on a film.

    Attributes
    ----------
    letter
        Empty where there is none that is clear.
    doubt
        In what it contradicts the file; empty where it does not.
    alone
        The film shows one side, which the letter names.
    """

    letter: str
    doubt: str
    alone: bool


def film_letter(item: WorkItem) -> FilmLetter:
    """Return the letter on a film; it is looked for once."""
    return _film_letter(item.path, _changed(item.path), item.spacing_mm)


def grid_of(item: WorkItem) -> DrawnGrid:
    """Return the pixels of an image without their values."""
    image = opened(item)
    return DrawnGrid(image.pixels.shape, image.geometry, item.labels, item.regions)


def opening(item: WorkItem) -> tuple[ImageFacts, PlanePicture]:
    """Return what a page has to know of an image, with its picture, or its middle slice.

    Both in one: they need the image once.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    facts = image_facts(item)
    return facts, picture(item, 0, facts.shape[0] // 2 if len(facts.shape) > 2 else 0)


def picture(item: WorkItem, axis: int, index: int) -> PlanePicture:
    """Return a plane of an image in 16 bits; bright is dense, whatever the file's polarity.

    Raises
    ------
    InputError
        If the image has no such plane.
    ImageError
        If it cannot be read.
    """
    image = opened(item)
    plane = plane_values(image.pixels, axis, index)
    low, step = _scale(item)
    grey = plane - low
    if step != 1.0:
        grey = np.rint(grey / step)
    values = grey.astype("<u2")
    return PlanePicture(values.shape[0], values.shape[1], values.tobytes())


def plane_values(pixels: FloatArray, axis: int, index: int) -> FloatArray:
    """Return a plane of an image as (rows, columns).

    Raises
    ------
    InputError
        If the image has no such plane.
    """
    axes, planes = (1, 1) if pixels.ndim == 2 else (3, pixels.shape[min(axis, 2)])
    if not (0 <= axis < axes and 0 <= index < planes):
        raise InputError("plane: expected one of the image's, found another")
    return pixels if pixels.ndim == 2 else np.moveaxis(pixels, axis, 0)[index]


def plane_grid(item: WorkItem, axis: int) -> PlaneGrid:
    """Return the grid of the planes along an axis."""
    image = opened(item)
    return plane_of(image.pixels.shape, image.geometry.spacing_mm, axis)


@lru_cache(maxsize=_KEPT)
def _opened(path: Path, changed: int, spacing_mm: StatedSpacing) -> Image:
    return read_image(path, spacing_mm=spacing_mm)


@lru_cache(maxsize=_LETTERS_KEPT)
def _film_letter(path: Path, changed: int, spacing_mm: StatedSpacing) -> FilmLetter:
    image = _opened(path, changed, spacing_mm)
    if view_of(image) == "lateral":
        return FilmLetter("", "", alone=False)
    seen = see_image(image, [], [], sided=True)
    alone = bool(seen.letter) and not (seen.shows_both or seen.laterality)
    return FilmLetter(seen.letter, seen.letter_doubt, alone)


def _changed(path: Path) -> int:
    """Return when a file, or the newest of a folder, was changed."""
    if not path.is_dir():
        return path.stat().st_mtime_ns
    return max((one.stat().st_mtime_ns for one in path.iterdir()), default=0)


def _scale(item: WorkItem) -> tuple[float, float]:
    """Return the grey of 0 and the step: 1 where whole greys fit 16 bits, so that none is lost."""
    return _scale_of(item.path, _changed(item.path), item.spacing_mm)


@lru_cache(maxsize=_LETTERS_KEPT)
def _scale_of(path: Path, changed: int, spacing_mm: StatedSpacing) -> tuple[float, float]:
    pixels = _opened(path, changed, spacing_mm).pixels
    low, high = float(pixels.min()), float(pixels.max())
    if high - low <= _WHITE and low == round(low) and bool(np.all(pixels == np.rint(pixels))):
        return low, 1.0
    return low, (high - low) / _WHITE or 1.0


def _letters(image: Image) -> dict[int, tuple[str, str, str, str]]:
    """Return the letters at the four edges of the planes along each axis."""
    if image.pixels.ndim == 2:
        facing = facing_of(image)
        left, right = facing.picture_sides if facing is not None else ("", "")
        return {0: (left, right, "", "")}
    if image.provenance.get("placement", "stated") != "stated":
        return dict.fromkeys(range(3), ("", "", "", ""))
    direction = np.reshape(image.geometry.direction, (3, 3))[:, ::-1]
    ends = [_ends(direction[:, axis]) for axis in range(3)]
    found = {}
    for axis in range(3):
        down, across = (ends[other] for other in range(3) if other != axis)
        found[axis] = (across[0], across[1], down[0], down[1])
    return found


def _ends(along: FloatArray) -> tuple[str, str]:
    """Return where an array axis begins and ends in the patient; LPS rises to L, P and H."""
    axis = int(np.argmax(np.abs(along)))
    first, last = (("R", "L"), ("A", "P"), ("F", "H"))[axis]
    return (first, last) if along[axis] > 0 else (last, first)
