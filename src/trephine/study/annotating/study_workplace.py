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
from trephine.imaging import is_image_path
from trephine.imaging.suffixes import image_suffix
from trephine.paths import ANNOTATIONS, JOINT, fixed_folder
from trephine.plan import StudyPlan
from trephine.plan.data_section import DataSection
from trephine.plan.drawn_masks import drawn_masks
from trephine.plan.images_section import ImageSection
from trephine.plan.reading import read_plan_so_far
from trephine.study.annotating.items import (
    DEFAULT_LABELS,
    DRAWABLE,
    HipRow,
    WorkItem,
    Workplace,
    by_address,
    work_item,
)
from trephine.study.image_plans import image_of, image_plans
from trephine.study.images.filling import absent, filled
from trephine.study.images.listed_files import with_listed
from trephine.study.table.tidying import read_study_table


def workplace_of_study(path: Path) -> Workplace:
    """Find the images of a study file; where a case has several, each of them.

    An image whose regions were drawn on another one is not drawn on.

    Raises
    ------
    StudyProblemsError
        If the study's table or images are not as its file says.
    InputError
        If it names no image.
    """
    plan, _ = read_plan_so_far(path)
    if not plan.images and plan.data.image is None:
        raise InputError(
            f"{path.name} [data]: expected image, the path of a case's image, found none; name it,"
            " or annotate the folder of the images"
        )
    items: dict[Path, WorkItem] = {}
    patterns: dict[str, str] = {}
    for key, alone in image_plans(plan).items():
        name = image_of(key)
        section = plan.images.get(name)
        # Regions of one image have one picture.
        if name in patterns or (section is not None and section.drawn_on is not None):
            continue
        regions = {} if section is None else _regions(section)
        drawable = section is None or not section.regions or bool(regions)
        region = JOINT if regions else "{region}"
        pattern = drawn_masks(alone.data.image or "", region=region, name=name)
        patterns[name] = pattern if drawable else ""
        needed = section is None or section.missing == "stop"
        for item in _items(alone, name, needed):
            items.setdefault(item.path, replace(item, regions=regions))
    shown = {name: pattern for name, pattern in patterns.items() if pattern}
    return Workplace(path.parent / ANNOTATIONS, by_address(list(items.values())), shown)


def _items(plan: StudyPlan, name: str, needed: bool) -> list[WorkItem]:
    """Return the images of one plan; where a case may lack its own, those that are there."""
    table, _ = read_study_table(plan)
    frame, data = table.frame, table.plan.data
    columns = data.columns
    if data.manifest is not None:
        frame, _, listed, _ = with_listed(frame, data, np.ones(len(frame), np.bool_))
        if listed:
            raise StudyProblemsError(listed)
    pattern = data.image or ""
    images, problems = filled(pattern, "an image", frame, data)
    if needed:
        every = np.ones(len(images), np.bool_)
        problems += absent(images, every, pattern, "an image", frame, data)
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
        if needed or is_image_path(image):
            rows[image].append(HipRow(str(case), side))
    masks = _study_masks(data, frame, images)
    within = f"{name}/" if name else ""
    return [
        replace(
            work_item(
                f"{within}{_place(image, pattern)}",
                image,
                tuple(hips),
                data.spacing_mm,
                _labels(data),
            ),
            masks=masks.get(image, {}),
        )
        for image, hips in rows.items()
    ]


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


def _regions(section: ImageSection) -> dict[str, Mapping[Side | None, int]]:
    """Return the labels of the regions of an image, if the page can draw each of them."""
    found: dict[str, Mapping[Side | None, int]] = {}
    for name, label in section.regions.items():
        own = _by_side(label)
        if name not in DRAWABLE or own is None:
            return {}
        found[name] = own
    return found


def _labels(data: DataSection) -> Mapping[Side | None, int]:
    """Return the labels that the study reads, as far as they are numbers."""
    return _by_side(data.mask_label) or DEFAULT_LABELS


def _by_side(label: object) -> Mapping[Side | None, int] | None:
    """Return a region's label by side, of one that is a number or one for each side; else None."""
    if isinstance(label, int):
        return {"R": label, "L": label, None: label}
    if isinstance(label, dict):
        right, left = label.get("R"), label.get("L")
        if isinstance(right, int) and isinstance(left, int):
            return {"R": right, "L": left, None: right}
    return None


def _place(image: Path, pattern: str) -> str:
    """Return where the masks of an image lie: as it lies in the folder that its pattern names."""
    folder = fixed_folder(pattern).resolve()
    inside = image.relative_to(folder) if image.is_relative_to(folder) else Path(image.name)
    ending = image_suffix(pattern)
    text = inside.as_posix()
    return text[: -len(ending)] if ending and text.lower().endswith(ending) else text
