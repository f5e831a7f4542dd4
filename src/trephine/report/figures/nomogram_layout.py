"""The axes of a nomogram, measured out for one width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.facts import AxisTick, ExampleValue, NomogramFacts, PredictorAxis
from trephine.report.figures.fitting import shortened, wrapped
from trephine.report.figures.labels import PlacedLabel, spread_out, thin_out
from trephine.report.figures.series import as_number
from trephine.report.style import (
    BODY_PT,
    COLUMN_MM,
    SMALL_PT,
    text_width_mm,
)
from trephine.report.wording import horizon_adjective, show
from trephine.types import TimeUnit

LANE_MM = 2.9
TICK_MM = 1.1
LEAD_MM = 1.9
ROW_GAP_MM = 2.6
NAME_MM = 3.4
EDGE_MM = 3.0
# Share of the axis that the name of one level may take.
LONGEST_LEVEL = 0.45
PHRASE_MM = 2.0


@dataclass(frozen=True)
class AxisRow:
    """One axis of the nomogram, measured out.

    Attributes
    ----------
    name
        What stands beside or above the axis.
    positions_mm
        Where its ticks stand, from the left end of the points axis.
    texts
        What the ticks are called.
    labels
        Labels in their places.
    example
        The worked case on this axis; None without one.
    extra_mm
        Room that a name of several lines beside the axis needs more than the axis.
    """

    name: str
    positions_mm: tuple[float, ...]
    texts: tuple[str, ...]
    labels: tuple[PlacedLabel, ...]
    example: tuple[float, str] | None = None
    extra_mm: float = 0.0

    @property
    def above_mm(self) -> float:
        """Room above the axis line."""
        return self._room(-1)

    @property
    def below_mm(self) -> float:
        """Room below the axis line."""
        return self._room(1)

    def lead_mm(self, side: int) -> float:
        """Room for leaders between ticks and text on one side."""
        return LEAD_MM if any(b.moved and b.lane * side > 0 for b in self.labels) else 0.3

    def _room(self, side: int) -> float:
        lanes = max([0, *(label.lane * side for label in self.labels)])
        return TICK_MM + (self.lead_mm(side) + LANE_MM * lanes if lanes else 0.0)


@dataclass(frozen=True)
class Layout:
    """The nomogram, measured out for one width."""

    rows: tuple[AxisRow, ...]
    width_mm: float
    left_mm: float
    right_mm: float
    names_above: bool

    @property
    def height_mm(self) -> float:
        """Height that all rows need."""
        name = NAME_MM if self.names_above else 0.0
        return 5.0 + sum(
            row.above_mm
            + row.below_mm
            + row.extra_mm
            + ROW_GAP_MM
            + name * (1 + row.name.count("\n"))
            for row in self.rows
        )


def lay_out_nomogram(
    nomogram: NomogramFacts,
    time_unit: TimeUnit,
    outcome_name: str,
    width_mm: float,
    risk_of: str = "",
) -> Layout:
    """Measure a nomogram out: names beside the axes on a page, above them in a column.

    Parameters
    ----------
    nomogram
        As the facts hold it.
    time_unit, outcome_name
        Of the study.
    width_mm
        Of the figure.
    risk_of
        Event whose risk the lower axes show; empty where they show survival. Where events compete,
        who has not had the event may have had another: the rest to 1 is nobody's survival.
    """
    shown = f"risk of {risk_of}" if risk_of else outcome_name
    names_above = width_mm <= COLUMN_MM + 1
    limit_mm = width_mm - 2 * EDGE_MM if names_above else 0.3 * width_mm
    names = [
        "Points",
        *(_axis_name(axis.label, axis.unit) for axis in nomogram.predictors),
        "Total points",
        *(f"{horizon_adjective(a.horizon, time_unit)} {shown}" for a in nomogram.survival),
    ]
    names = ["\n".join(wrapped(name, limit_mm, BODY_PT, bold=True)) for name in names]
    widest = max(
        text_width_mm(line, BODY_PT, bold=True) for name in names for line in name.split("\n")
    )
    left = EDGE_MM if names_above else widest + 6.0
    right = 15.0 if nomogram.example else EDGE_MM + 2.0
    n_axes = 1 + len(nomogram.predictors)
    length = width_mm - left - right
    rows = [
        *_point_rows(nomogram, names[:n_axes], length),
        *_total_rows(nomogram, names[n_axes:], length, bool(risk_of)),
    ]
    if not names_above:
        rows = [_with_room_for_name(row) for row in rows]
    return Layout(tuple(rows), width_mm, left, right, names_above)


def _point_rows(nomogram: NomogramFacts, names: Sequence[str], length: float) -> list[AxisRow]:
    """Return the scale of points and the axis of each predictor."""
    mm_per_point = length / max(as_number(tick) for tick in nomogram.points_ticks)
    rows = [_scale(names[0], nomogram.points_ticks, mm_per_point)]
    for index, axis in enumerate(nomogram.predictors):
        positions = tuple(as_number(tick.points) * mm_per_point for tick in axis.ticks)
        texts, labels = _tick_labels(axis, positions, length)
        example = nomogram.example
        mark = _mark(example.values[index], mm_per_point) if example else None
        rows.append(AxisRow(names[index + 1], positions, texts, labels, mark))
    return rows


def _tick_labels(
    axis: PredictorAxis, positions: tuple[float, ...], length: float
) -> tuple[tuple[str, ...], tuple[PlacedLabel, ...]]:
    """Return the words of each tick, and where those that have room are written."""
    if axis.type == "continuous":
        texts = tuple(tick.label.replace("-", "−") for tick in axis.ticks)
        return texts, _of_numbers(positions, [text_width_mm(text, SMALL_PT) for text in texts])
    texts = tuple(shortened(tick.label, LONGEST_LEVEL * length, SMALL_PT) for tick in axis.ticks)
    # Phrases beside one another read as one without more room than words have.
    widths = [text_width_mm(text, SMALL_PT) + PHRASE_MM * (" " in text) for text in texts]
    return texts, spread_out(positions, widths, -EDGE_MM + 0.5, length)


def _of_numbers(positions: tuple[float, ...], widths: Sequence[float]) -> tuple[PlacedLabel, ...]:
    """Label an axis of numbers; where a curve's goes back on itself, the way back above it."""
    back = np.diff(positions, prepend=positions[:1]) < 0
    back[0] = back[1:2].any()
    if back.all() or not back.any():
        return thin_out(positions, widths)
    placed: list[PlacedLabel] = []
    for side, on_it in ((1, ~back), (-1, back)):
        own = np.flatnonzero(on_it).tolist()
        shown = thin_out([positions[k] for k in own], [widths[k] for k in own])
        placed += [replace(one, index=own[one.index], lane=side) for one in shown]
    return tuple(sorted(placed, key=lambda one: one.index))


