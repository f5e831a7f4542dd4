"""Tables that a person must finish: rows of one record to join, names to fill down."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named

# A column that fewer rows fill names nobody.
_LEAST = 0.1


def exports_asked(looks: Mapping[str, Look]) -> list[str]:
    """Return what is to be asked of tables that certain programs write."""
    asked = []
    repeated = [n for n in looks if n in ("redcap_event_name", "redcap_repeat_instance")]
    if repeated and len(set(next(iter(looks.values())).cells)) < len(looks[repeated[0]].cells):
        asked.append(
            f"REDCap wrote several rows per record ({repeated[0]!r}): bring what a case needs into"
            " one row, as baseline and outcome"
        )
    if "filter_$" in looks:
        asked.append("'filter_$' marks rows that an analysis passed over: are they cases?")
    return asked


def cases_unnamed(looks: Mapping[str, Look]) -> list[str]:
    """Ask who names the cases; perhaps a name in the first of a patient's rows alone."""
    to_fill_down = [
        f"{name!r} is empty in {look.cells.count('')} rows: if the patient above is meant, fill"
        " the names down in the spreadsheet"
        for name, look in looks.items()
        if (is_named(name, "patient") or is_named(name, "identifier"))
        and look.cells[0]
        and _LEAST < look.share < 1
        and len(look.values) == len(look.filled)
    ]
    return [
        *to_fill_down,
        'which column names each case (columns = { case = "..." }), or patient and side?',
    ]
