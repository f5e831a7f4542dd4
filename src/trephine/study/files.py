"""Which image and which masks belong to each case, and whether they fit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.cell_problems import nearest
from trephine.errors import ImageError, Problem, named_rows
from trephine.executors import Progress, executor
from trephine.imaging import fit_mask, read_image, read_mask
from trephine.modelling.reliability import FEWEST_SUBJECTS
from trephine.plan.sections import DataSection
from trephine.radiomics.region import bounding_box
from trephine.study.filling import FIELD, absent, filled
from trephine.study.seen import SeenImage, SeenRegion, edges_touched, see_image, see_region
from trephine.study.strays import strays_remark
from trephine.study.unchanged import Remembered, key_of
from trephine.types import BoolArray, Image, Mask

# Starting workers takes longer than opening fewer images than this.
FEWEST_TO_SHARE = 40

# What a problem says already when it repeats an error about a mask.
_REPEATED = re.compile(r"^mask: expected (?:label [^,]+|a region), found ")


@dataclass(frozen=True)
class CaseFiles:
    """Files of n cases.

    Attributes
    ----------
    rows
        Row of each case in the table, as a spreadsheet counts.
    images
        Path of each case's image; cases of one radiograph share it.
    masks
        By rater, the path of each case's mask; None where a rater other than the first drew none.
    repeats
        By rater, the path of each case's second mask; None where it was read once.
    labels
        Label of each case's region in its masks, or the name of its segment.
    """

    rows: tuple[int, ...]
    images: tuple[Path, ...]
    masks: Mapping[str, tuple[Path | None, ...]]
    repeats: Mapping[str, tuple[Path | None, ...]]
    labels: tuple[int | str, ...]

    def paths(self) -> list[Path]:
        """Return every image and mask once."""
        every = (self.images, *self.masks.values(), *self.repeats.values())
        return list(dict.fromkeys(path for paths in every for path in paths if path is not None))

    def take(self, rows: Sequence[int]) -> CaseFiles:
        """Return the files of the cases at ``rows``."""
        return CaseFiles(
            tuple(self.rows[row] for row in rows),
            tuple(self.images[row] for row in rows),
            {rater: tuple(paths[row] for row in rows) for rater, paths in self.masks.items()},
            {rater: tuple(paths[row] for row in rows) for rater, paths in self.repeats.items()},
            tuple(self.labels[row] for row in rows),
        )


@dataclass(frozen=True)
class CheckedFiles:
    """What opening a study's images and masks showed.

    Attributes
    ----------
    problems
        Images and masks that cannot be used.
    seen
        The images that can be.
    unchanged, total
        Images that needed not be opened again, and all of them.
    """

    problems: tuple[Problem, ...]
    seen: tuple[SeenImage, ...]
    unchanged: int
    total: int


def find_files(
    frame: pd.DataFrame, data: DataSection, sides: Sequence[str | None], needed: BoolArray
) -> tuple[CaseFiles | None, list[Problem]]:
    """Fill the plan's path patterns from the table and look whether the files are there.

    Rows that are not ``needed``, shape (n,), may lack theirs.
    """
    patterns = [data.image or "", *data.raters.values(), *data.repeats.values()]
    problems = _unknown_fields(patterns, frame, data.table.name)
    if problems:
        return None, problems
    labels, problems = _labels(data, sides)
    rows = tuple(frame.index)
    images, more = filled(data.image or "", "an image", frame, data)
    problems += more
    problems += absent(images, needed, data.image or "", "an image", frame, data)
    masks: dict[str, tuple[Path | None, ...]] = {}
    for rater, pattern in data.raters.items():
        whose = f"rater {rater}'s mask"
        paths, more = filled(pattern, whose, frame, data)
        problems += more
        wanted = needed
        if masks:  # only the first rater must have drawn every case
            there = np.array([path == Path(pattern) or _lies_there(path) for path in paths])
            wanted = needed & there
            masks[rater] = tuple(p if here else None for p, here in zip(paths, there, strict=True))
        else:
            masks[rater] = paths
        problems += absent(paths, wanted, pattern, whose, frame, data)
    problems += few_drawn(masks, needed)
    repeats: dict[str, tuple[Path | None, ...]] = {}
    for rater, pattern in data.repeats.items():
        second, more = filled(pattern, f"rater {rater}'s second mask", frame, data)
        problems += more
        repeats[rater] = tuple(path if path.exists() else None for path in second)
    problems += [
        Problem(f"[data] repeats.{rater}", "at least one mask", "none")
        for rater, again in repeats.items()
        if not any(again)
    ]
    return CaseFiles(rows, images, masks, repeats, labels), problems


def unclaimed(
    files: CaseFiles, frame: pd.DataFrame, data: DataSection, listed: Sequence[str]
) -> list[str]:
    """Report files of the patterns that belong to no row; ``listed`` columns hold whole paths."""
    patterns: dict[str, tuple[str, Sequence[Path | None]]] = {
        "images": (data.image or "", files.images)
    }
    for rater, pattern in data.raters.items():
        patterns[f"masks of rater {rater}"] = (pattern, files.masks[rater])
    for rater, pattern in data.repeats.items():
        patterns[f"second masks of rater {rater}"] = (pattern, files.repeats[rater])
    return strays_remark(patterns, frame, data, listed)


def few_drawn(masks: Mapping[str, Sequence[Path | None]], needed: BoolArray) -> list[Problem]:
    """Return the raters who drew too few of the ``needed`` cases, shape (n,), to compare."""
    problems = []
    for rater, paths in masks.items():
        n = sum(path is not None for path, need in zip(paths, needed, strict=True) if need)
        if n < FEWEST_SUBJECTS and n < needed.sum():
            problems.append(
                Problem(
                    f"study.toml [data.raters] {rater}",
                    f"this rater's masks of {FEWEST_SUBJECTS} cases at least, for the agreement",
                    f"{n} of {int(needed.sum())}",
                    "Correct the path, or take the rater out",
                )
            )
    return problems


def drawn_by_some(files: CaseFiles) -> Iterator[str]:
    """Report the raters who drew some of the cases only, and too few second readings."""
    n = len(files.images)
    for rater, paths in files.masks.items():
        absent = [row for row, path in zip(files.rows, paths, strict=True) if path is None]
        count = n - len(absent)
        if absent:
            # A few that lack are rather forgotten, or misspelt, than left out by design.
            which = f" (not {named_rows(sorted(absent))})" if 2 * count > n else ""
            yield (
                f"Rater {rater} drew {count} of {n} cases{which}: agreement with this rater"
                " (ICC, Dice) is that of these."
            )
    for rater, paths in files.repeats.items():
        count = sum(path is not None for path in paths)
        if count < FEWEST_SUBJECTS:
            yield (
                f"Rater {rater} read {count} cases twice, fewer than {FEWEST_SUBJECTS}: Dice is"
                " reported, an ICC is not."
            )


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
    count = workers if len(rest) >= FEWEST_TO_SHARE else 1
    with executor(count, _start, (files, data)) as run:
        answers = run.map(_check_image, rest, progress)
        for (path, rows), (some, found) in zip(rest, answers, strict=True):
            problems += some
            seen[path] = found
            # A file that changed as it was opened has another key now.
            same = keys[path] and keys[path] == _key(path, rows, files, data)
            if found is not None and not some and same:
                memory.remember(keys[path], found)
    memory.save()
    in_order = [found for path in rows_of if (found := seen[path]) is not None]
    return CheckedFiles(tuple(problems), tuple(in_order), unchanged, len(rows_of))


def _key(path: Path, rows: Sequence[int], files: CaseFiles, data: DataSection) -> str:
    masks = [
        (paths[row], files.labels[row])
        for row in rows
        for paths in (*files.masks.values(), *files.repeats.values())
    ]
    readings = [list(files.masks), list(files.repeats), len(rows)]
    return key_of(path, masks, [data.spacing_mm, data.mask_geometry, data.mask_label, readings])


def _masks_of(files: CaseFiles, rows: Sequence[int]) -> dict[tuple[int, str], Path]:
    return {
        (row, reading): path
        for reading, masks in _readings(files)
        for row in rows
        if (path := masks[row]) is not None
    }


def _readings(files: CaseFiles) -> list[tuple[str, Sequence[Path | None]]]:
    return [
        *((f"rater {name}", masks) for name, masks in files.masks.items()),
        *((f"rater {name}'s second reading", masks) for name, masks in files.repeats.items()),
    ]


def open_image(path: Path, data: DataSection) -> Image:
    """Read a case's image with the plan's spacing.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    return read_image(path, spacing_mm=data.spacing_mm)


