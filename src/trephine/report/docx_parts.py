"""The results in the order of a manuscript: each table with the figures that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trephine.report.figures.plate import Plate
from trephine.report.tables import Table

# Heading, and what the slugs of its tables and of its figures begin with.
_PARTS = (
    ("Results at a glance", ("table-headline",), ("figure-protocols", "figure-null-check")),
    ("Participants", ("table-1", "table-centres"), ("figure-1a",)),
    ("Images and agreement", ("table-agreement",), ("figure-picture", "figure-icc")),
    (
        "Feature selection",
        ("table-selection", "table-selected", "table-short", "table-contribution"),
        ("figure-2", "figure-correlation", "figure-contribution"),
    ),
    ("Models", ("table-2", "table-s2", "table-coefficients"), ("figure-1b", "figure-forest")),
    (
        "Performance",
        ("table-3", "table-calibration", "table-comparisons", "table-s1"),
        ("figure-3", "figure-4", "figure-5ab", "figure-interventions"),
    ),
    ("Risk groups", ("table-risk",), ("figure-5c", "figure-overall")),
    ("Outside data", ("table-case-mix", "table-recalibration"), ()),
    ("Sample size", ("table-sample-size",), ()),
)


@dataclass(frozen=True)
class Part:
    """A part of the results.

    Attributes
    ----------
    heading
        Over it.
    tables, plates
        In order; not both empty.
    """

    heading: str
    tables: tuple[Table, ...]
    plates: tuple[Plate, ...]


def parts_of(tables: Sequence[Table], plates: Sequence[Plate]) -> tuple[Part, ...]:
    """Return the parts that a study has; what fits none stands in a last one."""
    parts, used = [], set[str]()
    for heading, of_tables, of_plates in _PARTS:
        mine = tuple(table for table in tables if table.slug.startswith(of_tables))
        drawn = tuple(plate for plate in plates if of_plates and plate.slug.startswith(of_plates))
        used |= {table.slug for table in mine} | {plate.slug for plate in drawn}
        if mine or drawn:
            parts.append(Part(heading, mine, drawn))
    rest = tuple(table for table in tables if table.slug not in used)
    others = tuple(plate for plate in plates if plate.slug not in used)
    return (*parts, Part("Further results", rest, others)) if rest or others else tuple(parts)
