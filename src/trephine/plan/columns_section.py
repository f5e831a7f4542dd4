"""``[data] columns``: which column of the table means what."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from trephine.choices import Side
from trephine.errors import MisfitError
from trephine.plan.section import PlanSection


class Columns(PlanSection):
    """``[data] columns``: which column of the table means what."""

    case: str = Field(
        default="case_id",
        description="one name per row, unique; if absent, cases are named by patient and side",
    )
    patient: str | None = Field(
        default=None, description="cases of one patient are never split; the case by default"
    )
    side: str | None = Field(default=None, description="R or L, where one image holds two cases")
    time: str = Field(default="time", description="follow-up, from the start to event or end")
    event: str = Field(default="event", description="1 where the event was seen, 0 if censored")
    start: str | None = Field(
        default=None, description="instead of `time`: date on which follow-up begins"
    )
    last: str | None = Field(default=None, description="with `start`: date of the last visit")
    event_date: str | None = Field(
        default=None,
        description="instead of `event`: date on which it was seen; empty means not until `last`",
    )
    entry: str | None = Field(
        default=None,
        description="when a case came under observation, where that was later than the start, as a"
        " time after it, or as a date with `start`: it is at risk from there on only (left"
        " truncation); an empty cell means from the start",
    )
    last_intact: str | None = Field(
        default=None,
        description="instead of `time` and `event`, where visits saw the event: last visit without"
        " it, as a time after the start, or as a date with `start`",
    )
    first_seen: str | None = Field(
        default=None,
        description="with `last_intact`: first visit with the event, empty where it was not seen;"
        " models and curves then use only that its time lies between the two",
    )
    centre: str | None = Field(
        default=None,
        description="hospital; of two or more, each is predicted by recipes that had not seen it,"
        " and [selection] harmonise can take their effects out of the features",
    )
    sides: dict[Side, str | tuple[str, ...]] | None = Field(
        default=None,
        description="for a table with one row per patient: how the columns of a side begin or end,"
        ' `{ R = "R ", L = "L " }` or lists; other keys and `[clinical]` then name columns without'
        " their side, and `{side}` in a path is R or L",
    )
    operated: str | None = Field(
        default=None,
        description="with `sides`: column of each side that says whether it is a case; by default"
        " where its `start`, if it has one of its own, or any of its columns is filled",
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        stated = self.model_fields_set
        if (self.last_intact is None) != (self.first_seen is None):
            raise MisfitError("last_intact and first_seen", "both columns of visits or neither")
        if self.by_visits:
            other = {"time", "event", "last", "event_date", "entry"} & stated
            if other:
                expected = "either last_intact and first_seen, or the columns of one time"
                raise MisfitError(sorted(other)[0], expected, "both")
        elif (self.start is None) != (self.last is None):
            raise MisfitError("start and last", "both dates or neither")
        if self.event_date is not None and self.start is None:
            raise MisfitError("event_date", "start and last with it")
        if self.start is not None and "time" in stated:
            raise MisfitError("time", "either time or start and last", "both")
        if self.event_date is not None and "event" in stated:
            raise MisfitError("event", "either event or event_date", "both")
        if self.sides is not None:
            if set(self.sides) != {"R", "L"}:
                raise MisfitError("sides", "R and L")
            right, left = self.spellings["R"], self.spellings["L"]
            if len(right) != len(left) or not all((*right, *left)):
                raise MisfitError("sides", "as many spellings of R as of L, none empty")
            if self.side is not None:
                raise MisfitError("side", "either side or sides", "both")
            if self.patient is None and "case" not in stated:
                raise MisfitError("sides", "patient, the column that names each row")
        elif self.operated is not None:
            raise MisfitError("operated", "sides with it")
        return self

    @property
    def by_visits(self) -> bool:
        """Whether an event is known to lie between two visits."""
        return self.last_intact is not None

    @property
    def spellings(self) -> dict[str, tuple[str, ...]]:
        """By side, how the columns of a wide table begin or end; empty for one row per case."""
        return {
            side: (texts,) if isinstance(texts, str) else texts
            for side, texts in (self.sides or {}).items()
        }

    @property
    def named_case(self) -> str | None:
        """The column that names cases; None where they are named by patient and side."""
        sided = self.patient is not None and (self.side is not None or self.sides is not None)
        return None if sided and "case" not in self.model_fields_set else self.case

    @property
    def has_sides(self) -> bool:
        """Whether each case is one side of its patient."""
        return self.side is not None or self.sides is not None
