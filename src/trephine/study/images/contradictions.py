"""What contradicts a study's table: a problem until the plan accepts it, then a remark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trephine.errors import Problem, named_rows
from trephine.plan.data_section import DataSection
from trephine.plan.image_words import Acceptable


@dataclass(frozen=True)
class Contradiction:
    """One kind of contradiction, summed up over the study.

    Attributes
    ----------
    kind
        By which ``[data] accept`` names it.
    rows
        Numbers of the rows, as a spreadsheet counts.
    column
        The column that is contradicted; empty for whole rows.
    expected, found
        As for a problem.
    advice
        What it may mean.
    stops
        False where convention or a few cases alone speak for it: a remark.
    """

    kind: Acceptable
    rows: tuple[int, ...]
    column: str
    expected: str
    found: str
    advice: str
    stops: bool = True


def sorted_out(
    found: Iterable[Contradiction], data: DataSection
) -> tuple[list[Problem], list[str]]:
    """Return what stops the study, and the remarks on the rest."""
    problems, remarks = [], []
    for one in found:
        accept = f'[data] accept = ["{one.kind}"]'
        if one.stops and one.kind not in data.accept:
            advice = f"{one.advice} If the data are right as they are, set {accept}"
            problems.append(
                Problem.of_cells(
                    data.table.name, one.rows, one.column, one.expected, one.found, advice
                )
            )
        elif one.kind not in data.accept:
            remarks.append(f"{_where(one)}{one.found}. {one.advice} {accept} silences this.")
        elif one.stops:
            remarks.append(f"{_where(one)}{one.found}; accepted by {accept}.")
    return problems, remarks


def _where(one: Contradiction) -> str:
    return f"{named_rows(one.rows)}: ".capitalize() if one.rows else ""


def numbers(rows: Sequence[int], positions: Iterable[int]) -> tuple[int, ...]:
    """Return the spreadsheet's numbers of positions in the table, in order."""
    return tuple(sorted({rows[position] for position in positions}))
