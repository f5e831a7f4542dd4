"""Files of a folder in groups: those that one pattern fills, or that one table of paths lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.errors import TrephineError
from trephine.imaging import read_mask
from trephine.study.draft.export import Export
from trephine.study.draft.folder_scan import Scan
from trephine.study.draft.image_names import image_words
from trephine.study.draft.listing import (
    Cells,
    Listing,
    LooseGroup,
    Named,
    loosely_named,
    name_export,
)
from trephine.study.draft.visits import dated_groups

# A picture of more labels than this is no mask.
_MOST_LABELS = 32
# Patterns that cover less than this share of the best one's rows are strays.
_FEWEST = 0.05


@dataclass(frozen=True)
class FileGroups:
    """Files by pattern.

    Attributes
    ----------
    paths
        Files, by pattern or, where none fits, by a path that stands for them.
    loose
        The groups that no pattern fills, by that path: their files must be listed.
    masks
        Labels that occur in one of a group's files, of the groups that are masks.
    """

    paths: Mapping[str, Sequence[Path]]
    loose: Mapping[str, LooseGroup]
    masks: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(
        cls, scan: Scan, export: Export, frame: pd.DataFrame, columns: list[str], cells: Cells
    ) -> FileGroups:
        """Group what lies in a folder, DICOM images aside."""
        files = _by_pattern([*scan.plain, *export.masks], scan.folder, cells)
        loose = loosely_named(files.pop("", []), scan.folder, frame, columns)
        loose |= dated_groups(files, scan.folder, cells)
        groups = {**files, **{template: list(group.cells) for template, group in loose.items()}}
        most = max(map(len, groups.values()), default=0)
        groups = {p: paths for p, paths in groups.items() if len(paths) >= _FEWEST * most}
        return cls(groups, loose, _labels_of_masks(groups, set(export.masks)))

    def with_exported(
        self, export: Export, dicom: Named, scan: Scan, frame: pd.DataFrame, cells: Cells
    ) -> FileGroups:
        """Return the groups with those of a DICOM export: of its images, and of what it has beside.

        Of what is beside only what most of the cases have.
        """
        paths, loose = dict(self.paths), dict(self.loose)
        kinds: dict[str, tuple[dict[Path, str], Named]] = {}
        for kind, images in export.beside.items():
            own = replace(export, images=images, aside=(), sides={})
            named = name_export(own, scan.folder, frame, cells)
            if named.count > dicom.count / 2:
                kinds[kind] = (images, named)
        # The images themselves go first; what only headers tell is listed under its word.
        kinds = {export.kind if kinds else "": (export.images, dicom), **kinds}
        patterns = {kind: named.pattern for kind, (_, named) in kinds.items() if named.pattern}
        for kind, (images, named) in kinds.items():
            by_path = _by_pattern(images, scan.folder, cells)
            by_path.pop("", None)
            if named.pattern and (not kind or image_words(named.pattern, patterns.values()).known):
                paths[named.pattern] = list(images)
            elif (
                not kind
                and len(by_path) > 1
                and all(_one_each(own, scan, cells) for own in by_path.values())
            ):
                paths |= by_path
            elif named.count and len(set(named.cells.values())) == named.count:
                template = f"{kind or 'image'}/{{{named.column}}}"
                loose[template] = LooseGroup(named.column, named.cells, "")
                paths[template] = list(named.cells)
        return replace(self, paths=paths, loose=loose)

    @property
    def images(self) -> dict[str, int]:
        """How many files each group of images has."""
        return {p: len(paths) for p, paths in self.paths.items() if p not in self.masks}

    @property
    def drawn(self) -> list[str]:
        """The groups of masks. The first rater's enter the models: who drew most goes first."""
        return sorted(self.masks, key=lambda pattern: (-len(self.paths[pattern]), pattern))

    @property
    def said(self) -> list[str]:
        """What was assumed of the groups that are listed."""
        return [group.said for group in self.loose.values() if group.said]

    def pattern(self, group: str, name: str, listing: Listing) -> str:
        """Return the pattern of a group; one that must be listed becomes a column of ``name``."""
        if group not in self.loose:
            return group
        return listing.add(name, self.loose[group].column, self.loose[group].cells)


def _by_pattern(paths: Iterable[Path], folder: Path, cells: Cells) -> dict[str, list[Path]]:
    """Return files by their pattern, and those without one under the empty text."""
    files: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        files[cells.pattern(path.relative_to(folder).as_posix())].append(path)
    return files


def _one_each(paths: Sequence[Path], scan: Scan, cells: Cells) -> bool:
    """Say whether each cell names one of some files, of more than one cell."""
    named = [cells.named(path.relative_to(scan.folder).as_posix()) for path in paths]
    return len(set(named)) == len(named) > 1


def _labels_of_masks(
    groups: Mapping[str, Sequence[Path]], segmented: set[Path]
) -> dict[str, tuple[int, ...]]:
    """Return the labels of the patterns that name masks; the first file says whether one does."""
    labels = {
        pattern: _labels(paths[0]) or ((1,) if paths[0] in segmented else None)
        for pattern, paths in groups.items()
    }
    return {pattern: found for pattern, found in labels.items() if found is not None}


def _labels(path: Path) -> tuple[int, ...] | None:
    """Return the labels of a mask; None for an image."""
    try:
        labels = np.unique(read_mask(path).labels)
    except TrephineError:
        return None
    if labels.size > _MOST_LABELS:
        return None
    return tuple(int(label) for label in labels if label > 0)
