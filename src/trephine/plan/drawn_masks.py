"""Where the masks of a study's images lie that are drawn in the browser."""

from __future__ import annotations

import re

from trephine.imaging.suffixes import image_suffix
from trephine.paths import ANNOTATIONS, fixed_folder


def drawn_masks(
    image: str, rater: str = "{rater}", region: str = "{region}", name: str = ""
) -> str:
    """Return the path of the drawn masks, from the study's folder.

    Parameters
    ----------
    image
        As the study file names images, with ``{column}`` fields.
    rater, region
        Whose masks, and of what; by default places to be filled.
    name
        Of the image, where a case has several.

    Returns
    -------
    str
        Empty where there are no images, or ``*`` or ``?`` stand in their path: no pattern fits.
    """
    if not image or re.search(r"[*?]", image):
        return ""
    folder = str(fixed_folder(image))
    rest = image[len(folder) :] if image.startswith(folder) else image
    rest = rest.lstrip("/")
    ending = image_suffix(rest)
    bare = rest[: -len(ending)] if ending else rest
    return "/".join(filter(None, (ANNOTATIONS, rater, region, name, f"{bare}.nii.gz")))


def masks_to_draw(image: str) -> str:
    """Say what is expected beside images, with the line for masks that are still to be drawn."""
    expected = "the masks of at least one rater, since there is image"
    path = drawn_masks(image, "a", "head")
    if not path:
        return expected
    return (
        f'{expected} (not drawn yet: write raters = {{ a = "{path}" }}, and draw with'
        " `trephine annotate study.toml --rater a`)"
    )