def open_mask(path: Path, image: Image, data: DataSection) -> Mask:
    """Read a mask on an image's grid; another geometry is repaired only where the plan says so.

    Raises
    ------
    ImageError
        If it cannot be read or does not fit.
    """
    return fit_mask(image, read_mask(path, image=image), data.mask_geometry)


# What a worker needs for every image, set once in each process by _start.
_shared: tuple[CaseFiles, DataSection]


def _start(files: CaseFiles, data: DataSection) -> None:
    global _shared
    _shared = (files, data)


def _check_image(item: tuple[Path, list[int]]) -> tuple[list[Problem], SeenImage | None]:
    path, rows = item
    files, data = _shared
    numbers = [files.rows[row] for row in rows]
    try:
        image = open_image(path, data)
    except ImageError as error:
        expected = "an image that can be read"
        found = without_names(error, path)
        return [Problem.of_cells(data.table.name, numbers, "", expected, found)], None
    problems: list[Problem] = []
    regions: list[SeenRegion] = []
    for reading, masks in _readings(files):
        opened: dict[Path, Mask | ImageError] = {}
        for row in rows:
            mask_path = masks[row]
            if mask_path is None:
                continue
            if mask_path not in opened:
                opened[mask_path] = _open_or_error(mask_path, image, data)
            mask = opened[mask_path]
            try:
                if isinstance(mask, ImageError):
                    raise mask
                label = files.labels[row]
                _check_extent(mask.region(label))
                other = _other_label(label, mask, data)
                regions.append(
                    see_region(
                        image, mask, label, other=other, row=row, reading=reading, path=mask_path
                    )
                )
            except ImageError as error:
                problems.append(_mask_problem(files, data, row, reading, mask, error, mask_path))
    return problems, see_image(image, rows, regions)


