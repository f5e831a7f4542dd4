"""A study's images and masks opened: what does not fit, and what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trephine.errors import ImageError, Problem, RegionError
from trephine.executors import Progress, worker_count
from trephine.paths import without_name
from trephine.plan.data_section import DataSection
from trephine.radiomics.region import bounding_box
from trephine.study.images.files import CaseFiles, open_image, open_mask, without_names
from trephine.study.images.missing_labels import advice_on, not_drawn, other_label
from trephine.study.images.modality import other_kind
from trephine.study.images.overlaps import dice_of
from trephine.study.images.seen import SeenImage, SeenRegion, edges_touched, see_image, see_region
from trephine.study.images.unchanged import Remembered, key_of
from trephine.types import BoolArray, Image, Mask
from trephine.worker_guard import Lost, WorkerGuard

# Problems, and what was seen; nothing where the image cannot be used.
_Checked = tuple[list[Problem], SeenImage | None]

# Starting workers takes longer than opening fewer images than this.
FEWEST_TO_SHARE = 40


@dataclass(frozen=True)
class CheckedFiles:
    """What opening a study's images and masks showed.

    Attributes
    ----------
    problems
        Images and masks that cannot be used.
    seen
        The images that can be.
    files
        Without the masks of readers who drew the other side alone: these cases they did not read.
    unchanged, total
        Images that needed not be opened again, and all of them.
    """

    problems: tuple[Problem, ...]
    seen: tuple[SeenImage, ...]
    files: CaseFiles
    unchanged: int
    total: int


class _ReadingMasks(NamedTuple):
    """Masks of one reading by row; ``beside`` is the reading that it is compared with, or empty."""

    name: str
    masks: Sequence[Path | None]
    beside: str

    @property
    def is_whole(self) -> bool:
        """Whether it must hold every case."""
        return not self.beside


def check_files(
    files: CaseFiles,
    data: DataSection,
    needed: BoolArray,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> CheckedFiles:
    """Open every image once with all its masks; list what does not fit, and what was seen.

    Images that have not changed since an earlier check found nothing wrong are not opened again.

    Parameters
    ----------
    files
        Files that exist.
    data
        The plan's section.
    needed
        Rows to look at, shape (n,).
    workers, progress
        As ``executor``; progress is by image.
    """
    rows_of: dict[Path, list[int]] = defaultdict(list)
    for row in np.flatnonzero(needed).tolist():
        rows_of[files.images[row]].append(row)
    memory = Remembered(data.table)
    keys = {path: _key(path, rows, files, data) for path, rows in rows_of.items()}
    seen: dict[Path, SeenImage | None] = {}
    for path, rows in rows_of.items():
        known = memory.recall(keys[path], path, rows, _masks_of(files, rows))
        if known is not None:
            seen[path] = known
    unchanged, rest = len(seen), [item for item in rows_of.items() if item[0] not in seen]
    problems: list[Problem] = []
    for number, (some, found) in _checked(rest, files, data, workers, progress):
        path, rows = rest[number]
        problems += some
        seen[path] = found
        # A file that changed as it was opened has another key now.
        same = keys[path] and keys[path] == _key(path, rows, files, data)
        if found is not None and not some and same:
            memory.remember(keys[path], found)
    memory.save()
    in_order = tuple(found for path in rows_of if (found := seen[path]) is not None)
    drawn = _as_drawn(files, in_order, needed)
    return CheckedFiles(tuple(problems), in_order, drawn, unchanged, len(rows_of))


def _checked(
    rest: Sequence[tuple[Path, list[int]]],
    files: CaseFiles,
    data: DataSection,
    workers: int | None,
    progress: Progress | None,
) -> Iterator[tuple[int, _Checked]]:
    """Yield (number of the image, what opening it showed), past those that are lost."""
    count = worker_count(workers) if len(rest) >= FEWEST_TO_SHARE else 1
    shared = (files, data)
    with WorkerGuard[tuple[Path, list[int]], _Checked](
        _check_image, count, shared, data.timeout_s
    ) as guard:
        if progress is not None and rest:
            progress(0, len(rest))
        for done, (number, found) in enumerate(guard.map(rest), start=1):
            yield (
                number,
                _lost(rest[number][1], found, *shared) if isinstance(found, Lost) else found,
            )
            if progress is not None:
                progress(done, len(rest))


def _lost(rows: Sequence[int], lost: Lost, files: CaseFiles, data: DataSection) -> _Checked:
    """Return the problem of an image that ended its process or took too long."""
    expected, found = "files that can be read", "that reading them ended the process, twice"
    if lost.why == "timeout":
        expected = f"files that are read in {data.timeout_s:g} s ([data] timeout_s)"
        found = "that it took longer"
    numbers = [files.rows[row] for row in rows]
    return [Problem.of_cells(data.table.name, numbers, "", expected, found)], None


def _as_drawn(files: CaseFiles, seen: Sequence[SeenImage], needed: BoolArray) -> CaseFiles:
    """Return the files less the masks in which a reader left a case out."""
    there = {(region.row, region.reading) for image in seen for region in image.regions}
    kept = {
        reading.name: tuple(
            path if not needed[row] or (row, reading.name) in there else None
            for row, path in enumerate(reading.masks)
        )
        for reading in _readings(files)
        if not reading.is_whole
    }
    return replace(
        files,
        masks={n: kept.get(_of_rater(n), paths) for n, paths in files.masks.items()},
        repeats={n: kept[_again(n)] for n in files.repeats},
    )


def _of_rater(name: str) -> str:
    return f"rater {name}"


def _again(name: str) -> str:
    return f"rater {name}'s second reading"


def _readings(files: CaseFiles) -> list[_ReadingMasks]:
    first = next(iter(files.masks))
    return [
        *(
            _ReadingMasks(_of_rater(name), masks, "" if name == first else _of_rater(first))
            for name, masks in files.masks.items()
        ),
        *(_ReadingMasks(_again(n), masks, _of_rater(n)) for n, masks in files.repeats.items()),
    ]


def _key(path: Path, rows: Sequence[int], files: CaseFiles, data: DataSection) -> str:
    masks = [
        (paths[row], files.labels[row])
        for row in rows
        for paths in (*files.masks.values(), *files.repeats.values())
    ]
    readings = [list(files.masks), list(files.repeats), len(rows)]
    sided = data.columns.side is not None
    settings = [
        data.spacing_mm, data.mask_geometry, data.mask_label, data.modality, readings, sided
    ]  # fmt: skip
    if data.derivation is not None:
        settings.append(data.derivation.model_dump_json())
    return key_of(path, masks, settings)


def _masks_of(files: CaseFiles, rows: Sequence[int]) -> dict[tuple[int, str], Path]:
    return {
        (row, reading.name): path
        for reading in _readings(files)
        for row in rows
        if (path := reading.masks[row]) is not None
    }


def _check_image(files: CaseFiles, data: DataSection, item: tuple[Path, list[int]]) -> _Checked:
    path, rows = item
    numbers = [files.rows[row] for row in rows]
    try:
        image = open_image(path, data)
    except ImageError as error:
        found = f"image, {without_names(error, path)}"
        return [Problem.of_cells(data.table.name, numbers, "", "", found)], None
    if other := other_kind(image, data.modality):
        expected, found = f"an image of modality {data.modality}", f"one of {other}"
        return [Problem.of_cells(data.table.name, numbers, "", expected, found)], None
    problems: list[Problem] = []
    regions: list[SeenRegion] = []
    drawn: dict[tuple[str, int], BoolArray] = {}
    for reading in _readings(files):
        opened: dict[Path, Mask | ImageError] = {}
        for row in rows:
            mask_path = reading.masks[row]
            if mask_path is None:
                continue
            if mask_path not in opened:
                opened[mask_path] = _open_or_error(mask_path, image, data)
            found_mask = _CaseMask(reading, row, mask_path, opened[mask_path])
            region, some = _check_region((files, data), image, rows, found_mask, drawn)
            problems += some
            regions += region
    return problems, see_image(image, rows, regions, sided=data.columns.side is not None)


class _CaseMask(NamedTuple):
    """One case's mask in one reading, or why it cannot be read."""

    reading: _ReadingMasks
    row: int
    path: Path
    mask: Mask | ImageError


