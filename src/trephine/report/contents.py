"""Which tables and figures each section of the report has, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from trephine.report.figures.plate import Plate
from trephine.report.sections import HEADINGS, ORDER, SECTIONS, SectionName
from trephine.report.tables import Table
from trephine.report.trace import plain


@dataclass(frozen=True)
class Block:
    """Tables that are shown or folded away together, or one figure in all its plates."""

    tables: tuple[Table, ...] = ()
    plates: tuple[Plate, ...] = ()

    @property
    def folded(self) -> str:
        """Under what words it is folded away; empty where it is shown."""
        return self.tables[0].folded if self.tables else ""

    @property
    def one_title(self) -> bool:
        """Whether all plates are one figure, rather than pictures each with its title."""
        return len({plain(plate.title) for plate in self.plates}) == 1

    @property
    def one_caption(self) -> bool:
        """Whether all plates are read alike, so that one caption serves."""
        return len({plain(plate.caption) for plate in self.plates}) == 1


@dataclass(frozen=True)
class ReportSection:
    """A section of the results.

    Attributes
    ----------
    name
        Its anchor in the page.
    blocks
        In reading order.
    """

    name: SectionName
    blocks: tuple[Block, ...]

    @property
    def heading(self) -> str:
        """What stands over it."""
        return HEADINGS[self.name]

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, in reading order."""
        return tuple(table for block in self.blocks for table in block.tables)

    @property
    def plates(self) -> tuple[Plate, ...]:
        """Every figure, in reading order."""
        return tuple(plate for block in self.blocks for plate in block.plates)


def sections_of(tables: Sequence[Table], plates: Sequence[Plate]) -> tuple[ReportSection, ...]:
    """Return the sections that have something to show; every table and figure is in one."""
    found = []
    every: list[Table | Plate] = [*tables, *plates]
    for name in SECTIONS:
        mine = [one for one in every if one.section == name]
        if mine:
            ordered = sorted(mine, key=lambda one: _place(one, ORDER[name]))
            groups = groupby(ordered, key=lambda one: _together(one, ORDER[name]))
            found.append(ReportSection(name, tuple(_block(list(group)) for _, group in groups)))
    return tuple(found)


def words_below(tables: Sequence[Table], plates: Sequence[Plate]) -> list[str]:
    """Return the footnotes of tables and the captions of figures, in that order."""
    notes = [plain(note) for table in tables for note in table.notes]
    return [*notes, *(plain(plate.caption) for plate in plates)]


def _place(one: Table | Plate, order: tuple[str, ...]) -> int:
    """Return the position of what a slug begins with; past the last for what is not named."""
    named = (k for k, start in enumerate(order) if one.slug.startswith(start))
    return next(named, len(order))


def _together(one: Table | Plate, order: tuple[str, ...]) -> tuple[object, ...]:
    """Return what neighbours of one block share."""
    if isinstance(one, Table):
        return ("table", one.folded)
    place = _place(one, order)
    return ("plate", place, plain(one.title) if place == len(order) else "")


def _block(group: Sequence[Table | Plate]) -> Block:
    return Block(
        tuple(one for one in group if isinstance(one, Table)),
        tuple(one for one in group if isinstance(one, Plate)),
    )
