"""The frozen values that rooms hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import ImageError, InputError, RegionError, named_labels
from trephine.rows import row_index

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TimeUnit = Literal["days", "weeks", "months", "years"]


def span_text(time: float, unit: TimeUnit) -> str:
    """Say "36 months", and "1 year" rather than "1 years"."""
    return f"{time:g} {unit[:-1] if time == 1 else unit}"


@dataclass(frozen=True)
class Survival:
    """Right-censored follow-up of n cases.

    Attributes
    ----------
    time
        Follow-up, shape (n,), > 0, in ``unit``.
    event
        Shape (n,); True where the event was seen, False where follow-up was censored.
    unit
        Unit of ``time``.

    Raises
    ------
    InputError
        If shapes differ, or a time is not finite and positive; row numbers are given (0-based).

    Examples
    --------
    >>> from trephine import Survival
    >>> outcome = Survival([12.0, 30.5, 24.0], [1, 0, 1], "months")
    >>> len(outcome), int(outcome.event.sum())
    (3, 2)
    """

    time: FloatArray
    event: BoolArray
    unit: TimeUnit = "months"

    def __post_init__(self) -> None:
        time = np.ascontiguousarray(self.time, dtype=np.float64)
        event = np.asarray(self.event)
        if time.ndim != 1 or event.shape != time.shape:
            raise InputError(
                f"survival: expected time and event of one length, found shapes {time.shape} "
                f"and {event.shape}"
            )
        if event.dtype != np.bool_:
            odd = np.flatnonzero(~np.isin(event, (0, 1)))
            if odd.size:
                raise InputError(
                    f"event: expected 0 (censored) or 1 (event), found {event[odd[0]].item()!r} in"
                    f" row {odd[0]} and {odd.size - 1} more; recode, for example 2 -> 1 and 1 -> 0"
                )
            event = event.astype(np.bool_)
        bad = np.flatnonzero(~(np.isfinite(time) & (time > 0)))
        if bad.size:
            raise InputError(
                f"time: expected finite values > 0, found {float(time[bad[0]])!r} in row {bad[0]}"
                f" and {bad.size - 1} more"
            )
        time.setflags(write=False)
        event.setflags(write=False)
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "event", event)

    def __len__(self) -> int:
        return int(self.time.size)

    def take(self, rows: npt.ArrayLike) -> Survival:
        """Return the cases at ``rows`` (indices or a boolean mask)."""
        index = row_index(rows)
        return Survival(self.time[index], self.event[index], self.unit)

    def when(self, time: float) -> str:
        """Say a time with its unit, for sentences."""
        return span_text(time, self.unit)


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value
        The point estimate.
    low, high
        Interval limits; NaN where none could be computed.
    level
        Coverage that the interval aims at.
    standard_error
        On the scale of ``value``; NaN where the interval does not rest on one.

    Examples
    --------
    >>> from trephine import Estimate
    >>> c_index = Estimate(0.72, 0.65, 0.79)
    >>> c_index.value, c_index.level
    (0.72, 0.95)
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    level: float = 0.95
    standard_error: float = float("nan")


@dataclass(frozen=True)
class Geometry:
    """Where an array lies in the patient.

    Attributes
    ----------
    spacing_mm
        Distance between neighbours along each array axis: (row, column) or (slice, row, column).
    origin_mm
        Position of the first element, x, y(, z), in DICOM's patient axes (LPS).
    direction
        ITK's direction cosines, row by row, for axes x, y(, z).
    placed
        Of a single slice laid flat: where it lies in three dimensions. None for a volume, and for
        what lies nowhere in particular: a radiograph, a picture.

    Examples
    --------
    >>> from trephine import Geometry
    >>> Geometry.plain((0.2, 0.2)).spacing_mm
    (0.2, 0.2)
    """

    spacing_mm: tuple[float, ...]
    origin_mm: tuple[float, ...]
    direction: tuple[float, ...]
    placed: Geometry | None = field(default=None, compare=False)

    @classmethod
    def plain(cls, spacing_mm: tuple[float, ...]) -> Geometry:
        """Geometry at the origin, axes along the patient's."""
        n = len(spacing_mm)
        identity = tuple(float(i == j) for i in range(n) for j in range(n))
        return cls(tuple(map(float, spacing_mm)), (0.0,) * n, identity)


