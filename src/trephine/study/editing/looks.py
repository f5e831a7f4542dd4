"""What a page shows of a study's data and what was chosen there; needs nothing that reads tables.

The desk's server is answered by other processes, and makes these again of what it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trephine.study.editing.study_file import Role, StudyText, VariableEdit
from trephine.study.jobs.process import ProblemState

ColumnRole = Role | Literal["clinical", "part", "out"]


@dataclass(frozen=True)
class ColumnLook:
    """A column of the cases' table.

    Attributes
    ----------
    name
        Of the column.
    cells
        Of the rows that are shown, as the file has them.
    filled, values, more_values
        Cells that hold a value, the commonest values, and how many others there are.
    role
        What the study file takes it for; "part" where it is one of several columns of a variable.
    guess, why
        What a draft takes it for, and the reason.
    levels, reference, unit, label
        Of its clinical variable: as the study file has it, else as a draft would.
    problems
        What is wrong with it.
    """

    name: str
    cells: tuple[str, ...]
    filled: int
    values: tuple[tuple[str, int], ...]
    more_values: int
    role: ColumnRole
    guess: ColumnRole
    why: str
    levels: tuple[str, ...] = ()
    reference: str = ""
    unit: str = ""
    label: str = ""
    problems: tuple[ProblemState, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether its levels can be edited in the file alone: a comma parts them on the page."""
        return any("," in level for level in self.levels)


@dataclass(frozen=True)
class PatternLook:
    """A path with ``{column}`` fields.

    Attributes
    ----------
    kind, rater
        Image, mask or second mask; the rater who drew it, empty for an image.
    pattern
        From the study's folder.
    files
        How many files it leads to.
    without
        Rows of the cases that have none, as a spreadsheet counts them.
    needed
        Whether every case must have its own.
    name
        Of the image, where a case has several.
    """

    kind: str
    rater: str
    pattern: str
    files: int
    without: tuple[int, ...]
    needed: bool
    name: str = ""


@dataclass(frozen=True)
class DataLook:
    """A study's data.

    Attributes
    ----------
    file
        The study file.
    table, sheet, sheets
        Name of the cases' table, the sheet that was read, and all sheets.
    rows, n_rows
        Numbers of the rows that are shown, as a spreadsheet counts them, and how many there are.
    first
        Number of the table's first row.
    columns
        In the table's order.
    wide
        Whether the table has one row per patient; its columns are shown without their side.
    remarks
        What was assumed in reading the table.
    patterns
        Paths of images and masks, and what they lead to.
    problems
        What is wrong with the study file and the table, but for columns.
    """

    file: StudyText
    table: str = ""
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    n_rows: int = 0
    first: int = 0
    columns: tuple[ColumnLook, ...] = ()
    wide: bool = False
    remarks: tuple[str, ...] = ()
    patterns: tuple[PatternLook, ...] = ()
    problems: tuple[ProblemState, ...] = ()


@dataclass(frozen=True)
class ImageChoice:
    """Where the files of one of several images of a case are, as paths of all cases.

    Attributes
    ----------
    image
        Of the images.
    raters
        Rater to the path of the masks; an empty path takes the rater out.
    """

    image: str
    raters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DataChoices:
    """What was chosen on a page.

    Attributes
    ----------
    digest
        Of the study file that the page showed.
    roles
        Column to what it is.
    variables
        Column to what its clinical variable is declared as, where the page asked for that.
    texts
        Section to key to text; horizons as numbers separated by commas.
    raters
        Rater to the path of the masks; an empty path takes the rater out.
    images
        Name to paths, where a case has several images; a name that the study file lacks is none.
    """

    digest: str
    roles: Mapping[str, ColumnRole] = field(default_factory=dict)
    variables: Mapping[str, VariableEdit] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    raters: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, ImageChoice] = field(default_factory=dict)
