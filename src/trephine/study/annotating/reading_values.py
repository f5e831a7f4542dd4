"""The numbers of a reading on disk, from which the table of measures is made."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from trephine.annotation.reading import ReadingState
from trephine.errors import InputError
from trephine.paths import open_regular
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.kept_inside import kept_inside

VALUES = "values"
# What is known of a head as a class; all else is a number.
GRADES = ("kerboul", "steinberg")
_MOST_BYTES = 16 << 20


def values_file(item: WorkItem, folder: Path) -> Path:
    """Return where the numbers of a rater's reading lie.

    Raises
    ------
    InputError
        If a link leads out of the rater's folder.
    """
    return kept_inside(folder / VALUES / f"{item.address}.json", folder)


class ReadingValues(BaseModel):
    """The numbers of a reading as they were written.

    Attributes
    ----------
    place, revision, state
        Of the reading.
    heads
        What is known of each head, by side.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    place: str
    revision: int
    state: ReadingState
    heads: dict[str, dict[str, float | bool | str]]

    @model_validator(mode="after")
    def _known(self) -> Self:
        for head in self.heads.values():
            for name, value in head.items():
                if isinstance(value, str) != (name in GRADES):
                    raise ValueError("expected numbers, and classes in letters")
        return self


def read_values(item: WorkItem, folder: Path) -> ReadingValues | None:
    """Return the numbers of a rater's reading; None where there are none.

    Raises
    ------
    InputError
        If they are damaged, or something else lies in their place.
    """
    path = values_file(item, folder)
    if not path.exists():
        return None
    try:
        with open_regular(path) as file:
            return ReadingValues.model_validate_json(file.read(_MOST_BYTES))
    except (InputError, OSError, ValidationError):
        raise InputError(
            f"{VALUES}: expected the numbers of a reading, found a damaged file; open the page"
            " again, which writes them anew"
        ) from None


def files_revision(item: WorkItem, folder: Path) -> int:
    """Return the revision whose masks and values were written last; 0 where none were."""
    try:
        found = read_values(item, folder)
    except InputError:
        return 0
    return 0 if found is None else found.revision
