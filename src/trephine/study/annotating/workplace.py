"""What there is to draw on: the images of a study or of a folder, and where readings go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trephine.errors import ImageError, InputError
from trephine.imaging.dicom_head import read_head
from trephine.imaging.sniff import file_kind
from trephine.imaging.suffixes import image_suffix
from trephine.paths import ANNOTATIONS, held_inside
from trephine.study.annotating.case_names import case_of_place
from trephine.study.annotating.items import HipRow, WorkItem, Workplace, by_address, work_item
from trephine.study.images.pairs import is_stray

# In a folder of images: masks of the same names, from which a reading may start.
MASKS = "masks"

_SERIES = ("MR", "CT")


def open_workplace(path: Path) -> Workplace:
    """Find the images of a study file, or of a folder.

    Raises
    ------
    StudyProblemsError
        If the study's table or images are not as its file says.
    InputError
        If there is nothing at the path, or no image.
    """
    if path.is_dir():
        place = _of_folder(path.resolve())
    elif path.is_file():
        # What reads tables takes seconds to load, and a folder of images needs none of it.
        from trephine.study.annotating.study_workplace import workplace_of_study

        place = workplace_of_study(path.resolve())
    else:
        raise InputError(f"{path}: expected a study file or a folder of images, found nothing")
    if not place.items:
        raise InputError(
            f"{path.name}: expected images (DICOM, NIfTI, NRRD, MHA, PNG, TIFF), found none"
        )
    return place


def _of_folder(folder: Path) -> Workplace:
    items = []
    for path in sorted(folder.iterdir()):
        if is_stray(path) or path.name in (ANNOTATIONS, MASKS, "results"):
            continue
        items += _items_at(path, folder)
    return Workplace(folder / ANNOTATIONS, by_address(items))


def _items_at(path: Path, folder: Path) -> list[WorkItem]:
    """Return the images at a path: a file, a series, or a folder of images."""
    held_inside(path, folder)
    if path.is_file():
        return [_folder_item(path, folder)] if _is_image(path) else []
    inside = [one for one in sorted(path.iterdir()) if one.is_file() and not is_stray(one)]
    images = [one for one in inside if _is_image(one)]
    for one in images:
        held_inside(one, folder)
    if len(images) > 1 and _is_series(images):
        return [_folder_item(path, folder)]
    return [_folder_item(one, folder) for one in images]


def _folder_item(path: Path, folder: Path) -> WorkItem:
    place = path.relative_to(folder).as_posix()
    ending = image_suffix(place) if path.is_file() else ""
    place = place[: -len(ending)] if ending else place
    item = work_item(place, path, (HipRow(case_of_place(place), None),))
    beside = folder / MASKS / f"{place}.nii.gz"
    held_inside(beside, folder)
    return replace(item, masks={"": beside}) if beside.is_file() else item


def _is_image(path: Path) -> bool:
    if image_suffix(path.name):
        return True
    try:
        return "." not in path.name and file_kind(path) == "dicom"
    except (ImageError, OSError):
        return False


def _is_series(images: Sequence[Path]) -> bool:
    try:
        heads = [read_head(path) for path in images[:2]]
    except (ImageError, OSError):
        return False
    return all(head.modality in _SERIES for head in heads)
