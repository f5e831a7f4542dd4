"""Many images or masks to NIfTI in one call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trephine.choices import FileContent
from trephine.cohort.table import is_missing
from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.executors import Progress
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.paths import without_name
from trephine.study.batch.manifest import is_manifest, read_columns, spoilt_cells
from trephine.study.images.pairs import folders_within, images_in, regular, stem_of
from trephine.types import Image, Mask


@dataclass(frozen=True)
class Conversion:
    """One file to convert, where to, and what messages call it: names may be identifiers."""

    source: Path
    target: Path
    where: str


def read_as(source: Path, content: FileContent, spacing_mm: float | None) -> Image | Mask:
    """Read what is to be converted.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    if content == "mask":
        mask = read_mask(source)
        for label in mask.overlapping:
            mask.label_of(label)  # a label map cannot hold it
        return mask
    return read_image(source, spacing_mm=spacing_mm)


def conversions(source: Path, out: Path) -> tuple[list[Conversion], int]:
    """Return what a folder or a table asks for, and how many strays were left aside.

    A table has the column image, whose paths start from it, and may have name or id: the name of
    the result, without suffix.

    Raises
    ------
    StudyProblemsError
        If two results would have one name, or cells of the table are empty.
    InputError
        If the results would lie among the sources.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out.name}: expected a folder for many results, found a file")
    if is_manifest(source):
        found, strays = list(_of_table(source, out)), 0
    else:
        if out.resolve() == source.resolve():
            raise InputError(f"{out.name}: expected another folder than the source")
        items, strays = images_in(source)
        images = [(path, name) for item in items for path, name in _named(item)]
        found = [
            Conversion(
                path, out / f"{name}.nii.gz", f"image {number} of {len(images)} in sorted order"
            )
            for number, (path, name) in enumerate(images, start=1)
        ]
    if not found:
        raise StudyProblemsError([Problem(source.name, "at least one image", "an empty folder")])
    _check_names(found, source)
    return found, strays


def _named(item: Path) -> Iterator[tuple[Path, str]]:
    """Yield what is to be converted in an item of a folder, and the name of its result."""
    within = folders_within(item)
    for path in within:
        parts = path.relative_to(item).parts if len(within) > 1 else ()
        yield path, "_".join((stem_of(item), *parts))


def convert_all(
    wanted: Sequence[Conversion],
    content: FileContent,
    spacing_mm: float | None,
    progress: Progress | None = None,
) -> list[tuple[Conversion, str]]:
    """Convert each file; return those that cannot be converted, with the reason."""
    failed = []
    for done, one in enumerate(wanted, start=1):
        try:
            regular(one.source, "source")
            one.target.parent.mkdir(parents=True, exist_ok=True)
            write_nifti(read_as(one.source, content, spacing_mm), one.target)
        except InputError as error:
            failed.append((one, without_name(str(error), one.source)))
        if progress is not None:
            progress(done, len(wanted))
    return failed


def _of_table(table: Path, out: Path) -> Iterator[Conversion]:
    frame = read_columns(table, ("image",))
    empty = [row for row in frame.index if is_missing(frame["image"][row])]
    problems = spoilt_cells(frame, table.name)
    if empty:
        expected = "the path of an image"
        problems.append(Problem.of_cells(table.name, empty, "image", expected, "none"))
    if problems:
        raise StudyProblemsError(problems)
    named = next((column for column in ("name", "id") if column in frame.columns), None)
    for row in frame.index:
        source = table.parent / frame["image"][row]
        cell = "" if named is None else frame[named][row]
        # A name is a file's name here, wherever it may want to lead.
        name = stem_of(source) if is_missing(cell) else Path(cell).name
        yield Conversion(source, out / f"{name}.nii.gz", f"row {row}")


def _check_names(found: Sequence[Conversion], source: Path) -> None:
    by_target: dict[Path, list[Conversion]] = defaultdict(list)
    for one in found:
        by_target[one.target].append(one)
    problems = []
    for same in by_target.values():
        if len(same) > 1:
            alike = "; ".join(one.where for one in same[:5])
            more = f" and {len(same) - 5} more" if len(same) > 5 else ""
            advice = "Rename one, or give names in a table, in its column name"
            problems.append(Problem(source.name, "one source of each result", alike + more, advice))
    if problems:
        raise StudyProblemsError(problems)
