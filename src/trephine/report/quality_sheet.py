"""unusual.html: the images and masks that stand out from the others, for somebody to look at."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from trephine.report.html import content_policy, page_css
from trephine.types import FloatArray


@dataclass(frozen=True)
class SheetPicture:
    """A part of an image with the regions drawn on it.

    Attributes
    ----------
    png
        The part in grey, as a PNG file.
    rows, columns
        Its size.
    outlines
        By reading, the first rater's first: closed lines, each of shape (k, 2), (row, column).
    edge_sides
        The patient's side at the left and the right edge; empty where unknown.
    """

    png: bytes
    rows: int
    columns: int
    outlines: Sequence[Sequence[FloatArray]]
    edge_sides: tuple[str, str]

    @property
    def source(self) -> str:
        """The picture as a data address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"

    @property
    def paths(self) -> list[str]:
        """By reading, its outlines as an SVG path; pixel (0, 0) covers 0 to 1."""
        return [
            " ".join(
                "M" + "L".join(f"{column + 0.5:g},{row + 0.5:g}" for row, column in line) + "Z"
                for line in lines
            )
            for lines in self.outlines
        ]


@dataclass(frozen=True)
class SheetCase:
    """One region on the page.

    Attributes
    ----------
    where, side
        What it is called by, and its side; no identifier.
    reasons
        In what it is unusual, the worst first; empty where in nothing.
    picture
        It and what lies round it.
    """

    where: str
    side: str
    reasons: tuple[str, ...]
    picture: SheetPicture


def quality_page(
    cases: Sequence[SheetCase], failed: Sequence[tuple[str, str]], looked_at: int, unusual: int
) -> str:
    """Return the page.

    Parameters
    ----------
    cases
        What it shows, the most unusual first.
    failed
        Regions that could not be opened, and why.
    looked_at, unusual
        How many regions there are, and how many of them are unusual.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trephine.report", "templates"), autoescape=True
    )
    return environment.get_template("unusual.html.j2").render(
        cases=cases,
        failed=failed,
        looked_at=looked_at,
        unusual=unusual,
        css=Markup(page_css()),  # noqa: S704 - our own file
        policy=content_policy(""),
    )
