"""Whether a region may be moved from one image of a case to another: both must lie in one space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trephine.errors import InputError, Problem
from trephine.study.images.seen import SeenImage
from trephine.study.table.outcome import TableRows
from trephine.types import ImageHeader

ADVICE = (
    "Coordinates of one say nothing of the other's, so no region can be moved between them; draw it"
    " on both, or register the images first"
)


def frames_of_reference(seen: Sequence[SeenImage]) -> dict[int, str]:
    """Return the Frame of Reference UID of each row's image, of those that state one."""
    return {
        row: image.header.frame_of_reference
        for image in seen
        if image.header is not None and image.header.frame_of_reference
        for row in image.rows
    }


def refuse_other_frame(image: ImageHeader | None, drawn: ImageHeader | None, name: str) -> None:
    """Refuse an image that does not lie in the space of the one on which its regions were drawn.

    Raises
    ------
    InputError
        If both state a frame of reference, and not the same; ``name`` is the image's.
    """
    if image is None or drawn is None:
        return
    stated = {image.frame_of_reference, drawn.frame_of_reference} - {""}
    if len(stated) > 1:
        raise InputError(
            f"{name}: expected an image in the frame of reference of the one on which its regions"
            f" were drawn, found another (Frame of Reference UID). {ADVICE}"
        )


def other_frames(
    frames: Mapping[int, str],
    drawn: Mapping[int, str],
    names: tuple[str, str],
    rows: TableRows,
    table: str,
) -> list[Problem]:
    """Return the rows whose image does not lie in the space of the one that was drawn on.

    Parameters
    ----------
    frames, drawn
        Frames of reference by row, of the image and of the one that was drawn on.
    names
        Of both.
    rows, table
        The table and its name.
    """
    apart = [row for row in sorted({*frames} & {*drawn}) if frames[row] != drawn[row]]
    if not apart:
        return []
    return [
        Problem.of_cells(
            table,
            [rows.numbers[row] for row in apart],
            "",
            f"{names[0]} in the frame of reference of {names[1]}, on which its regions were drawn",
            "another (Frame of Reference UID)",
            ADVICE,
        )
    ]
