"""The grey scale of a study's images: steps that are stated, and a scale learned from no case."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from trephine.errors import ImageError, InputError, Problem
from trephine.imaging import file_sha256, read_image
from trephine.imaging.grey_settings import GreySettings
from trephine.imaging.nyul import landmarks, standard_scale
from trephine.imaging.spacing import StatedSpacing
from trephine.paths import fixed_folder, without_name
from trephine.plan import StudyPlan


def grey_settings(plan: StudyPlan) -> GreySettings:
    """Return how grey values are brought to one scale before radiomics are measured.

    Of a plan of one image. A standard scale is learned from images that are no case's: it is then
    the same in every fold, and no case that a fold keeps back has had a part in it. Learned from
    the cases it would have to be learned anew, and all features measured anew, in each fold.

    Raises
    ------
    InputError
        If the images of the scale are not there or cannot be used.
    """
    section = plan.radiomics
    first = GreySettings(bias_correction=section.bias_correction)
    learn = partial(_learned, first=first, spacing_mm=plan.data.spacing_mm)
    return GreySettings(section.normalise, section.bias_correction, section.scale(learn))


def images_of_scale(pattern: str) -> list[Path]:
    """Return the images that a pattern names, sorted by path."""
    folder = fixed_folder(pattern)
    rest = str(Path(pattern).relative_to(folder))
    return sorted(folder.glob(rest)) if rest != "." else [folder]


def _learned(pattern: str, first: GreySettings, spacing_mm: StatedSpacing) -> tuple[float, ...]:
    paths = images_of_scale(pattern)
    if not paths:
        raise InputError("standard_images: expected images to learn the scale from, found none")
    found = []
    for number, path in enumerate(paths, start=1):
        try:
            image = first.corrected(read_image(path, spacing_mm=spacing_mm or 1.0))
            found.append(landmarks(image.pixels))
        except ImageError as error:
            said = without_name(str(error), path)
            where = f"standard_images, image {number} of {len(paths)} by name"
            raise InputError(f"{where}: {said}") from None
    return standard_scale(found)


def scale_problems(plan: StudyPlan, of_cases: Iterable[Path], where: str) -> list[Problem]:
    """Report a scale that would be learned from images of cases, or from none.

    Parameters
    ----------
    plan
        Of one image.
    of_cases
        The cases' images.
    where
        The section, in the study file.
    """
    pattern = plan.radiomics.standard_images
    if pattern is None:
        return []
    place = f"study.toml [{where}.standard_images]"
    paths = images_of_scale(pattern)
    if not paths:
        return [Problem(place, "images at this path", "none")]
    own = {file_sha256(path) for path in dict.fromkeys(of_cases) if path.exists()}
    both = sum(file_sha256(path) in own for path in paths)
    if not both:
        return []
    return [
        Problem(
            place,
            "images that are no case's",
            f"{both} of {len(paths)} that are",
            "A scale that was learned from cases knows those that each fold keeps back: name images"
            " of others, or state the standard_scale of an earlier study",
        )
    ]
