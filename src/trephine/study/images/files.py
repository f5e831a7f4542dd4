"""Which image and which masks belong to each case, and whether they fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.cell_problems import nearest
from trephine.errors import ImageError, Problem, named_rows
from trephine.imaging import fit_mask, read_image, read_mask
from trephine.modelling.reliability import FEWEST_SUBJECTS
from trephine.paths import ANNOTATIONS, without_name
from trephine.plan.data_section import DataSection
from trephine.study.images.derived import derived_mask
from trephine.study.images.filling import FIELD, absent, filled, marked
from trephine.study.images.strays import strays_remark
from trephine.types import BoolArray, Image, Mask


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
    problems += marked(_whats(data), needed, frame, data)
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
        problems += absent(paths, wanted, pattern, whose, frame, data, _to_draw(data, rater))
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


def _to_draw(data: DataSection, rater: str) -> str:
    """Return what to do about masks that are missing where those lie that are drawn here."""
    drawn = data.raters[rater].rpartition(f"/{ANNOTATIONS}/{rater}/")[1]
    return f"Draw them: `trephine annotate study.toml --rater {rater}`" if drawn else ""


def _whats(data: DataSection) -> dict[str, str]:
    """Return the patterns by what they lead to, for messages."""
    return {
        "an image": data.image or "",
        **{f"rater {rater}'s mask": pattern for rater, pattern in data.raters.items()},
        **{f"rater {rater}'s second mask": pattern for rater, pattern in data.repeats.items()},
    }


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
    mask = fit_mask(image, read_mask(path, image=image), data.mask_geometry)
    return derived_mask(mask, data.derivation)


def without_names(error: ImageError, path: Path) -> str:
    """Return an error's text without the file's name, which may hold an identifier."""
    return without_name(str(error), path)


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
