"""One rater's reading of one image, as operations change it: regions, measures, state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from trephine.annotation.shapes import DrawnModel, DrawnRegion, PixelPlace, ShapePart
from trephine.choices import Side
from trephine.errors import InputError

Thing = TypeVar("Thing")

ReadingState = Literal["open", "drawn", "reviewed", "excluded"]
# States in which a rater calls a reading finished.
FINISHED: tuple[ReadingState, ...] = ("drawn", "reviewed")
MeasuredAs = Literal[
    "arc_coronal", "arc_axial", "depression", "centre_edge", "angle", "distance",
]  # fmt: skip

_PLACES: dict[MeasuredAs, tuple[int, int]] = {
    "arc_coronal": (2, 2),
    "arc_axial": (2, 2),
    "depression": (1, 200),
    "centre_edge": (1, 1),
    "angle": (3, 3),
    "distance": (2, 2),
}


class Measurement(DrawnModel):
    """Places from which an angle or a length follows; those of a head refer to its circle.

    Attributes
    ----------
    measure_id
        The page's own, unique in a reading.
    kind
        ``arc_axial`` is that of the second plane, mid-axial or mid-sagittal.
    side
        Whose head it is of.
    points
        An arc's two ends; the sunken surface; the roof's edge; an angle's corner as its second.
    axis, index
        The plane, as of `ShapePart`.
    """

    measure_id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    kind: MeasuredAs
    side: Side | None = None
    points: Annotated[tuple[PixelPlace, ...], Field(min_length=1, max_length=200)]
    axis: Annotated[int, Field(ge=0, le=2)] = 0
    index: Annotated[int, Field(ge=0, le=100_000)] = 0


class PutRegion(DrawnModel):
    """A region is there, or another than before."""

    do: Literal["put region"] = "put region"
    region: DrawnRegion


class AddPart(DrawnModel):
    """A part joins a region, which is there."""

    do: Literal["add part"] = "add part"
    region_id: str
    part: ShapePart


class RemoveRegion(DrawnModel):
    """A region goes."""

    do: Literal["remove region"] = "remove region"
    region_id: str


class PutMeasure(DrawnModel):
    """A measure is there, or another than before."""

    do: Literal["put measure"] = "put measure"
    measure: Measurement


class RemoveMeasure(DrawnModel):
    """A measure goes."""

    do: Literal["remove measure"] = "remove measure"
    measure_id: str


class SetState(DrawnModel):
    """How far the reading is; what is excluded has a reason."""

    do: Literal["set state"] = "set state"
    state: ReadingState
    reason: Annotated[str, Field(max_length=300)] = ""

    @property
    def lacks_reason(self) -> bool:
        """Whether it excludes a case and does not say why."""
        return self.state == "excluded" and not self.reason.strip()


class Undo(DrawnModel):
    """The last change that counts goes."""

    do: Literal["undo"] = "undo"


class Redo(DrawnModel):
    """The change that was undone last comes back."""

    do: Literal["redo"] = "redo"


ReadingChange = PutRegion | AddPart | RemoveRegion | PutMeasure | RemoveMeasure | SetState
Operation = Annotated[ReadingChange | Undo | Redo, Field(discriminator="do")]
_OPERATION: TypeAdapter[ReadingChange | Undo | Redo] = TypeAdapter(Operation)


@dataclass(frozen=True)
class DrawnReading:
    """What a reading comes to.

    Attributes
    ----------
    regions, measures
        By their ids, in the order in which they came.
    state, reason
        How far it is.
    undoable, redoable
        How many changes can be taken back, and brought back.
    """

    regions: dict[str, DrawnRegion] = field(default_factory=dict)
    measures: dict[str, Measurement] = field(default_factory=dict)
    state: ReadingState = "open"
    reason: str = ""
    undoable: int = 0
    redoable: int = 0


def operation_of(content: object) -> ReadingChange | Undo | Redo:
    """Return an operation from JSON's values.

    Raises
    ------
    InputError
        If it is none; what was sent is not quoted.
    """
    try:
        operation = _OPERATION.validate_python(content)
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "too deep"
        raise InputError(
            f"operation: expected one that is known, found another ({first})"
        ) from None
    if isinstance(operation, PutMeasure):
        least, most = _PLACES[operation.measure.kind]
        if not least <= len(operation.measure.points) <= most:
            raise InputError(
                f"measure: expected {least} to {most} places, found {len(operation.measure.points)}"
            )
    if isinstance(operation, SetState) and operation.lacks_reason:
        raise InputError("excluded: expected a reason, found none")
    return operation


def operation_json(operation: ReadingChange | Undo | Redo) -> dict[str, object]:
    """Return an operation as JSON's values, from which `operation_of` makes it again."""
    found: dict[str, object] = operation.model_dump(mode="json")
    return found


def counting(
    operations: Iterable[ReadingChange | Undo | Redo],
) -> tuple[list[ReadingChange], list[ReadingChange]]:
    """Return the changes that count, and those that were undone and can come back, last first."""
    done: list[ReadingChange] = []
    undone: list[ReadingChange] = []
    for operation in operations:
        if isinstance(operation, Undo):
            if done:
                undone.append(done.pop())
        elif isinstance(operation, Redo):
            if undone:
                done.append(undone.pop())
        else:
            done.append(operation)
            undone.clear()
    return done, undone


def reading_of(operations: Iterable[ReadingChange | Undo | Redo]) -> DrawnReading:
    """Return what operations come to, the first one first."""
    done, undone = counting(operations)
    found = DrawnReading(undoable=len(done), redoable=len(undone))
    for change in done:
        found = _changed(found, change)
    return found


def check_fits(operation: ReadingChange | Undo | Redo, now: DrawnReading) -> None:
    """Refuse an operation on what is not there.

    Raises
    ------
    InputError
        If its region or measure is unknown, or there is nothing to undo or to bring back.
    """
    what = ""
    if isinstance(operation, AddPart | RemoveRegion) and operation.region_id not in now.regions:
        what = "a region of this reading, found none of that name"
    elif isinstance(operation, RemoveMeasure) and operation.measure_id not in now.measures:
        what = "a measure of this reading, found none of that name"
    elif isinstance(operation, Undo) and not now.undoable:
        what = "something to undo, found nothing"
    elif isinstance(operation, Redo) and not now.redoable:
        what = "something that was undone, found nothing"
    if what:
        raise InputError(f"operation: expected {what}")


def _changed(now: DrawnReading, change: ReadingChange) -> DrawnReading:
    regions, measures = now.regions, now.measures
    match change:
        case PutRegion():
            return replace(now, regions={**regions, change.region.region_id: change.region})
        case AddPart():
            region = regions.get(change.region_id)
            if region is None:
                return now
            more = region.model_copy(update={"parts": (*region.parts, change.part)})
            return replace(now, regions={**regions, change.region_id: more})
        case RemoveRegion():
            return replace(now, regions=_without(regions, change.region_id))
        case PutMeasure():
            return replace(now, measures={**measures, change.measure.measure_id: change.measure})
        case RemoveMeasure():
            return replace(now, measures=_without(measures, change.measure_id))
        case SetState():
            return replace(now, state=change.state, reason=change.reason)


def _without(things: dict[str, Thing], name: str) -> dict[str, Thing]:
    return {key: value for key, value in things.items() if key != name}
