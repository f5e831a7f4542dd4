"""What there is to draw on: the images of a study or of a folder, and where readings go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.choices import Side
from trephine.cohort.sides import side_of
from trephine.errors import ImageError, InputError, StudyProblemsError
from trephine.imaging.dicom_head import read_head
from trephine.imaging.sniff import file_kind
from trephine.imaging.spacing import StatedSpacing
from trephine.imaging.suffixes import image_suffix
from trephine.paths import ANNOTATIONS, fixed_folder, held_inside
from trephine.plan.data_section import DataSection
from trephine.plan.drawn_masks import drawn_masks
from trephine.plan.reading import read_plan_so_far
from trephine.study.annotating.case_names import case_of_place
from trephine.study.annotating.items import HipRow, WorkItem, Workplace, address_of_place
from trephine.study.images.filling import absent, filled
from trephine.study.images.listed_files import with_listed
from trephine.study.images.pairs import is_stray
from trephine.study.table.tidying import read_study_table

# In a folder of images: masks of the same names, from which a reading may start.
MASKS = "masks"

_SERIES = ("MR", "CT")
_DEFAULT_LABELS: Mapping[Side | None, int] = {"R": 1, "L": 2, None: 1}


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
        place = _of_study(path.resolve())
    else:
        raise InputError(f"{path}: expected a study file or a folder of images, found nothing")
    if not place.items:
        raise InputError(
            f"{path.name}: expected images (DICOM, NIfTI, NRRD, MHA, PNG, TIFF), found none"
        )
    return place


def _of_study(path: Path) -> Workplace:
    plan, _ = read_plan_so_far(path)
    if plan.images:
        raise InputError(
            f"{path.name} [images]: expected one image of a case, found several; annotate the"
            " folder of each image: `trephine annotate FOLDER --rater a`, and name the masks that"
            " it writes under its [images.NAME]"
        )
    if plan.data.image is None:
        raise InputError(
            f"{path.name} [data]: expected image, the path of a case's image, found none; name it,"
            " or annotate the folder of the images"
        )
    table, _ = read_study_table(plan)
    plan, frame = table.plan, table.frame
    data, columns = plan.data, plan.data.columns
    if data.manifest is not None:
        frame, _, listed, _ = with_listed(frame, data, np.ones(len(frame), np.bool_))
        if listed:
            raise StudyProblemsError(listed)
    pattern = data.image or ""
    images, problems = filled(pattern, "an image", frame, data)
    problems += absent(images, np.ones(len(images), np.bool_), pattern, "an image", frame, data)
    if problems:
        raise StudyProblemsError(problems)
    cases = list(frame[columns.case]) if columns.case in frame.columns else [
        f"row {number}" for number in frame.index
    ]  # fmt: skip
    sides: list[Side | None] = [None] * len(cases)
    if columns.side is not None and columns.side in frame.columns:
        sides = [side_of(str(cell)) for cell in frame[columns.side]]
    rows: dict[Path, list[HipRow]] = defaultdict(list)
    for image, case, side in zip(images, cases, sides, strict=True):
        rows[image].append(HipRow(str(case), side))
    masks = _study_masks(data, frame, images)
    items = [
        replace(
            _item(_place(image, pattern), image, tuple(hips), data.spacing_mm, _labels(data)),
            masks=masks.get(image, {}),
        )
        for image, hips in rows.items()
    ]
    folder = path.parent / ANNOTATIONS
    return Workplace(folder, _by_address(items), drawn_masks(pattern))


def _study_masks(
    data: DataSection, frame: pd.DataFrame, images: Sequence[Path]
) -> dict[Path, dict[str, Path]]:
    """Return the masks that the study file names and that are there, by image and rater."""
    found: dict[Path, dict[str, Path]] = defaultdict(dict)
    for rater, pattern in data.raters.items():
        paths, problems = filled(pattern, "a mask", frame, data)
        for image, path in zip(images, paths, strict=True):
            if not problems and path.is_file():
                found[image][rater] = path
    return found


def _item(
    place: str,
    path: Path,
    rows: tuple[HipRow, ...],
    spacing_mm: StatedSpacing = None,
    labels: Mapping[Side | None, int] = _DEFAULT_LABELS,
) -> WorkItem:
    return WorkItem(address_of_place(place), place, path, rows, spacing_mm, labels)


def _labels(data: DataSection) -> Mapping[Side | None, int]:
    """Return the labels that the study reads, as far as they are numbers."""
    stated = data.mask_label
    if isinstance(stated, int):
        return {"R": stated, "L": stated, None: stated}
    if isinstance(stated, dict) and all(isinstance(one, int) for one in stated.values()):
        right, left = stated.get("R"), stated.get("L")
        if isinstance(right, int) and isinstance(left, int):
            return {"R": right, "L": left, None: right}
    return _DEFAULT_LABELS


def _place(image: Path, pattern: str) -> str:
    """Return where the masks of an image lie: as it lies in the folder that its pattern names."""
    folder = fixed_folder(pattern).resolve()
    inside = image.relative_to(folder) if image.is_relative_to(folder) else Path(image.name)
    ending = image_suffix(pattern)
    text = inside.as_posix()
    return text[: -len(ending)] if ending and text.lower().endswith(ending) else text


def _of_folder(folder: Path) -> Workplace:
    items = []
    for path in sorted(folder.iterdir()):
        if is_stray(path) or path.name in (ANNOTATIONS, MASKS, "results"):
            continue
        items += _items_at(path, folder)
    return Workplace(folder / ANNOTATIONS, _by_address(items))


def _by_address(items: Sequence[WorkItem]) -> dict[str, WorkItem]:
    """Return images by address, each with one of its own: two readings in one would be mixed."""
    found = {one.address: one for one in items}
    if len(found) < len(items):
        raise InputError(
            "images: expected names that differ in more than their ending, and each image of a"
            " study in the folder that its file names (not behind a link to another one), found"
            f" {len(items) - len(found)} that would share a mask with another; rename or move them"
        )
    return found


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
    item = _item(place, path, (HipRow(case_of_place(place), None),))
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