def _check_region(
    study: tuple[CaseFiles, DataSection],
    image: Image,
    rows: Sequence[int],
    drawing: _CaseMask,
    drawn: dict[tuple[str, int], BoolArray],
) -> tuple[list[SeenRegion], list[Problem]]:
    """Look at one region, and keep it in ``drawn``; neither region nor problem: not drawn."""
    files, data = study
    reading, row, path, mask = drawing
    label = files.labels[row]
    claimed = {files.labels[r] for r in rows if r != row and reading.masks[r] == path}
    try:
        if isinstance(mask, ImageError):
            raise mask
        if not reading.is_whole and not_drawn(mask, label, data.mask_label, claimed):
            return [], []
        region = mask.region(label)
        _check_extent(region)
    except ImageError as error:
        advice = ""
        # A file that cannot be used is one problem, whichever regions are sought in it.
        expected, found = "", f"{reading.name}, {without_names(error, path)}"
        if isinstance(mask, Mask):
            expected = f"a region with label {label} in the mask of {reading.name}"
            if isinstance(error, RegionError):
                found = without_name(error.found, path)  # what is expected is said already
            else:
                found = without_names(error, path)
            advice = advice_on(mask, label, data.mask_label, claimed)
        cells = (data.table.name, [files.rows[row]], "")
        return [], [Problem.of_cells(*cells, expected, found, advice)]
    other = other_label(label, mask, data.mask_label)
    seen = see_region(image, mask, label, other=other, row=row, reading=reading.name, path=path)
    drawn[reading.name, row] = region
    first = drawn.get((reading.beside, row))
    if first is not None:
        seen = replace(seen, beside=reading.beside, dice=dice_of(first, region))
    return [seen], []


def _open_or_error(path: Path, image: Image, data: DataSection) -> Mask | ImageError:
    try:
        return open_mask(path, image, data)
    except ImageError as error:
        return error


def _check_extent(region: BoolArray) -> None:
    """Refuse a point or a line (a click beside the label) and what surrounds a region.

    Raises
    ------
    ImageError
        If the region is wider than one pixel along fewer than two axes, or reaches all edges.
    """
    shape = region[bounding_box(region)].shape
    if sum(extent > 1 for extent in shape) < 2:
        raise RegionError("mask", "a region", f"{' x '.join(map(str, shape))} pixels")
    if edges_touched(region) == 2 * sum(size > 1 for size in region.shape):
        raise RegionError(
            "mask",
            "a region",
            "one that reaches every edge of the image; is it the"
            " background, drawn in black on white?",
        )
