"""What the columns of a table seem to be: names, outcome, clinical variables; and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from trephine.study.draft.clinical import Declaration
from trephine.study.draft.date_parts import dates_to_join
from trephine.study.draft.numbers import without_unit_of_time
from trephine.study.draft.outcome import find_outcome
from trephine.study.draft.predictors import find_predictors, gaps_of
from trephine.study.draft.side import find_side
from trephine.study.draft.unfinished import cases_unnamed, exports_asked
from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named
from trephine.study.toml_text import quoted
from trephine.types import TimeUnit

_MOST_CENTRES = 50


@dataclass(frozen=True)
class Roles:
    """Which column seems to be what.

    Attributes
    ----------
    columns
        Role of ``[data] columns`` to column.
    why
        Of each role, in a few words.
    unit, horizons
        Of the time.
    read
        Column to what its cells mean, for ``[data] read``.
    clinical
        The rest: variable to its line in the study file, or to what is to be decided.
    left_out
        Columns that seem to be neither, with the reason.
    unsure
        Questions that a person must answer.
    strip
        Column to words that are taken off its numbers.
    merged
        Columns whose merged cells stand for all their rows.
    competing
        As `trephine.study.draft.outcome.DraftedOutcome`.
    gaps
        Clinical variables that some rows have no value of.
    """

    columns: dict[str, str]
    why: dict[str, str]
    unit: TimeUnit
    horizons: tuple[float, ...]
    read: dict[str, dict[str, str]]
    clinical: dict[str, Declaration]
    left_out: dict[str, str] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    merged: frozenset[str] = frozenset()
    strip: dict[str, tuple[str, ...]] = field(default_factory=dict)
    competing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gaps: frozenset[str] = frozenset()

    @property
    def missing(self) -> int:
        """How many of the roles that a study needs were not found."""
        return len(self.unsure)


# In the order of the draft.
_ROLES = (
    "case",
    "patient",
    "side",
    "start",
    "last",
    "event_date",
    "time",
    "event",
    "entry",
    "last_intact",
    "first_seen",
    "centre",
)


def guess_roles(
    frame: pd.DataFrame,
    matched: Iterable[str] = (),
    side: str | None = None,
    codes: Mapping[str, Mapping[str, str]] | None = None,
    merged: Mapping[str, frozenset[int]] | None = None,
    units: Mapping[str, str] | None = None,
) -> Roles:
    """Guess what each column of a text table is; the user corrects the draft.

    Parameters
    ----------
    frame
        Text cells, one row per case.
    matched
        Columns whose cells are parts of the names of image files.
    side
        The column of sides that was made from a wide sheet.
    codes
        By column, what its codes mean by a legend.
    merged
        By column, the places of cells that a merged range covers.
    units
        By column, its unit by a row below the names.
    """
    covered = merged or {}
    looks = _looks(frame, codes or {}, covered, units or {})
    found: dict[str, str] = {}
    why: dict[str, str] = {}
    read: dict[str, dict[str, str]] = {}
    questions: list[str] = []
    if side is None:
        find_side(looks, found, why, read, questions)
    once = frame.drop_duplicates()
    if len(once) < len(frame):
        questions.append(f"{len(frame) - len(once)} rows repeat others whole: remove the copies")
    questions += exports_asked(looks)
    named = _find_names(once, looks, found, list(matched), side, why)
    found |= named
    if not named:
        questions += cases_unnamed(looks)
    dated, to_join = dates_to_join(looks)
    questions += to_join
    taken = {*found.values(), side, *dated}
    free_looks = {n: without_unit_of_time(k) for n, k in looks.items() if n not in taken}
    outcome = find_outcome(free_looks)
    found |= outcome.columns
    why |= outcome.why
    read |= outcome.read
    questions += outcome.unsure
    _find_centre(looks, found, why, read)
    taken |= set(found.values())
    free = [look for name, look in looks.items() if name not in taken]
    patients = covered.get(found.get("patient", ""), frozenset())
    clinical, left_out = find_predictors(free, len(frame), outcome, patients)
    left_out |= dict.fromkeys(dated, "part of a date")
    repeat, doubts = _merged(found, covered)
    columns = {role: found[role] for role in _ROLES if role in found}
    asked = (*questions, *doubts)
    of, ends = outcome, (outcome.strip, outcome.competing, gaps_of(clinical, looks))
    return Roles(columns, why, of.unit, of.horizons, read, clinical, left_out, asked, repeat, *ends)


def _looks(
    frame: pd.DataFrame,
    codes: Mapping[str, Mapping[str, str]],
    covered: Mapping[str, frozenset[int]],
    units: Mapping[str, str],
) -> dict[str, Look]:
    none: frozenset[int] = frozenset()
    return {
        n: Look.at(frame, n, codes.get(n), covered.get(n, none), units.get(n, ""))
        for n in map(str, frame.columns)
    }


def _merged(
    found: Mapping[str, str], covered: Mapping[str, frozenset[int]]
) -> tuple[frozenset[str], list[str]]:
    """Return columns of roles whose merged cells repeat their value, and what must be asked.

    One patient, one operation and one last visit stand for both hips that they are merged over; a
    time or an event need not.
    """
    repeat = {found[r] for r in ("patient", "centre", "start", "last") if found.get(r) in covered}
    asked = [
        f"in {column!r}, merged cells ({len(covered[column])}): if the value stands for all its"
        f' rows, put it under [data]: read = {{ {quoted(column)} = {{ merged = "repeat" }} }}'
        for column in found.values()
        if column in covered and column not in repeat
    ]
    return frozenset(repeat), asked


def _find_names(
    frame: pd.DataFrame,
    looks: dict[str, Look],
    found: dict[str, str],
    matched: list[str],
    side: str | None,
    why: dict[str, str],
) -> dict[str, str]:
    """Return the columns that name patients and cases."""
    taken = {*found.values(), side}
    side_column = side or found.get("side")
    able = [look for name, look in looks.items() if name not in taken and _may_name(look, matched)]

    def rank(look: Look) -> tuple[bool, ...]:
        return _unlikely(look, matched)

    unique = sorted((k for k in able if len(k.values) == len(frame)), key=rank)
    repeated = sorted((k for k in able if len(k.values) < len(frame)), key=rank)
    if side_column is not None:
        pairs = [k for k in repeated if not frame.duplicated([k.name, side_column]).any()]
        # Whatever its name, what differs in every row of a sheet of patients names them.
        pairs = [k for k in pairs if _is_id(k, matched)] or (pairs[:1] if side else [])
        names = {"patient": pairs[0].name} if pairs else {}
        cases = [k for k in unique if not is_named(k.name, "patient")] if pairs else unique
        if cases and (_is_id(cases[0], matched) or not pairs):
            names["case"] = cases[0].name
    else:
        names = {"case": unique[0].name} if unique else {}
        patients = [k for k in repeated if is_named(k.name, "patient")]
        if patients:
            names["patient"] = patients[0].name
    for role, name in names.items():
        why[role] = f"{len(looks[name].values)} different values in {len(frame)} rows"
        if name in matched:
            why[role] += ", which name image files"
    return names


_PRIVATE = ("姓名", "氏名", "name", "nom", "имя", "phone", "电话")


def _may_name(look: Look, matched: list[str]) -> bool:
    """Say whether a column could name patients or cases."""
    counts = look.counts_rows and look.name not in matched
    if not look.names_rows or counts or is_named(look.name, "remark"):
        return False
    return _is_id(look, matched) or not look.is_numeric


def _unlikely(look: Look, matched: list[str]) -> tuple[bool, ...]:
    """Return how unlikely a column is the one that names; names of files come first."""
    private = any(word in look.name.casefold() for word in _PRIVATE)
    return (
        look.name not in matched,
        private or is_named(look.name, "birth"),
        not is_named(look.name, "patient"),
        not (is_named(look.name, "case") or is_named(look.name, "identifier")),
        look.is_numeric,
    )


def _is_id(look: Look, matched: list[str]) -> bool:
    named = any(is_named(look.name, kind) for kind in ("patient", "case", "identifier"))
    return named or look.name in matched


def _find_centre(
    looks: dict[str, Look],
    found: dict[str, str],
    why: dict[str, str],
    read: dict[str, dict[str, str]],
) -> None:
    for look in looks.values():
        fits = 1 < len(look.values) <= _MOST_CENTRES and not look.names_rows
        if look.name not in found.values() and is_named(look.name, "centre") and fits:
            found["centre"] = look.name
            why["centre"] = f"its name, and {len(look.values)} different values"
            if look.codes:
                read[look.name] = dict(look.codes)
            return