@dataclass(frozen=True)
class ImageHeader:
    """What a DICOM file says of its patient and its view, to be compared with a study's table.

    It may identify a patient: it is compared and never shown, logged or stored.

    Attributes
    ----------
    patient_id, sex, body_part
        As written; F or M; Body Part Examined, upper case. Empty where there is none.
    age_years, taken
        From Patient's Age, else from the dates of birth and study; Acquisition Date, else Study
        Date; None where there are neither.
    spacings_mm, frame_of_reference
        Every (row, column) that the file states, and 1 where ITK, as drawing programs, finds none;
        Frame of Reference UID, which images in one space share, or empty.
    """

    patient_id: str = ""
    sex: str = ""
    age_years: float | None = None
    body_part: str = ""
    taken: date | None = None
    spacings_mm: tuple[tuple[float, float], ...] = ()
    frame_of_reference: str = ""


@dataclass(frozen=True)
class Image:
    """A grey image with its geometry.

    Attributes
    ----------
    pixels
        Float64, (rows, columns) or (slices, rows, columns). High values are bright as displayed
        under MONOCHROME2: a MONOCHROME1 image is inverted when it is read, once.
    geometry
        Spacing, origin and direction.
    provenance
        How the pixels and the spacing came about (plain values; no identifier of a patient).
    header
        Of a DICOM file, else None.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Geometry, Image
    >>> Image(np.zeros((64, 48)), Geometry.plain((0.2, 0.2))).pixels.shape
    (64, 48)
    """

    pixels: FloatArray
    geometry: Geometry
    provenance: Mapping[str, str | float | int | bool | None] = field(default_factory=dict)
    header: ImageHeader | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.pixels.ndim != len(self.geometry.spacing_mm):
            raise ImageError(
                f"image: expected spacing along {self.pixels.ndim} axes, found"
                f" {len(self.geometry.spacing_mm)}"
            )


@dataclass(frozen=True)
class Mask:
    """Labelled regions on an image's grid.

    Attributes
    ----------
    labels
        Integer array of the image's shape; 0 is background.
    geometry
        Spacing, origin and direction.
    provenance
        How the labels came about (plain values).
    names
        Label of each segment that the file names.
    shared
        Label values that segments of several layers share: they name none of them.
    overlapping
        Labels of segments that share pixels with another one: a label map cannot hold them whole.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Geometry, Mask
    >>> labels = np.zeros((64, 48), dtype=np.int64)
    >>> labels[20:30, 10:25] = 1
    >>> Mask(labels, Geometry.plain((0.2, 0.2))).label_of(1)
    1
    """

    labels: npt.NDArray[np.integer]
    geometry: Geometry
    provenance: Mapping[str, str | float | int | bool | None] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)
    shared: tuple[int, ...] = ()
    overlapping: tuple[int, ...] = ()

    def label_of(self, wanted: int | str) -> int:
        """Return the label of a region that is asked for by label or by a segment's name.

        Raises
        ------
        ImageError
            If no segment has the name, segments of several layers share the label, or the segment
            overlaps another.
        """
        label = self._label_of(wanted)
        if label in self.overlapping:
            raise ImageError(
                "mask: expected a segment that shares no pixel with another, found"
                f" {wanted!r} overlapping one; save it to a file of its own"
            )
        return label

    def knows(self, wanted: int | str) -> bool:
        """Say whether a region may be asked for so, whether or not it was drawn."""
        try:
            self.label_of(wanted)
        except ImageError:
            return False
        return True

    def _label_of(self, wanted: int | str) -> int:
        if isinstance(wanted, str):
            if wanted not in self.names:
                known = f"segments {named_labels(list(self.names))}"
                found = known if self.names else "no names in the file"
                raise ImageError(f"mask: expected a segment {wanted!r}, found {found}")
            return self.names[wanted]
        if wanted == self.provenance.get("white"):
            return 1  # a picture of black and white, asked for by its white
        if wanted in self.shared:
            raise ImageError(
                f"mask: expected one segment with label {wanted}, found several in different"
                f" layers; choose one by its name, of {named_labels(list(self.names))}"
            )
        return wanted

    def region(self, label: int | str) -> BoolArray:
        """Return the region of one label or named segment, shape of the image.

        Raises
        ------
        ImageError
            If the label does not occur; the labels that do are named.
        """
        label = self.label_of(label)
        region: BoolArray = self.labels == label
        if not region.any():
            present = [int(value) for value in np.unique(self.labels) if value != 0]
            found = f"labels {named_labels(present)}" if present else "an empty mask"
            raise RegionError("mask", f"label {label}", found)
        return region
