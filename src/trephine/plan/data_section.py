"""``[data]``: the table, the images and the masks, and which column means what."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import (
    Field,
    PrivateAttr,
    field_validator,
    model_validator,
)

from trephine.choices import (
    Failures,
    MaskGeometry,
    SerialsFrom,
)
from trephine.cohort.cells import CellReading
from trephine.cohort.date_forms import DateOrder
from trephine.cohort.follow_up import DateRules
from trephine.cohort.tidy import TidyRules
from trephine.cohort.visits import VisitRules
from trephine.errors import MisfitError
from trephine.paths import fixed_folder
from trephine.plan.columns_section import Columns
from trephine.plan.derived_region import Derivation
from trephine.plan.drawn_masks import masks_to_draw
from trephine.plan.image_words import Acceptable, ImagingModality, RadiographView
from trephine.plan.section import PlanSection
from trephine.types import TimeUnit


class DataSection(PlanSection):
    """``[data]``: the table, the images and the masks."""

    table: Path = Field(
        description="CSV (also .gz), TSV, xlsx, xls, ods or Parquet, one row per case"
    )
    sheet: str | None = Field(
        default=None, description="sheet of a workbook; by default the first that holds a table"
    )
    encoding: str | None = Field(
        default=None,
        description="of a CSV table; by default found by its byte order mark, or by its bytes"
        " (UTF-8, UTF-16, GB18030, Big5, Shift JIS, Korean, Cyrillic, Greek or Windows-1252), and"
        " reported",
    )
    read: dict[str, CellReading] = Field(
        default_factory=dict,
        description="column to what its cells mean, for outcome, side, centre and any other:"
        ' `"侧别" = { "右" = "R", "左" = "L" }`, `died = { "" = "0" }`, or the keys of'
        " `[data.read.COLUMN]` below",
    )
    image: str | None = Field(
        default=None,
        description="path of a case's image, or of the folder that holds the slices of one CT or MR"
        " series; {column} is filled from the table, and `*` and `?` stand for a part of a name"
        " where one file alone fits",
    )
    manifest: Path | None = Field(
        default=None,
        description="table that lists files: the columns that it shares with `table` say whose, and"
        ' its others can be named in paths, as in `image = "{image}"`; its paths start from the'
        " study's folder; `trephine new` writes one where no pattern fits",
    )
    raters: dict[str, str] = Field(
        default_factory=dict,
        description="path of each rater's mask; the first rater's regions enter the models and must"
        " be there for every case; other raters may have drawn some of the cases (five at least),"
        " and agreement is that of the cases that both drew",
    )
    repeats: dict[str, str] = Field(
        default_factory=dict,
        description="second readings by the named rater; files may be missing for some cases",
    )
    measures: dict[str, Path] = Field(
        default_factory=dict,
        description="table of each rater's measures of the femoral head, as `trephine annotate`"
        ' writes it: `{ a = "annotations/a/measures.csv" }`; the first rater\'s finished hips fill'
        " clinical variables with `measure`, by case or patient and side",
    )
    mask_label: int | str | dict[str, int | str] = Field(
        default=1,
        description="label of the region, or a label for each side; in a segmentation of 3D Slicer"
        " or a DICOM SEG also the name of a segment",
    )
    columns: Columns = Field(default=Columns(), description="which column means what")
    date_order: DateOrder | dict[str, DateOrder] | None = Field(
        default=None,
        description="order of the parts of dates that could be read in two ways, for all columns or"
        " by column; by default the one that all cells of a column fit, if there is one",
    )
    date_serials: SerialsFrom = Field(
        default=1900, description="year from which Excel's bare day numbers count"
    )
    modality: ImagingModality | None = Field(
        default=None,
        description="what every DICOM image must be: a radiograph, or a slice or series of CT or"
        " MR; one of another kind is a problem",
    )
    view: RadiographView | None = Field(
        default=None,
        description="how a radiograph shows the patient, frontal by default: on a lateral one no"
        " side of the image is the patient's right or left, so none is compared with the table or"
        " marked in pictures",
    )
    spacing_mm: float | tuple[float, float] | None = Field(
        default=None, description="pixel spacing to use where an image states none"
    )
    mask_geometry: MaskGeometry = Field(
        default="strict",
        description="what to do with a mask whose header does not put it on its image's pixels:"
        ' `"strict"` refuses it; `"adopt"` keeps the drawing on its pixels and takes the image\'s'
        " geometry, for a mask that was drawn on this very image and has a wrong header;"
        ' `"resample"` moves it by nearest neighbour to where its header puts it, for a mask on'
        " another grid",
    )
    failures: Failures = Field(
        default="stop",
        description="what becomes of cases whose image or mask is missing, cannot be read, does"
        ' not fit or cannot be measured: `"stop"` ends with a list of those that `trephine check`'
        ' finds, and a run at the first that cannot be measured; `"skip"` leaves them out, named'
        " by row and counted in the flow figure. Files that go away during a run always end it",
    )
    timeout_s: float | None = Field(
        default=None,
        ge=0.1,
        description="longest time for one image with all its regions, in seconds; one that takes"
        " longer is a failure, as is one that ends its process twice. By default there is no limit",
    )
    accept: tuple[Acceptable, ...] = Field(
        default=(),
        description="what to go on with although images or masks contradict the table: `sides`"
        " (a region on the patient's other side, a file of the other side), `regions` (one region"
        " for two cases), `images` (one image for two patients), `patient`, `sex`, `age` (a DICOM"
        " header says another), `dates` (an image was taken more than a month after follow-up"
        " began), `view` (lateral among frontal), `orientation` (no note that NIfTI masks on"
        " radiographs do not state which way up they lie)",
    )
    outside: tuple[str, ...] = Field(
        default=(),
        description="folders elsewhere that cells of the table and links may lead into; the study's"
        " folder and those that `image`, `raters` and `repeats` spell out need no mention",
    )

    _study_folder: Path | None = PrivateAttr(default=None)
    _derivation: Derivation | None = PrivateAttr(default=None)
    # The column of the day on which follow-up begins, of a table whose times were made of dates.
    _begins: str | None = PrivateAttr(default=None)

    @property
    def begins(self) -> str | None:
        """The column of the day on which follow-up begins, where the table has one."""
        return self.columns.start or self._begins

    def with_columns(self, columns: Columns) -> Self:
        """Return a copy for a table that was made tidy, whose columns these are."""
        copy = self.model_copy(update={"columns": columns})
        copy._begins = self.columns.start
        return copy

    @property
    def derivation(self) -> Derivation | None:
        """How the region is made of those that were drawn; None where it is one of them."""
        return self._derivation

    def deriving(self, derivation: Derivation | None, update: dict[str, Any]) -> Self:
        """Return a copy with some values changed whose region is made so."""
        copy = self.model_copy(update=update)
        copy._derivation = derivation
        return copy

    def anchored(self, folder: Path, update: dict[str, Any]) -> Self:
        """Return a copy with some values changed that knows the study's folder."""
        copy = self.model_copy(update=update)
        copy._study_folder = folder
        return copy

    def folders_for(self, pattern: str) -> tuple[Path, ...]:
        """Return the folders that a filled pattern may lead into, the pattern's own first."""
        own = (self._study_folder,) if self._study_folder is not None else ()
        return (fixed_folder(pattern), *own, *map(Path, self.outside))

    def shown(self, pattern: str) -> str:
        """Return a pattern as a message shows it: from the study's folder where it lies there."""
        path = Path(pattern)
        if self._study_folder is not None and path.is_relative_to(self._study_folder):
            return path.relative_to(self._study_folder).as_posix()
        return path.as_posix()

    @field_validator("read", mode="before")
    @classmethod
    def _readings(cls, read: object) -> object:
        """Let a column's words stand alone: ``side = { "右" = "R" }``."""
        if not isinstance(read, dict):
            return read
        return {column: CellReading.of(how) for column, how in read.items()}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.image is not None and not self.raters and not self.measures:
            raise MisfitError("raters", masks_to_draw(self.image), "none")
        if self.raters and self.image is None:
            raise MisfitError("image", "the path of the images, since there are raters", "none")
        if self.repeats and not self.raters:
            raise MisfitError("repeats", "the masks of raters beside second ones", "none")
        unknown = set(self.repeats) - set(self.raters)
        if unknown:
            raise MisfitError("repeats", f"raters {list(self.raters)}", str(unknown))
        if isinstance(self.mask_label, dict) and not self.columns.has_sides:
            raise MisfitError(
                "mask_label",
                "a column of the side ([data.columns] side or sides) for labels by side",
                "none",
            )
        return self

    def tidy_rules(self, unit: TimeUnit) -> TidyRules:
        """Return what the section says about the table's columns; ``unit`` is the outcome's."""
        columns = self.columns
        dates = None
        if columns.start is not None and columns.last is not None:
            dates = DateRules(
                columns.start,
                columns.last,
                columns.event_date,
                columns.entry,
                order=self.date_order,
                serials=self.date_serials,
            )
        visits = None
        if columns.last_intact is not None and columns.first_seen is not None:
            visits = VisitRules(
                columns.last_intact, columns.first_seen, columns.start, order=self.date_order,
                serials=self.date_serials,
            )  # fmt: skip
        return TidyRules(
            case=columns.named_case,
            patient=columns.patient,
            side=columns.side,
            time=columns.time,
            event=columns.event,
            dates=dates,
            visits=visits,
            unit=unit,
            spellings=columns.spellings,
            operated=columns.operated,
        )
