"""The images of a study to draw on, as its file and its table name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.choices import Side
from trephine.cohort.sides import side_of
from trephine.errors import InputError, StudyProblemsError
from trephine.imaging.suffixes import image_suffix
from trephine.paths import ANNOTATIONS, fixed_folder
from trephine.plan.data_section import DataSection
from trephine.plan.drawn_masks import drawn_masks
from trephine.plan.reading import read_plan_so_far
from trephine.study.annotating.items import (
    DEFAULT_LABELS,
    HipRow,
    Workplace,
    by_address,
    work_item,
)
from trephine.study.images.filling import absent, filled
from trephine.study.images.listed_files import with_listed
from trephine.study.table.tidying import read_study_table


def workplace_of_study(path: Path) -> Workplace:
    """Find the images of a study file.

    Raises
    ------
    StudyProblemsError
        If the study's table or images are not as its file says.
    InputError
        If it names no image, or several of each case.
    """
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
            work_item(_place(image, pattern), image, tuple(hips), data.spacing_mm, _labels(data)),
            masks=masks.get(image, {}),
        )
        for image, hips in rows.items()
    ]
    folder = path.parent / ANNOTATIONS
    return Workplace(folder, by_address(items), drawn_masks(pattern))


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


def _labels(data: DataSection) -> Mapping[Side | None, int]:
    """Return the labels that the study reads, as far as they are numbers."""
    stated = data.mask_label
    if isinstance(stated, int):
        return {"R": stated, "L": stated, None: stated}
    if isinstance(stated, dict) and all(isinstance(one, int) for one in stated.values()):
        right, left = stated.get("R"), stated.get("L")
        if isinstance(right, int) and isinstance(left, int):
            return {"R": right, "L": left, None: right}
    return DEFAULT_LABELS


def _place(image: Path, pattern: str) -> str:
    """Return where the masks of an image lie: as it lies in the folder that its pattern names."""
    folder = fixed_folder(pattern).resolve()
    inside = image.relative_to(folder) if image.is_relative_to(folder) else Path(image.name)
    ending = image_suffix(pattern)
    text = inside.as_posix()
    return text[: -len(ending)] if ending and text.lower().endswith(ending) else text
