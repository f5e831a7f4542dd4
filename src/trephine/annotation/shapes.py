"""What a rater draws: shapes on one plane of an image, and regions made of them.

A place is (x, y) in pixels, x along a row and y down the rows, 0 at the centre of the first pixel.
Lengths are in mm, so that a circle is one also where pixels are no squares.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trephine.choices import Side

FURTHEST_PX = 1e5
MOST_POINTS = 20_000
MOST_PARTS = 5_000
LARGEST_MM = 1e4

Coordinate = Annotated[float, Field(ge=-FURTHEST_PX, le=FURTHEST_PX)]
PixelPlace = tuple[Coordinate, Coordinate]
Length = Annotated[float, Field(gt=0, le=LARGEST_MM)]
Combining = Literal["add", "subtract", "intersect"]
RegionName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]


class DrawnModel(BaseModel):
    """Base of what is drawn: frozen, and nothing that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FittedCircle(DrawnModel):
    """A circle through three points, or the one nearest to more of them."""

    kind: Literal["circle"] = "circle"
    points: Annotated[tuple[PixelPlace, ...], Field(min_length=3, max_length=200)]


class Disc(DrawnModel):
    """A circle by its centre and radius, as a suggestion states it."""

    kind: Literal["disc"] = "disc"
    centre: PixelPlace
    radius_mm: Length


class Ellipse(DrawnModel):
    """An ellipse; ``turn_degree`` leads from the direction of rows to that of the first axis."""

    kind: Literal["ellipse"] = "ellipse"
    centre: PixelPlace
    semi_axes_mm: tuple[Length, Length]
    turn_degree: Annotated[float, Field(ge=-360, le=360)] = 0.0


class Polygon(DrawnModel):
    """A closed line of straight edges; where it crosses itself, the even-odd rule decides."""

    kind: Literal["polygon"] = "polygon"
    points: Annotated[tuple[PixelPlace, ...], Field(min_length=3, max_length=MOST_POINTS)]


class Freehand(DrawnModel):
    """A closed line as a hand drew it, smoothed over ``smoothing_mm`` (0 for not at all)."""

    kind: Literal["freehand"] = "freehand"
    points: Annotated[tuple[PixelPlace, ...], Field(min_length=3, max_length=MOST_POINTS)]
    smoothing_mm: Annotated[float, Field(ge=0, le=50)] = 1.0


class Stroke(DrawnModel):
    """What a round brush covers on its way."""

    kind: Literal["stroke"] = "stroke"
    points: Annotated[tuple[PixelPlace, ...], Field(min_length=1, max_length=MOST_POINTS)]
    radius_mm: Length


class PixelRuns(DrawnModel):
    """Pixels of a mask that was there before: (row, first column, count)."""

    kind: Literal["runs"] = "runs"
    runs: Annotated[tuple[tuple[int, int, int], ...], Field(max_length=200_000)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if any(row < 0 or first < 0 or count < 1 for row, first, count in self.runs):
            raise ValueError("expected rows and columns from 0 and runs of a pixel at least")
        return self


class Group(DrawnModel):
    """Another region's parts, taken as one shape."""

    kind: Literal["group"] = "group"
    parts: Annotated[tuple[ShapePart, ...], Field(max_length=MOST_PARTS)]


class Ring(DrawnModel):
    """What lies round other parts, as far as ``width_mm`` from their nearest pixel."""

    kind: Literal["ring"] = "ring"
    parts: Annotated[tuple[ShapePart, ...], Field(max_length=MOST_PARTS)]
    width_mm: Annotated[float, Field(gt=0, le=100)]


Shape = Annotated[
    FittedCircle | Disc | Ellipse | Polygon | Freehand | Stroke | PixelRuns | Group | Ring,
    Field(discriminator="kind"),
]


class ShapePart(DrawnModel):
    """A shape, how it joins what was drawn before it, and its plane.

    Attributes
    ----------
    mode
        Added, taken away, or all that is left of what was there.
    axis, index
        Of a volume: the plane at ``index`` along array axis ``axis``; of a plane image, 0 and 0.
    """

    mode: Combining = "add"
    shape: Shape
    axis: Annotated[int, Field(ge=0, le=2)] = 0
    index: Annotated[int, Field(ge=0, le=100_000)] = 0


class DrawnRegion(DrawnModel):
    """A named region of one side.

    Attributes
    ----------
    region_id
        The page's own, unique in a reading.
    side
        The patient's; None where an image has none.
    name
        ``head``, ``lesion``, ``ring`` or a name of the study's own.
    parts
        In the order in which they were drawn.
    suggested
        Whether the program proposed it and the rater accepted it.
    """

    region_id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    side: Side | None = None
    name: RegionName = "head"
    parts: Annotated[tuple[ShapePart, ...], Field(max_length=MOST_PARTS)] = ()
    suggested: bool = False


Group.model_rebuild()
Ring.model_rebuild()
