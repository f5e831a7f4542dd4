"""What a folder holds that is given for an image: the slices of a series, or one image alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from trephine.choices import FileContent
from trephine.errors import ImageError
from trephine.imaging.dicom_head import SLICES, DicomHead, read_head
from trephine.imaging.sniff import PackedImageError, file_kind

# Key of an image's or a mask's provenance, where its folder was given.
FOUND = "found_as"
ALONE = "the only one in its folder"


def only_file(folder: Path, what: FileContent = "image") -> Path | None:
    """Return the one image, or mask, of a folder; None where it holds the slices of a series.

    DICOM files go before others, which then are a viewer's pictures; DICOM files without pixels
    (reports, key objects, DICOMDIR) do not count.

    Raises
    ------
    ImageError
        If there is none, or several that are not the slices of a series.
    """
    dicom, others = _files(folder)
    heads = {path: _head(path) for path in dicom}
    pictures = [path for path, head in heads.items() if head is None or head.content != "other"]
    found = pictures or others
    if len(found) == 1:
        return found[0]
    known = [head for path in pictures if (head := heads[path]) is not None]
    if what == "image" and any(head.modality in SLICES for head in known):
        return None
    if what == "image" and pictures and len(known) < len(pictures):
        return None  # damaged slices are named by their place in the series
    if not found:
        held = "no file that is one"
        advice = "" if any(folder.iterdir()) else ": the folder is empty"
        raise ImageError(
            f"{folder.name}: expected {_expected(what)} in the folder, found {held}{advice}"
        )
    if not pictures and all(_is_packed(path) for path in others):
        raise ImageError(
            f"{folder.name}: expected files as they are, found {len(others)} packed with gzip;"
            " unpack them first (gunzip, 7-Zip)"
        )
    raise ImageError(
        f"{folder.name}: expected {_expected(what)} in the folder, found"
        f" {_counted(known, others if not pictures else [], len(found))}; name the file itself"
        " (* and ? stand for a part of its name)"
    )


def _expected(what: FileContent) -> str:
    if what == "mask":
        return "one mask"
    return "one image, or the slices of one CT or MR series,"


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return a folder's DICOM files, and its images of other kinds; hidden files do not count."""
    dicom: list[Path] = []
    others: list[Path] = []
    try:
        inside = sorted(item for item in folder.iterdir() if item.is_file())
    except OSError as error:
        raise ImageError(f"{folder.name}: cannot be read: {error.strerror}") from error
    for path in inside:
        if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
            continue
        try:
            kind = file_kind(path)
        except PackedImageError:
            others.append(path)
            continue
        except ImageError:
            continue  # text, thumbnails, viewers
        (dicom if kind == "dicom" else others).append(path)
    return dicom, others


def _is_packed(path: Path) -> bool:
    try:
        file_kind(path)
    except PackedImageError:
        return True
    return False


def _head(path: Path) -> DicomHead | None:
    """Return a header; None where it is damaged."""
    try:
        head = read_head(path)
    except ImageError:
        return None
    return head if head.modality or head.series else None


def _counted(heads: list[DicomHead], others: list[Path], total: int) -> str:
    words = Counter(
        "DICOM segmentations" if head.content == "mask" else "radiographs" for head in heads
    )
    parts = [f"{count} {word}" for word, count in words.items()]
    if others:
        parts.append(f"{len(others)} image files that are not DICOM")
    return " and ".join(parts) or f"{total} files"
