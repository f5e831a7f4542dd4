"""An archive's export sorted by its headers: one image per patient, what is none left aside."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trephine.choices import Side
from trephine.errors import ImageError
from trephine.imaging.dicom import read_dicom_dataset
from trephine.imaging.dicom_head import DicomHead
from trephine.study.draft.folder_scan import Scan


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
        by their modality.
    masks
        DICOM SEG files.
    said
        What was found and left aside, a line each; no identifiers.
    """

    images: dict[Path, str] = field(default_factory=dict)
    aside: tuple[Path, ...] = ()
    masks: tuple[Path, ...] = ()
    said: tuple[str, ...] = ()
    sides: dict[Path, Side] = field(default_factory=dict)
    beside: dict[str, dict[Path, str]] = field(default_factory=dict)


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
    aside["slice in folders of several series"] += mixed
    pictures = {head.path: head.patient_id for head in kept if head.content == "image"}
    images = pictures if len(pictures) >= len(folders) else folders
    other = folders if images is pictures else pictures
    aside["series of slices" if other is folders else "radiograph"] += list(other)
    n_patients = len({head.patient_id for head in scan.heads})
    said = [
        f"{len(scan.heads)} DICOM file{'' if len(scan.heads) == 1 else 's'} of"
        f" {n_patients} patient{'' if n_patients == 1 else 's'}"
        + (f": {len(folders)} series" if images is folders and folders else "")
        + _listed(aside, scan)
    ]
    if mixed:
        said.append(
            "Folders that hold the slices of several series cannot be read: give each series its"
            " own folder"
        )
    left = [path for paths in aside.values() for path in paths]
    # A folder of such slices is no image either.
    left += {path.parent for path in left if path.parent not in images}
    sides: dict[Path, Side] = {
        head.path: "R" if head.laterality == "R" else "L" for head in kept if head.laterality
    }
    beside = {"lateral": {h.path: h.patient_id for h in scan.heads if h.content == "lateral"}}
    for path, patient in other.items():
        beside.setdefault(_kind(path, scan), {})[path] = patient
    return Export(images, tuple(left), masks, tuple(said), sides, beside)


def _kind(path: Path, scan: Scan) -> str:
    """Return the modality of an image: of a file, or of a folder of slices."""
    own = next(head for head in scan.heads if path in (head.path, head.path.parent))
    return own.modality if own.content == "slice" else "film"


_ASIDE = {
    "lateral": "lateral view",
    "localizer": "localizer",
    "other": "file without an image (report, key object)",
}


def _listed(aside: dict[str, list[Path]], scan: Scan) -> str:
    parts = []
    for what, paths in aside.items():
        if paths:
            parts.append(f"{len(paths)} {_plural(what, len(paths))}")
    if scan.damaged:
        parts.append(f"{scan.damaged} damaged {_plural('file', scan.damaged)}")
    if scan.dicomdirs:
        parts.append("a DICOMDIR" if scan.dicomdirs == 1 else f"{scan.dicomdirs} DICOMDIR files")
    if not parts:
        return ""
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"; {listed} left aside"


# What is left aside, where its plural is not made by an s.
_PLURAL = {
    "series of slices": "series of slices",
    "slice in folders of several series": "slices in folders of several series",
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
