"""Which files of a folder seem to be the images and the masks of a table's cases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.errors import TrephineError
from trephine.imaging import read_mask

_SUFFIXES = (".nii.gz", ".nii", ".dcm", ".nrrd", ".mha", ".png", ".tif", ".tiff")
_AGAIN = re.compile(r"^(?P<rater>.+?)[ _-]?(2|again|repeat|second|retest)$", re.IGNORECASE)
# A picture of more labels than this is no mask.
_MOST_LABELS = 32
# Patterns that cover less than this share of the best one's rows are strays.
_FEWEST = 0.05


@dataclass(frozen=True)
class FoundFiles:
    """Patterns with ``{column}`` fields, as a study file states them.

    Attributes
    ----------
    image
        Of the images; empty where there are none.
    raters, repeats
        Of the masks and of second readings, by rater.
    labels
        Labels that occur in one of the masks.
    rows_share_images
        Whether two rows of the table lead to one image.
    """

    image: str
    raters: Mapping[str, str]
    repeats: Mapping[str, str]
    labels: tuple[int, ...]
    rows_share_images: bool = False


def find_patterns(folder: Path, frame: pd.DataFrame, columns: list[str]) -> FoundFiles:
    """Find image and mask files whose path holds a cell of one of ``columns``.

    Parameters
    ----------
    folder
        Searched with all its folders.
    frame
        Text cells, a row a case.
    columns
        That may name files, the most likely first.
    """
    cells = [(column, set(frame[column])) for column in columns]
    files: dict[str, list[Path]] = defaultdict(list)
    for path in _image_files(folder):
        pattern = _pattern(path.relative_to(folder).as_posix(), cells)
        if pattern:
            files[pattern].append(path)
    most = max((len(paths) for paths in files.values()), default=0)
    images: dict[str, int] = {}
    masks: dict[str, tuple[int, ...]] = {}
    for pattern, paths in files.items():
        if len(paths) < _FEWEST * most:
            continue
        labels = _labels(paths[0])
        if labels is None:
            images[pattern] = len(paths)
        else:
            masks[pattern] = labels
    image = max(images, key=lambda pattern: images[pattern], default="")
    # The first rater's regions enter the models: the one who drew most goes first.
    complete = sorted(masks, key=lambda pattern: (-len(files[pattern]), pattern))
    raters, repeats = _by_rater(complete)
    shared = [column for column in columns if f"{{{column}}}" in image]
    share = bool(shared) and bool(frame.duplicated(shared).any())
    labels = next(iter(masks.values()), ())
    return FoundFiles(image, raters, repeats, labels, share)


def _image_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if any(part.startswith(".") or part == "results" for part in inside):
            continue
        if path.name.lower().endswith(_SUFFIXES) and path.is_file():
            yield path


def _pattern(path: str, cells: list[tuple[str, set[str]]]) -> str:
    """Put a column's field in place of the parts of a path that are one of its cells.

    The longest part wins, so that 001-L is a hip and not the patient 001.
    """
    parts = re.split(r"([/_.])", path)
    for joined in _joined(parts):
        for column, known in cells:
            if joined in known:
                bounded = rf"(?<![^/_.]){re.escape(joined)}(?![^/_.])"
                return re.sub(bounded, f"{{{column}}}", path)
    return ""


def _joined(parts: list[str]) -> list[str]:
    """Return every run of parts that stays inside one folder or file name, longest first."""
    runs = {
        "".join(parts[start:stop])
        for start in range(0, len(parts), 2)
        for stop in range(start + 1, len(parts) + 1, 2)
    }
    return sorted((run for run in runs if run and "/" not in run), key=len, reverse=True)


def _labels(path: Path) -> tuple[int, ...] | None:
    """Return the labels of a mask; None for an image."""
    try:
        labels = np.unique(read_mask(path).labels)
    except TrephineError:
        return None
    if labels.size > _MOST_LABELS:
        return None
    return tuple(int(label) for label in labels if label > 0)


def _by_rater(patterns: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Name each mask pattern by the part in which it differs from the others."""
    names = {_rater_name(pattern, patterns): pattern for pattern in patterns}
    raters, repeats = {}, {}
    for name, pattern in names.items():
        again = _AGAIN.match(name)
        if again and again["rater"] in names:
            repeats[again["rater"]] = pattern
        else:
            raters[name] = pattern
    return raters, repeats


def _rater_name(pattern: str, patterns: list[str]) -> str:
    own = re.split(r"[/_.]", re.sub(r"\{[^}]*\}", "", pattern))
    others = [set(re.split(r"[/_.]", other)) for other in patterns if other != pattern]
    differing = [part for part in own if part and not any(part in other for other in others)]
    return re.sub(r"\W", "_", differing[0]) if others and differing else "a"
