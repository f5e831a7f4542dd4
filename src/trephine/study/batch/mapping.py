"""Feature maps of pairs of image and mask, written as NIfTI on the image's grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.executors import Progress
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.radiomics.maps import feature_maps
from trephine.study.batch.measuring import Work
from trephine.study.images.fetched import lying_here
from trephine.study.images.pairs import Pair, regular
from trephine.types import Image


@dataclass(frozen=True)
class MapsWanted:
    """Which maps, with what kernel, into which folder.

    Attributes
    ----------
    folder
        One folder per pair is made in it, with the pair's name; a single pair's maps lie in it.
    radius
        The kernel's edge is 2 radius + 1 voxels.
    only
        Pattern of the features' names.
    """

    folder: Path
    radius: int
    only: str


def write_maps(
    pairs: Sequence[Pair], work: Work, wanted: MapsWanted, progress: Progress | None = None
) -> tuple[int, list[tuple[Pair, str]]]:
    """Write the maps of each pair; a file holds NaN outside the region.

    Returns
    -------
    tuple
        How many files were written, and the pairs that could not be measured with the reason.

    Raises
    ------
    StudyProblemsError
        If the maps of two pairs would have one name.
    InputError
        If the folder is a file.
    """
    if wanted.folder.exists() and not wanted.folder.is_dir():
        raise InputError(f"{wanted.folder.name}: expected a folder for maps, found a file")
    folders = _folders(pairs, wanted.folder)
    written, failed = 0, []
    for done, (pair, folder) in enumerate(zip(pairs, folders, strict=True), start=1):
        try:
            with lying_here(pair) as here:
                written += _write(here, work, wanted, folder)
        except InputError as error:
            failed.append((pair, pair.nameless(str(error))))
        if progress is not None:
            progress(done, len(pairs))
    return written, failed


def _folders(pairs: Sequence[Pair], folder: Path) -> list[Path]:
    if len(pairs) == 1:
        return [folder]
    # A name is a folder's name here, wherever it may want to lead.
    found = [folder / Path(f"{pair.name}{pair.side and f'_{pair.side}'}").name for pair in pairs]
    by_folder: dict[Path, list[str]] = defaultdict(list)
    for number, (pair, own) in enumerate(zip(pairs, found, strict=True), start=1):
        by_folder[own].append(pair.where or f"pair {number}")
    problems = [
        Problem("maps", "another name for each region", "; ".join(alike[:5]), "Give them names")
        for alike in by_folder.values()
        if len(alike) > 1
    ]
    if problems:
        raise StudyProblemsError(problems)
    return found


def _write(pair: Pair, work: Work, wanted: MapsWanted, folder: Path) -> int:
    image = read_image(regular(pair.image, "image"), spacing_mm=work.spacing_mm)
    mask = work.placed(image, read_mask(regular(pair.mask, "mask"), image=image))
    settings = work.settings
    if pair.label is not None:
        settings = settings.model_copy(update={"label": pair.label})
    maps = feature_maps(image, mask, settings, radius=wanted.radius, only=wanted.only)
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in maps.items():
        write_nifti(Image(values, image.geometry), folder / f"{name}.nii.gz")
    return len(maps)
