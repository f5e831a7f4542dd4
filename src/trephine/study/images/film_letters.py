"""What a film's own letter R or L, and a view from behind, leave in doubt about its sides.

Doubts alone: a letter may be read wrongly, and a marker laid face down says nothing of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trephine.errors import named_rows
from trephine.study.images.contradictions import numbers
from trephine.study.images.seen import SeenImage

# Of many images, of one, and what to do.
_SAID = {
    "mirrored": (
        "An R or L on the film reads as its mirror image, as the file says that it lies",
        "an R or L on the film reads as its mirror image, as the file says that it lies",
        "Is the picture mirrored, or did the marker lie face down?",
    ),
    "half": (
        "An R on the film lies on the patient's left, or an L on the right, by the file",
        "the R or L on the film lies on the patient's other side, by the file",
        "Is the picture mirrored, or the marker on the wrong side?",
    ),
    "laterality": (
        "The R or L on the film is not the side that DICOM Laterality states",
        "the R or L on the film is not the side that DICOM Laterality states",
        "Which of the two is right?",
    ),
    "side": (
        "A film of one side shows the letter of the other side than the table states",
        "the film shows one side, and the letter of the other",
        "Is the side right, and the image the right one?",
    ),
    "PA": (
        "PA views whose file does not say on which half the patient's right lies",
        "a PA view whose file does not say on which half the patient's right lies",
        "Compare the letter on the film with the side that the region is drawn on.",
    ),
    "mixed": (
        "PA views among AP views",
        "",
        "From behind, hips are enlarged otherwise.",
    ),
}


def film_doubts(image: SeenImage, sides: Iterable[str | None]) -> list[str]:
    """Return the kinds of doubt about one image whose cases have these sides."""
    known = {side for side in sides if side is not None}
    if not known or image.view == "lateral":
        return []
    found = [image.letter_doubt] if image.letter_doubt else []
    if not (image.shows_both or image.laterality) and image.letter and known != {image.letter}:
        found.append("side")
    if image.position == "PA" and image.facing is not None and not image.facing.certain:
        found.append("PA")
    return found


def film_remarks(
    seen: Sequence[SeenImage], sides: Sequence[str | None], rows: Sequence[int]
) -> Iterator[str]:
    """Yield one sentence for each kind of doubt about a study's films.

    Parameters
    ----------
    seen
        Images with their cases.
    sides
        R, L or None for each row of the table.
    rows
        Numbers of the rows.
    """
    of: dict[str, list[SeenImage]] = {}
    for image in seen:
        for kind in film_doubts(image, [sides[row] for row in image.rows]):
            of.setdefault(kind, []).append(image)
    behind = [image for image in seen if image.position == "PA"]
    if behind and "PA" not in of and any(image.position == "AP" for image in seen):
        of["mixed"] = behind
    for kind, images in of.items():
        named = named_rows(numbers(rows, (row for image in images for row in image.rows)))
        many, _, advice = _SAID[kind]
        yield f"{many}: {len(images)} of {len(seen)} images ({named}). {advice}"


def film_warnings(image: SeenImage, side: str) -> list[str]:
    """Return the same of the image of one new case."""
    said = (_SAID[kind] for kind in film_doubts(image, [side]))
    return [f"side: {one}. {advice}" for _, one, advice in said]
