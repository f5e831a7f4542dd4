"""Whose a file is, by whole names: as they are, or by one stated rule for all; never by likeness.

Rules, in order: the names are equal; equal without capitals, blanks and leading zeros; equal in
their number where all before it is letters (PA000123 and 123). A rule counts only where no two
cells of the column become one name, and never for a column that counts the rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from trephine.cohort.table import is_missing
from trephine.study.draft.values import Look
from trephine.study.images.strays import plain_name


def number_of(name: str) -> str:
    """Return the number of a name that is letters and a number; other names without more."""
    text = plain_name(name)
    fits = re.fullmatch(r"[^\W\d_]*[-_.#]*([0-9]+)", text)
    return (fits[1].lstrip("0") or "0") if fits else text


RULES: dict[str, Callable[[str], str]] = {
    "": str,
    "without capitals, blanks and leading zeros": plain_name,
    "by their number, without letters and zeros before it": number_of,
}


@dataclass(frozen=True)
class Match:
    """Names that are a column's cells.

    Attributes
    ----------
    column
        Of the table.
    rule
        Key of `RULES`.
    cells
        Cell by name, for the names that have one.
    """

    column: str
    rule: str
    cells: Mapping[str, str]


def match_names(names: Iterable[str], frame: pd.DataFrame, columns: Sequence[str]) -> Match | None:
    """Return the column and the rule by which most names are cells; the plainer rule wins."""
    wanted = sorted({name for name in names if name.strip()})
    best: Match | None = None
    for rule in RULES:
        for column in columns:
            known = cells_by(rule, frame, column)
            if known is None:
                continue
            change = RULES[rule]
            found = {name: known[key] for name in wanted if (key := change(name)) in known}
            apart = len(set(found.values())) == len(found)
            if found and apart and (best is None or len(found) > len(best.cells)):
                best = Match(column, rule, found)
    return best


def cells_by(rule: str, frame: pd.DataFrame, column: str) -> dict[str, str] | None:
    """Return a column's cells by what a rule makes of them; None where two become one.

    None also where a rule would be put on a column that counts the rows: PA000001 need not be the
    first row's patient.
    """
    cells = [cell for cell in dict.fromkeys(frame[column]) if not is_missing(cell)]
    if rule and Look(column, tuple(cells)).counts_rows:
        return None
    known = {RULES[rule](cell): cell for cell in cells}
    return known if len(known) == len(cells) else None