def _total_rows(
    nomogram: NomogramFacts, names: Sequence[str], length: float, risk: bool
) -> list[AxisRow]:
    """Return the scale of total points and the axes of survival, or of risk, below it."""
    mm_per_point = length / max(as_number(tick) for tick in nomogram.total_ticks)
    total = _scale(names[0], nomogram.total_ticks, mm_per_point)
    example = nomogram.example
    if example is None:
        return [
            total,
            *(
                _survival(name, axis.ticks, mm_per_point, None, risk)
                for name, axis in zip(names[1:], nomogram.survival, strict=True)
            ),
        ]
    points = as_number(example.total_points)
    at = points * mm_per_point
    rows = [replace(total, example=(at, show(points, "0")))]
    for name, axis, chance in zip(names[1:], nomogram.survival, example.survival, strict=True):
        value = as_number(chance.value)
        mark = (at, show(1 - value if risk else value, "share"))
        rows.append(_survival(name, axis.ticks, mm_per_point, mark, risk))
    return rows


def _with_room_for_name(row: AxisRow) -> AxisRow:
    """Return the row as high as its name, which stands beside it."""
    lines = 1 + row.name.count("\n")
    own = row.above_mm + row.below_mm + ROW_GAP_MM
    return replace(row, extra_mm=max(0.0, NAME_MM * lines + 0.6 - own))


def _axis_name(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label


def _mark(value: ExampleValue, scale: float) -> tuple[float, str]:
    return as_number(value.points) * scale, show(value.points, "0")


def _scale(name: str, ticks: Sequence[float | None], scale: float) -> AxisRow:
    positions = tuple(as_number(tick) * scale for tick in ticks)
    texts = tuple(f"{as_number(tick):g}" for tick in ticks)
    widths = [text_width_mm(text, SMALL_PT) for text in texts]
    return AxisRow(name, positions, texts, thin_out(positions, widths))


def _survival(
    name: str,
    ticks: Sequence[AxisTick],
    scale: float,
    mark: tuple[float, str] | None,
    risk: bool,
) -> AxisRow:
    positions = tuple(as_number(tick.points) * scale for tick in ticks)
    # A label such as 0.85 has no more digits than its complement.
    texts = tuple(f"{1 - float(t.label):.10g}" if risk else t.label for t in ticks)
    widths = [text_width_mm(text, SMALL_PT) for text in texts]
    return AxisRow(name, positions, texts, thin_out(positions, widths) if positions else (), mark)
