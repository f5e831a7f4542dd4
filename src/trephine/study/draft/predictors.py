"""Which columns of a table may be clinical variables, and why the others are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from trephine.study.draft.clinical import MOST_LEVELS, Declaration, declare
from trephine.study.draft.drafted import DraftedOutcome
from trephine.study.draft.nearly import nearly_time
from trephine.study.draft.numbers import numbers_of
from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named
from trephine.study.table.suspects import is_programs_own

# A column of fewer filled cells is no variable: a legend beside the table, or a note.
_HARDLY = 0.1


def find_predictors(
    looks: Iterable[Look], n_rows: int, outcome: DraftedOutcome, patients: frozenset[int]
) -> tuple[dict[str, Declaration], dict[str, str]]:
    """Return declared variables, and the columns that make none with the reason.

    A value that is merged over the rows over which its patient's name is merged is the patient's.
    """
    clinical: dict[str, Declaration] = {}
    left_out = {}
    first: dict[tuple[str, ...], str] = {}
    for look in looks:
        same = first.setdefault(look.cells, look.name)
        reason = _no_predictor(look, n_rows, outcome)
        if not reason and same != look.name:
            reason = f"its cells are those of {same!r}"
        if own := bool(look.merged) and look.merged <= patients:
            look = replace(look, merged=frozenset())
        declared = Declaration(reason=reason) if reason else declare(look)
        if own and declared.line:
            line = declared.line.removesuffix(" }") + ', merged = "repeat" }'
            declared = replace(declared, line=line)
        if declared.line:
            clinical[look.name] = declared
        else:
            left_out[look.name] = declared.reason
    return clinical, left_out


def gaps_of(clinical: Mapping[str, Declaration], looks: Mapping[str, Look]) -> frozenset[str]:
    """Return the variables that lack a value in some row, or whose words say so."""
    return frozenset(n for n, v in clinical.items() if looks[n].share < 1 or v.unknown)


def _no_predictor(look: Look, n_rows: int, outcome: DraftedOutcome) -> str:
    """Return why a column must not predict, or an empty text."""
    age = is_named(look.name, "age")
    reasons: list[tuple[Callable[[], bool], str]] = [
        (lambda: look.counts_rows, "it counts the rows"),
        (lambda: is_programs_own(look.name), "a program's own: a mark, or what a model gave"),
        (lambda: look.is_date or is_named(look.name, "birth"), "dates are not predictors"),
        (lambda: look.name in outcome.times, "it looks like another follow-up time"),
        (
            lambda: nearly_time((look,)) is not None,
            "it looks like another follow-up time",
        ),
        (
            lambda: is_named(look.name, "event") and not is_named(look.name, "before"),
            "it looks like another outcome",
        ),
        (lambda: is_named(look.name, "censored"), "it looks like another outcome"),
        (lambda: is_named(look.name, "remark"), "remarks"),
        (lambda: is_named(look.name, "identifier") and not age, "it looks like an identifier"),
        (lambda: is_named(look.name, "patient") and look.names_rows, "it looks like an identifier"),
        (
            lambda: (
                not look.is_numeric
                and len(look.values) == n_rows > 1
                and look.names_rows
                and numbers_of(look, MOST_LEVELS) is None
            ),
            f"{n_rows} different texts",
        ),
        (lambda: look.is_serial and not age, "whole numbers that rise from row to row"),
        (lambda: outcome.is_outcome(look), "it holds the values of the outcome"),
        (
            lambda: 0 < look.share < _HARDLY,
            f"filled in {len(look.filled)} of {n_rows} rows",
        ),
    ]
    return next((reason for test, reason in reasons if test()), "")
