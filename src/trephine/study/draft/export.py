"""An archive's export sorted by its headers: one image per patient, what is none left aside."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from trephine.choices import Side
from trephine.errors import ImageError
from trephine.imaging.dicom import read_dicom_dataset
from trephine.imaging.dicom_head import DicomHead
from trephine.study.draft.folder_scan import Scan
from trephine.study.draft.sequences import by_weighting

# What may be an image of a case beside its first one.
Beside = Literal["lateral view", "radiograph", "series of slices"]
_MIXED = "slice in folders of several series"


@dataclass(frozen=True)
class Export:
    """The DICOM files of a folder, sorted.

    Attributes
    ----------
    images
        Files of radiographs, or folders of slices, to their Patient ID.
    aside
        Paths that are no image of the study, folders of such slices included.
    sides
        Of the images whose headers state one side.
    beside
        Other images of the same patients, left aside where a case has one: lateral views by the
        word "lateral", and radiographs beside series of slices, or such series beside radiographs,
        by their modality, or several MR series of a patient by their sequence.
    masks
        DICOM SEG files.
    read
        How many files there are of how many patients; no identifiers.
    kind
        The word for ``images`` beside others: "film", a modality, or a sequence of MR.
    counts, unread
        What is aside: how many of each kind, and files that are no images, in words.
    """

    images: dict[Path, str] = field(default_factory=dict)
    aside: tuple[Path, ...] = ()
    masks: tuple[Path, ...] = ()
    read: str = ""
    sides: dict[Path, Side] = field(default_factory=dict)
    beside: dict[str, dict[Path, str]] = field(default_factory=dict)
    kind: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def said(self, used: Collection[Beside] = ()) -> list[str]:
        """Return what was found and left aside, a line each; ``used`` are images of a case too."""
        if not self.read:
            return []
        aside = {what: count for what, count in self.counts.items() if what not in used}
        parts = [f"{count} {_plural(what, count)}" for what, count in aside.items()]
        parts += self.unread
        listed = " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
        lines = [f"{self.read}; {listed} left aside" if listed else self.read]
        if _MIXED in self.counts:
            lines.append(
                "Folders that hold the slices of several series cannot be read: give each series"
                " its own folder"
            )
        return lines


def sort_export(scan: Scan) -> Export:
    """Sort the DICOM files of a folder by what their headers say.

    Laterals, localizers, objects without an image and duplicates (one SOP Instance UID, or one
    patient's radiographs of the same pixels) are left aside.
    """
    if not scan.heads:
        return Export()
    aside: dict[str, list[Path]] = defaultdict(list)
    kept: list[DicomHead] = []
    masks = tuple(head.path for head in scan.heads if head.content == "mask")
    for head in scan.heads:
        if head.content == "mask":
            continue
        if head.content in ("image", "slice"):
            kept.append(head)
        else:
            aside[_ASIDE[head.content]].append(head.path)
    kept, doubled = _without_duplicates(kept)
    aside["duplicate"] += doubled
    folders, mixed = _series_folders([head for head in kept if head.content == "slice"])
    aside[_MIXED] += mixed
    pictures = {head.path: head.patient_id for head in kept if head.content == "image"}
    sequences = by_weighting(folders, kept)
    kind, images = _main(pictures, folders, sequences)
    for what, others in (("radiograph", pictures), ("series of slices", folders)):
        aside[what] += [path for path in others if path not in images]
    left = [path for paths in aside.values() for path in paths]
    # A folder of such slices is no image either.
    left += {path.parent for path in left if path.parent not in images}
    sides: dict[Path, Side] = {
        head.path: "R" if head.laterality == "R" else "L" for head in kept if head.laterality
    }
    beside = {"lateral": {h.path: h.patient_id for h in scan.heads if h.content == "lateral"}}
    named = {path: word for word, group in sequences.items() for path in group}
    for path, patient in {**pictures, **folders}.items():
        if path not in images and (path not in folders or not sequences or path in named):
            beside.setdefault(named.get(path) or _kind(path, scan), {})[path] = patient
    counts = {what: len(paths) for what, paths in aside.items() if paths}
    series = folders if images is not pictures else {}
    return Export(
        images, tuple(left), masks, _read(scan, len(series), sequences), sides, beside,
        kind or _kind(next(iter(images)), scan) if images else "", counts,
        _unread(scan),
    )  # fmt: skip


def _read(scan: Scan, series: int, sequences: dict[str, dict[Path, str]]) -> str:
    """Say how many files of how many patients there are."""
    patients = len({head.patient_id for head in scan.heads})
    return (
        f"{len(scan.heads)} DICOM file{'' if len(scan.heads) == 1 else 's'} of"
        f" {patients} patient{'' if patients == 1 else 's'}"
        + (f": {series} series" if series else "")
        + _sequences(sequences)
    )


def _main(
    pictures: dict[Path, str], folders: dict[Path, str], sequences: dict[str, dict[Path, str]]
) -> tuple[str, dict[Path, str]]:
    """Return the images of most patients, with the word for them where they are one sequence."""
    if not sequences:
        return "", pictures if len(pictures) >= len(folders) else folders
    word, group = next(iter(sequences.items()))
    return ("", pictures) if len(pictures) >= len(group) else (word, group)


def _sequences(sequences: dict[str, dict[Path, str]]) -> str:
    if not sequences:
        return ""
    counts = ", ".join(f"{len(group)} {word}" for word, group in sequences.items())
    return f", MR by Series Description ({counts})"


def _kind(path: Path, scan: Scan) -> str:
    """Return the modality of an image: of a file, or of a folder of slices."""
    own = next(head for head in scan.heads if path in (head.path, head.path.parent))
    return own.modality if own.content == "slice" else "film"


_ASIDE = {
    "lateral": "lateral view",
    "localizer": "localizer",
    "other": "file without an image (report, key object)",
}


def _unread(scan: Scan) -> tuple[str, ...]:
    parts = []
    if scan.damaged:
        parts.append(f"{scan.damaged} damaged {_plural('file', scan.damaged)}")
    if scan.dicomdirs:
        parts.append("a DICOMDIR" if scan.dicomdirs == 1 else f"{scan.dicomdirs} DICOMDIR files")
    return tuple(parts)


# What is left aside, where its plural is not made by an s.
_PLURAL = {
    "series of slices": "series of slices",
    _MIXED: "slices in folders of several series",
    "file without an image (report, key object)": "files without an image (report, key object)",
}


def _plural(what: str, count: int) -> str:
    return what if count == 1 else _PLURAL.get(what, f"{what}s")


def _without_duplicates(heads: Sequence[DicomHead]) -> tuple[list[DicomHead], list[Path]]:
    kept: list[DicomHead] = []
    doubled: list[Path] = []
    known: set[str] = set()
    for head in heads:
        if head.instance and head.instance in known:
            doubled.append(head.path)
        else:
            known.add(head.instance)
            kept.append(head)
    # Pixels are read only where a patient has several radiographs of one size.
    alike = Counter((h.patient_id, h.shape) for h in kept if h.content == "image")
    seen: set[tuple[str, str]] = set()
    single = []
    for head in kept:
        if head.content == "image" and alike[head.patient_id, head.shape] > 1:
            key = (head.patient_id, _pixel_digest(head.path))
            if key in seen:
                doubled.append(head.path)
                continue
            seen.add(key)
        single.append(head)
    return single, doubled


def _pixel_digest(path: Path) -> str:
    try:
        pixels = read_dicom_dataset(path).get("PixelData") or str(path).encode()
    except ImageError:
        pixels = str(path).encode()
    return hashlib.sha256(pixels).hexdigest()


def _series_folders(slices: Iterable[DicomHead]) -> tuple[dict[Path, str], list[Path]]:
    """Return the folders that hold one series, and the slices of those that hold several."""
    by_folder: dict[Path, list[DicomHead]] = defaultdict(list)
    for head in slices:
        by_folder[head.path.parent].append(head)
    folders, mixed = {}, []
    for folder, heads in by_folder.items():
        if len({head.series for head in heads}) > 1:
            mixed += [head.path for head in heads]
        elif len(heads) == 1:
            folders[heads[0].path] = heads[0].patient_id
        else:
            folders[folder] = heads[0].patient_id
    return folders, mixed