def _open_or_error(path: Path, image: Image, data: DataSection) -> Mask | ImageError:
    try:
        return open_mask(path, image, data)
    except ImageError as error:
        return error


def _other_label(label: int | str, mask: Mask, data: DataSection) -> int | str | None:
    """Return the label of the other side where masks are labelled by side and it can be had."""
    if not isinstance(data.mask_label, dict):
        return None
    others = [value for value in data.mask_label.values() if value != label]
    if len(others) != 1 or (isinstance(others[0], str) and others[0] not in mask.names):
        return None
    return others[0]


def _mask_problem(
    files: CaseFiles,
    data: DataSection,
    row: int,
    reading: str,
    mask: Mask | ImageError,
    error: ImageError,
    path: Path,
) -> Problem:
    """Return a mask's problem; those of one kind and reading can be grouped by their rows."""
    label = files.labels[row]
    advice = ""
    # A file that cannot be used is one problem, whichever regions are sought in it.
    expected = f"a mask of {reading} that can be read and lies on its image"
    if isinstance(mask, Mask):
        expected = f"a region with label {label} in the mask of {reading}"
        other = _other_label(label, mask, data)
        if other is not None and not _holds(mask, label) and _holds(mask, other):
            advice = "The other side's label is there: are the sides, or the labels, swapped?"
    return Problem.of_cells(
        data.table.name,
        [files.rows[row]],
        "",
        expected,
        _REPEATED.sub("", without_names(error, path)),
        advice,
    )


def _holds(mask: Mask, label: int | str) -> bool:
    try:
        return bool(mask.region(label).any())
    except ImageError:
        return False


def _check_extent(region: BoolArray) -> None:
    """Refuse a point or a line (a click beside the label) and what surrounds a region.

    Raises
    ------
    ImageError
        If the region is wider than one pixel along fewer than two axes, or reaches all edges.
    """
    shape = region[bounding_box(region)].shape
    if sum(extent > 1 for extent in shape) < 2:
        raise ImageError(f"mask: expected a region, found {' x '.join(map(str, shape))} pixels")
    if edges_touched(region) == 2 * sum(size > 1 for size in region.shape):
        raise ImageError(
            "mask: expected a region, found one that reaches every edge of the image; is it the"
            " background, drawn in black on white?"
        )


def without_names(error: ImageError, path: Path) -> str:
    """Return an error's text without the file's name, which may hold an identifier."""
    return str(error).replace(str(path), "the file").replace(path.name, "the file")


def _unknown_fields(patterns: Sequence[str], frame: pd.DataFrame, name: str) -> list[Problem]:
    return [
        Problem(
            "study.toml [data]",
            f"fields from the columns of {name}",
            f"{{{field}}}",
            f"Did you mean {{{near}}}?" if (near := nearest(field, list(frame.columns))) else "",
        )
        for pattern in patterns
        for field in FIELD.findall(pattern)
        if field not in frame.columns
    ]


def _labels(
    data: DataSection, sides: Sequence[str | None]
) -> tuple[tuple[int | str, ...], list[Problem]]:
    if not isinstance(data.mask_label, dict):
        return (data.mask_label,) * len(sides), []
    missing = sorted({side for side in sides if side and side not in data.mask_label})
    problems = [
        Problem("study.toml [data.mask_label]", f"a label for side {side}", "none")
        for side in missing
    ]
    return tuple(data.mask_label.get(side or "", 0) for side in sides), problems


def _lies_there(path: Path) -> bool:
    """Say whether there is anything at a path, also what cannot be used or followed."""
    try:
        return path.exists() or path.is_symlink()
    except OSError:
        return False
