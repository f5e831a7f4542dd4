"""Which mask belongs to which image, by the names in their folders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.imaging.suffixes import IMAGE_SUFFIXES
from trephine.paths import irregular, without_name

_MASK_ENDINGS = ("_mask", "-mask", "_label", "-label", "_seg", "-seg")

_SHOWN = 5  # numbers in a message

# What systems and archives leave among images: names in lower case.
_STRAYS = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "dicomdir", "__macosx", "@eadir"})


@dataclass(frozen=True, slots=True)
class Pair:
    """One image and its mask.

    Attributes
    ----------
    name
        What its row of the results is called; it may hold an identifier.
    image, mask, label, side
        What is measured.
    row
        The manifest's; None for a pair from folders.
    where
        What messages call it: by number, where names come from files or from a table.
    addresses
        Of image and mask, where they lie at one that fsspec knows, and their paths are only names.
    """

    name: str
    image: Path
    mask: Path
    label: int | None = None
    side: str = ""
    row: int | None = None
    where: str = ""
    addresses: tuple[str, str] = ("", "")

    def nameless(self, text: str, *, of_image: bool = False) -> str:
        """Return a message without the names of its files, where messages go by number.

        Parameters
        ----------
        text
            The message.
        of_image
            Whether it is of the image: the mask may have the same name in another folder.
        """
        if not self.where:
            return text
        named = [(self.mask, "the mask"), (self.image, "the image")]
        for path, instead in named:
            text = text.replace(str(path), instead)
        for path, instead in reversed(named) if of_image else named:
            text = without_name(text, path, instead)
        return text


@dataclass(frozen=True)
class Pairs:
    """What is to be measured, and how many files were left aside on the way there.

    Attributes
    ----------
    pairs
        In the order of the table, or of the names.
    strays
        Files that systems leave among images, such as .DS_Store.
    unused
        Masks without an image.
    """

    pairs: Sequence[Pair]
    strays: int = 0
    unused: int = 0


def stem_of(path: Path) -> str:
    """Return a file's name without the suffix of an image; dots inside a name belong to it."""
    name = path.name
    if path.is_dir():
        return name
    for suffix in IMAGE_SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def is_stray(path: Path) -> bool:
    """Say whether a name is that of a file that a system, not a person, has put there."""
    return path.name.startswith(".") or path.name.lower() in _STRAYS


def images_in(folder: Path) -> tuple[list[Path], int]:
    """Return a folder's images, files and folders of slices, by name; and the count of strays."""
    found = sorted(folder.iterdir())
    kept = [path for path in found if not is_stray(path)]
    return kept, len(found) - len(kept)


def folders_within(item: Path) -> list[Path]:
    """Return a file or folder itself; of one that holds folders alone, those that hold files.

    An archive's export has a folder a patient, in it one a study, and in that one a series. Links
    are not followed.
    """
    if not item.is_dir() or item.is_symlink():
        return [item]
    inside = sorted(path for path in item.iterdir() if not is_stray(path))
    if not inside or not all(path.is_dir() for path in inside):
        return [item]
    return [found for path in inside for found in folders_within(path)]


def _only_within(item: Path) -> Path:
    """Return the one folder of files in an item; of several the item, which reading refuses."""
    within = folders_within(item)
    return within[0] if len(within) == 1 else item


def regular(path: Path, what: str) -> Path:
    """Return a path that is a file or a folder; a pipe or a device would be waited for.

    Raises
    ------
    InputError
        If it is missing or of another kind.
    """
    try:
        found = irregular(path)
    except OSError:
        raise InputError(f"{what}: expected a file or a folder, found nothing at {path}") from None
    if found not in (None, "a folder"):
        raise InputError(
            f"{what}: expected a file or a folder, found {found} at {path}; copy it into a file"
            " first"
        )
    return path


def pairs_of(image: Path, mask: Path | None, label: int | None) -> Pairs:
    """Pair an image with its mask, or a folder of images with a folder of masks.

    Raises
    ------
    StudyProblemsError
        With every image that has no mask or several, and every name that stands for several
        images.
    InputError
        If a path is missing, or neither file nor folder.
    """
    regular(image, "image")
    if mask is None or not mask.exists():
        raise InputError(
            f"mask: expected a mask beside the image, found {mask or 'none'}; give its path, or a"
            " table with the columns image and mask"
        )
    regular(mask, "mask")
    if mask.is_file():
        # A folder of images with one mask is the folder of a series.
        return Pairs((Pair(image.name, image, mask, label),))
    if image.is_file():
        raise InputError(f"mask: expected a file, as the image is one, found a folder at {mask}")
    return _matched(image, mask, label)


def _matched(image: Path, mask: Path, label: int | None) -> Pairs:
    images, strays = images_in(image)
    if mask.resolve() == image.resolve():
        masks = [path for path in images if stem_of(path).endswith(_MASK_ENDINGS)]
        images = [path for path in images if path not in set(masks)]
    else:
        masks, more = images_in(mask)
        strays += more
    by_stem = _by_stem(masks, without_ending=True)
    problems = [*_several_images(images, image.name), *_mask_problems(images, by_stem, image.name)]
    if not images:
        problems.append(Problem(image.name, "at least one image", "an empty folder"))
    if problems:
        raise StudyProblemsError(problems)
    pairs = tuple(
        Pair(
            path.name,
            _only_within(path),
            by_stem[stem_of(path)][0],
            label,
            where=f"pair {number} of {len(images)} in sorted order",
        )
        for number, path in enumerate(images, start=1)
    )
    return Pairs(pairs, strays, len(masks) - len({pair.mask for pair in pairs}))


def _by_stem(paths: Sequence[Path], *, without_ending: bool) -> dict[str, list[Path]]:
    """Return paths by stem; a mask counts under its whole stem, and under that less its ending."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        stem = stem_of(path)
        found[stem].append(path)
        ending = next((end for end in _MASK_ENDINGS if stem.endswith(end)), "")
        if without_ending and ending:
            found[stem.removesuffix(ending)].append(path)
    return found


def _several_images(images: Sequence[Path], folder: str) -> list[Problem]:
    places = {path: number for number, path in enumerate(images, start=1)}
    return [
        Problem(
            f"images in {folder}",
            "one file of each name before its ending",
            f"{len(same)} alike: images {_listed([places[path] for path in same])} in sorted order",
            "Which of them the mask belongs to is open: move the others away",
        )
        for same in _by_stem(images, without_ending=False).values()
        if len(same) > 1
    ]


def _mask_problems(
    images: Sequence[Path], masks: Mapping[str, Sequence[Path]], folder: str
) -> list[Problem]:
    problems = []
    found = [len(masks.get(stem_of(path), ())) for path in images]
    if alone := [number for number, n in enumerate(found, start=1) if n == 0]:
        problems.append(
            Problem(
                f"masks for {folder}",
                "one for each image",
                f"none for {len(alone)} of {len(images)}: images {_listed(alone)} in sorted order",
                "Name them alike, as in case1.dcm and case1.nii.gz or case1_mask.nii.gz",
            )
        )
    for number, n in enumerate(found, start=1):
        if n > 1:
            where = f"masks for {folder}, image {number} of {len(images)} in sorted order"
            advice = "Move the others away, or name the pairs in a table"
            problems.append(Problem(where, "one", f"{n}", advice))
    return problems


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return ", ".join(map(str, numbers[:_SHOWN])) + more
