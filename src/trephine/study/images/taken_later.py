"""Images that were taken after follow-up had begun: they show what had happened by then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from trephine.study.images.contradictions import Contradiction, numbers
from trephine.study.images.seen import SeenImage

# Images of the same weeks count as those of the beginning.
LATEST_DAYS = 31


def taken_later(
    seen: Sequence[SeenImage], frame: pd.DataFrame, begins: str | None, latest: float
) -> list[Contradiction]:
    """Return the images that were taken later than prediction begins, or a month after the start.

    Parameters
    ----------
    seen
        Images with their headers; those that state no date are left out.
    frame
        The table, with days as year-month-day.
    begins
        Its column of the day on which follow-up begins; None where it has none.
    latest
        Days after that day from which on is predicted: 0 without a landmark.
    """
    if begins is None or begins not in frame.columns:
        return []
    cells = list(frame[begins])
    after = {
        row: (image.header.taken - start).days
        for image in seen
        if image.header is not None and image.header.taken is not None
        for row in image.rows
        if (start := _day(cells[row])) is not None
    }
    limit = max(LATEST_DAYS, latest)
    late = [row for row, days in after.items() if days > limit]
    if not late:
        return []
    first, last = (pick(after[row] for row in late) for pick in (min, max))
    span = f"{first}" if first == last else f"{first} to {last}"
    return [
        Contradiction(
            "dates",
            numbers([int(number) for number in frame.index], late),
            begins,
            f"images taken before follow-up began, or at most {limit:.0f} days after it",
            f"{len(late)} of {len(after)} taken {span} days after it",
            "An image that was taken later shows what had happened by then, and a model that is to"
            " predict it would already have seen it. Name an image from the start of follow-up, or"
            " let prediction begin at the image: [outcome] landmark.",
        )
    ]


def _day(cell: object) -> date | None:
    try:
        return date.fromisoformat(str(cell))
    except ValueError:
        return None
