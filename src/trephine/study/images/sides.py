"""Right and left: regions on the wrong half, one region for two cases, one image for two patients.

What is certain stops a study: a region on the wrong half of an image whose file says how it shows
the patient, a file of the other side. Where nothing but the convention for frontal radiographs
speaks (the patient's right on the left), some regions on the other half are a remark, and all of
them a problem.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trephine.errors import InputError
from trephine.imaging.sides import facing_of
from trephine.study.images.contradictions import Contradiction, numbers
from trephine.study.images.film_letters import film_warnings
from trephine.study.images.seen import SeenImage, SeenRegion, see_image, see_region
from trephine.types import Image, Mask

# Two regions, or a region and the middle, closer than this share of the width say nothing.
_APART = 0.02
_OFF_THE_MIDDLE = 0.05
# Fewer regions on the wrong half do not tell a convention from an accident.
_FEWEST_BY_CONVENTION = 3
_NAMED_SIDE = re.compile(r"(?:^|[^a-z])(r|l|right|left|rt|lt|re|li)$|(右|左)", re.IGNORECASE)
# A side in the cases' names counts where it is there, and right, as often as this.
_NAMES_AGREE = 0.8
_SIDE_WORDS = {"R": "right", "L": "left"}


@dataclass(frozen=True)
class _Verdict:
    """What one region of a mask (image, reading) says, and what says which half is which."""

    row: int
    mask: tuple[int, str]
    both: bool
    certain: bool
    wrong: bool
    source: str


def side_contradictions(
    seen: Sequence[SeenImage],
    sides: Sequence[str | None],
    rows: Sequence[int],
    column: str,
    patients: Sequence[str] = (),
) -> list[Contradiction]:
    """Return what contradicts the side of each case.

    Where patients have an image for each side, the half of an image on which a region lies says
    nothing of its side.

    Parameters
    ----------
    seen
        Images with their regions.
    sides
        R, L or None for each row of the table.
    rows, column
        Numbers of the rows, and the column of the side.
    patients
        Of each row of the table; none for a case alone.
    """
    apart = has_images_by_side(seen, sides, patients)
    verdicts = [
        verdict
        for number, image in enumerate(seen)
        for region in image.regions
        if (verdict := _verdict(number, image, region, sides)) is not None
        and (verdict.both or not apart)
    ]
    found = []
    for both in (True, False):
        for certain in (True, False):
            group = [v for v in verdicts if v.both is both and v.certain is certain]
            one = _sum_up(group, rows, column)
            if one is not None:
                found.append(one)
    return [*found, *_other_side(seen, sides, rows, column)]


def has_images_by_side(
    seen: Sequence[SeenImage], sides: Sequence[str | None], patients: Sequence[str]
) -> bool:
    """Say whether some patient has one image for the right side and another for the left."""
    if not patients:
        return False
    of: dict[str, list[set[str | None]]] = defaultdict(list)
    for image in seen:
        for patient in {patients[row] for row in image.rows}:
            of[patient].append({sides[row] for row in image.rows if patients[row] == patient})
    return any({"R"} in shown and {"L"} in shown for shown in of.values())


def _verdict(
    number: int, image: SeenImage, region: SeenRegion, sides: Sequence[str | None]
) -> _Verdict | None:
    side, facing = sides[region.row], image.facing
    if side is None or facing is None or region.place is None or image.laterality:
        return None
    both = region.other_place is not None
    if region.other_place is not None:
        step, least = region.place - region.other_place, _APART
    else:
        step, least = region.place - 0.5, _OFF_THE_MIDDLE
    if abs(step) < least:
        return None
    certain = facing.certain and (both or image.shows_both)
    wrong = (step > 0) if side == "R" else (step < 0)
    source = facing.source if facing.certain else "the convention of frontal radiographs"
    return _Verdict(region.row, (number, region.reading), both, certain, wrong, source)


def _sum_up(group: list[_Verdict], rows: Sequence[int], column: str) -> Contradiction | None:
    """Return what the regions of one kind of evidence contradict; masks are counted, not cases."""
    wrong = [verdict for verdict in group if verdict.wrong]
    if not wrong:
        return None
    masks, amiss = {v.mask for v in group}, {v.mask for v in wrong}
    if wrong[0].both:
        found = f"R on the patient's left in {len(amiss)} of {len(masks)} masks with both sides"
    else:
        found = f"{len(amiss)} of {len(masks)} regions on the half of the patient's other side"
    readings = sorted({reading for _, reading in amiss})
    if readings != sorted({reading for _, reading in masks}):
        found += f", of {' and '.join(readings)}"
    every = len(amiss) == len(masks)
    return Contradiction(
        kind="sides",
        rows=numbers(rows, (v.row for v in wrong)),
        column=column,
        expected="R on the patient's right and L on the patient's left",
        found=f"{found}, by {_sources(wrong)}",
        advice=(
            "Are the labels or the sides swapped, or the pictures mirrored?"
            if every
            else "Are the sides of these rows, or the labels in their masks, swapped?"
        ),
        stops=wrong[0].certain or (every and len(amiss) >= _FEWEST_BY_CONVENTION),
    )


def _sources(verdicts: Iterable[_Verdict]) -> str:
    return " and ".join(sorted({verdict.source for verdict in verdicts}))


def _other_side(
    seen: Sequence[SeenImage], sides: Sequence[str | None], rows: Sequence[int], column: str
) -> list[Contradiction]:
    """Return the cases whose image says that it is of the other side."""
    stated = [(row, image.laterality) for image in seen if image.laterality for row in image.rows]
    wrong = [row for row, laterality in stated if sides[row] not in (None, laterality)]
    if not wrong:
        return []
    return [
        Contradiction(
            "sides",
            numbers(rows, wrong),
            column,
            "an image of the case's side",
            f"{len(wrong)} of {len(stated)} whose DICOM Laterality is the other side",
            "Is the side in the table right, and the image the right one?",
        )
    ]


def named_sides(
    names: Sequence[str], sides: Sequence[str | None], rows: Sequence[int], column: str
) -> list[Contradiction]:
    """Return the cases whose name ends in the other side, where names end in the side."""
    ends: list[str | None] = []
    for name in names:
        match = _NAMED_SIDE.search(name.strip())
        word = (match[1] or match[2]).upper() if match else None
        ends.append({"右": "R", "左": "L"}.get(word, word[0]) if word else None)
    told = [row for row, end in enumerate(ends) if end is not None and sides[row] is not None]
    wrong = [row for row in told if ends[row] != sides[row]]
    if not wrong or len(told) - len(wrong) < _NAMES_AGREE * len(names):
        return []
    return [
        Contradiction(
            "sides",
            numbers(rows, wrong),
            column,
            "the side that the case's name ends in, as in the other rows",
            f"{len(wrong)} of {len(told)} that name the other side",
            "Is the side in the table right?",
        )
    ]


def check_new_case(
    image: Image,
    mask: Mask,
    label: int | str,
    side: str | None,
    labels: object,
    accept: Sequence[str],
) -> list[str]:
    """Check the side of one new case as a study's are.

    Parameters
    ----------
    image, mask, label
        The case's region.
    side
        R, L or None.
    labels
        The study's ``mask_label``.
    accept
        What the study accepts, or the caller.

    Returns
    -------
    Warnings, where convention alone speaks.

    Raises
    ------
    InputError
        If label, file or place of the region certainly are the other side's.
    """
    if side is None:
        return []
    other = None
    if isinstance(labels, dict):
        other = next((value for key, value in labels.items() if key != side), None)
        if label == other and label != labels.get(side) and "sides" not in accept:
            raise InputError(
                f"label: expected the label of the {_SIDE_WORDS[side]} side,"
                f" {labels.get(side)!r}, found {label!r}, which is the other side's in the study;"
                " correct --side or --label"
            )
        # A label of the case's own: the other side's region then is the study's.
        other = None if label == other else other
    if "sides" in accept:
        return []
    return _check_place(image, mask, label, other, side)


def _check_place(
    image: Image, mask: Mask, label: int | str, other: int | str | None, side: str
) -> list[str]:
    if other is not None and not mask.knows(other):
        other = None
    region = see_region(image, mask, label, other=other, row=0, reading="the mask")
    seen = see_image(image, [0], [region], sided=True)
    doubts = film_warnings(seen, side)
    wrong = side_contradictions([seen], [side], [1], "")
    if not wrong:
        return doubts
    one = wrong[0]
    if one.stops:
        facing = facing_of(image)
        source = facing.source if facing is not None and not seen.laterality else "DICOM Laterality"
        raise InputError(
            f"side: expected a region on the patient's {_SIDE_WORDS[side]}, found one on the other"
            f" side ({source}); correct the side, the label or the mask; if the file is wrong"
            " about it, accept it with --accept sides"
        )
    return [
        "side: by the convention of frontal radiographs the region lies on the patient's other"
        f" side, not the {_SIDE_WORDS[side]}; is the side right, or the picture mirrored?",
        *doubts,
    ]
