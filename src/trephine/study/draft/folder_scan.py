"""What lies in a folder: images by their names, DICOM files by their headers, links followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trephine.cohort.reading import TABLE_SUFFIXES
from trephine.cohort.reading.foreign import FOREIGN_SUFFIXES
from trephine.errors import ImageError
from trephine.executors import Progress
from trephine.imaging.dicom_head import DicomHead, read_head
from trephine.imaging.sniff import file_kind
from trephine.imaging.suffixes import IMAGE_SUFFIXES
from trephine.study.images.pairs import is_stray

_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
_PLAIN = tuple(suffix for suffix in IMAGE_SUFFIXES if suffix not in _DICOM_SUFFIXES)
_NO_IMAGES = (
    *TABLE_SUFFIXES,
    *FOREIGN_SUFFIXES,
    ".toml",
    ".txt",
    ".md",
    ".json",
    ".pdf",
    ".docx",
    ".py",
)


@dataclass(frozen=True)
class Scan:
    """A folder and all its folders.

    Attributes
    ----------
    folder
        As it was given.
    plain
        Files in image formats other than DICOM, sorted.
    heads
        Headers of the DICOM files, sorted by path.
    dicomdirs, damaged, outside
        Counts: DICOMDIR files, DICOM files whose header cannot be read, and links that lead out of
        the folder, which are not followed.
    """

    folder: Path
    plain: tuple[Path, ...] = ()
    heads: tuple[DicomHead, ...] = ()
    dicomdirs: int = 0
    damaged: int = 0
    outside: int = 0


def scan_folder(folder: Path, progress: Progress | None = None) -> Scan:
    """Look through a folder; of DICOM files only the first part of the header is read.

    Parameters
    ----------
    folder
        Hidden files and folders and earlier results are passed over.
    progress
        Called with (done, total) by file.
    """
    outside: list[Path] = []
    by_file: dict[Path, Path] = {}
    for path in _files(folder, folder.resolve(), outside, set(), (folder.resolve(),)):
        # Who links to a file names it: the link's name goes before the file's own.
        real = path.resolve()
        if real not in by_file or real != folder.resolve() / path.relative_to(folder):
            by_file[real] = path
    plain: list[Path] = []
    heads: list[DicomHead] = []
    dicomdirs = damaged = 0
    paths = sorted(by_file.values())
    for done, path in enumerate(paths, start=1):
        name = path.name.lower()
        if name == "dicomdir":
            dicomdirs += 1
        elif name.endswith(_PLAIN):
            plain.append(path)
        elif not name.endswith(_NO_IMAGES):
            try:
                if file_kind(path) == "dicom":
                    heads.append(read_head(path))
                else:
                    plain.append(path)
            except ImageError:
                damaged += name.endswith(_DICOM_SUFFIXES)
        if progress is not None:
            progress(done, len(paths))
    return Scan(folder, tuple(plain), tuple(heads), dicomdirs, damaged, len(outside))


def _files(
    folder: Path, root: Path, outside: list[Path], seen: set[Path], above: tuple[Path, ...]
) -> Iterator[Path]:
    """Yield the files below a folder; a link leads on inside ``root`` only, and never in circles.

    A folder that links lead to is entered by one of them.
    """
    for path in sorted(folder.iterdir()):
        if path.name == "results" or (is_stray(path) and path.name.upper() != "DICOMDIR"):
            continue
        linked = path.is_symlink()
        try:
            real = path.resolve()
            if linked and not real.is_relative_to(root):
                outside.append(path)
            elif path.is_dir():
                if real in above or (linked and real in seen):
                    continue
                if linked:
                    seen.add(real)
                yield from _files(path, root, outside, seen, (*above, real))
            elif path.is_file():
                yield path
        except (OSError, RuntimeError):
            continue  # a link to nothing or in circles, a folder that may not be read
