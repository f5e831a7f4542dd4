"""A study's masks under pseudonyms: new names, and headers without texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from trephine.errors import ImageError, InputError, named_rows
from trephine.imaging.deidentify import PseudonymKey
from trephine.imaging.deidentify.masks import clean_mask, suffix_of
from trephine.imaging.deidentify.target import make_folder, write_whole
from trephine.study.pseudonyms.secrets import words

MASKS_NAME = "masks"

# What may stand in a mask's name beside an identifier; any other word may be a name.
_WORDS = words(
    """mask masks seg segmentation label labels roi rois region regions contour contours left right
    l r lt rt hip hips femur femoral head rater raters reader observer first second repeat repeats
    again session ap frog lateral pre post baseline followup manual auto corrected final one two
    a b c d"""
)
_WORD = re.compile(r"[^\W_]+")
# Stands for a file whose name may identify.
_NAME = "mask file"


@dataclass(frozen=True)
class MaskCounts:
    """What became of the masks.

    Attributes
    ----------
    written
        How many were.
    refused
        By reason, the numbers of those that were not, in the order of their paths.
    """

    written: int
    refused: Mapping[str, tuple[int, ...]]

    @property
    def n_refused(self) -> int:
        """How many were refused."""
        return sum(map(len, self.refused.values()))

    def sentences(self) -> list[str]:
        """Say why masks were refused, a line for each reason."""
        return [
            f"{reason} ({named_rows(numbers).replace('row', 'file', 1)})"
            for reason, numbers in self.refused.items()
        ]


def write_masks(
    source: Path,
    target: Path,
    names: Mapping[str, str],
    key: PseudonymKey,
    words_kept: Collection[str] = (),
) -> MaskCounts:
    """Copy masks under names whose identifiers are pseudonyms, their headers without texts.

    Parameters
    ----------
    source
        Folder of masks, with subfolders for raters; never written to.
    target
        The output folder; masks go to ``masks`` in it.
    names
        Pseudonym of each identifier.
    key
        For masks in DICOM.
    words_kept
        Words in names of masks that name no patient, such as a rater's.
    """
    if not source.is_dir():
        raise InputError("masks: expected an existing folder, found none")
    inside, outside = source.resolve(), target.resolve()
    if inside == outside or inside in outside.parents or outside in inside.parents:
        raise InputError("masks: expected a folder apart from the output, found one in the other")
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    kept = _WORDS | {word.lower() for one in words_kept for word in _WORD.findall(one)}
    refused: dict[str, tuple[int, ...]] = {}
    written = 0
    for number, path in enumerate(paths, start=1):
        try:
            relative = _renamed(path.relative_to(source), names, kept)
            place = target / MASKS_NAME / relative
            content = clean_mask(path, key, _NAME)
            if place.exists():
                raise ImageError(f"{_NAME}: another mask has the same new name")
        except ImageError as refusal:
            reason = str(refusal)
            refused[reason] = (*refused.get(reason, ()), number)
            continue
        make_folder(place.parent)
        write_whole(place, content)
        written += 1
    return MaskCounts(written, refused)


def _renamed(path: Path, names: Mapping[str, str], kept: Collection[str]) -> Path:
    """Return a path with pseudonyms for identifiers; refuse one with words that are not kept."""
    suffix = suffix_of(path)
    stem = path.as_posix()[: len(path.as_posix()) - len(suffix)] if suffix else path.as_posix()
    known = sorted(names, key=len, reverse=True)
    pattern = "|".join(re.escape(secret) for secret in known)
    bounded = rf"(?<![A-Za-z0-9])(?:{pattern})(?=[LRlr]?(?![A-Za-z0-9]))"
    parts = re.split(f"({bounded})", stem) if known else [stem]
    if len(parts) == 1:
        raise ImageError(
            f"{_NAME}: expected an identifier of the table in its name, found none; name the column"
            " it is in with --column"
        )
    for rest in parts[::2]:
        for word in _WORD.findall(rest):
            if word.lower() not in kept and not re.fullmatch(r"\d{1,2}|[a-zA-Z]\d", word):
                raise ImageError(
                    f"{_NAME}: expected words such as mask or left beside the identifier, found"
                    " others, which may be a patient's name; rename it, or give a rater's name with"
                    " --mask-word"
                )
    new = "".join(names[part] if place % 2 else part for place, part in enumerate(parts))
    return Path(new + suffix)
