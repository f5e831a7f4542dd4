"""Names of cases, patients and centres that are nearly the same: perhaps one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from trephine.cohort.reading import cause_of
from trephine.cohort.reading.cell_text import folded_name, loose_name
from trephine.errors import Problem, named_rows
from trephine.plan.columns_section import Columns
from trephine.study.table.outcome import TableRows

# Of more groups of names one line says how many.
_MOST = 5
_HOW = "capitals, blanks, dashes, the width of letters, leading zeros, O for 0 or a final .0"


def name_doubts(rows: TableRows, columns: Columns) -> list[str]:
    """Return a sentence on names that differ in what a typist changes by chance; none is shown.

    Parameters
    ----------
    rows
        Of the whole table.
    columns
        The table's, by role.
    """
    said: list[str] = []
    patients = _groups(rows.patient_ids, rows.numbers, loose_name) if columns.patient else []
    if patients:
        what = "as different patients, whom resampling may separate"
        said.append(_sentence(patients, columns.patient or "", what))
    cases = _groups(rows.case_ids, rows.numbers, loose_name)
    if cases and cases != patients:
        said.append(_sentence(cases, columns.case, "as different cases"))
    if rows.centres is not None and columns.centre:
        centres = _groups(rows.centres, rows.numbers, loose_name)
        if centres:
            said.append(_sentence(centres, columns.centre, "as different centres"))
    return said


def same_side_problems(rows: TableRows, table: str) -> list[Problem]:
    """Return the problems of a side that stands twice for one patient, whose names differ so."""
    keys = [
        (folded_name(patient), side)
        for patient, side in zip(rows.patient_ids, rows.sides, strict=True)
    ]
    spelt: dict[tuple[str, str | None], dict[str, int]] = defaultdict(dict)
    for key, patient, row in zip(keys, rows.patient_ids, rows.numbers, strict=True):
        if key[0] and key[1] is not None and cause_of(patient) is None:
            spelt[key].setdefault(patient, row)
    advice = "Type the name alike and remove the copy, or give the other patient another name"
    return [
        Problem.of_cells(
            table,
            sorted(names.values()),
            "",
            "each side of a patient once",
            "one side twice, of names that differ only in capitals, blanks, dashes or the width"
            " of letters",
            advice,
        )
        for names in spelt.values()
        if len(names) > 1
    ]


def _groups(
    names: Sequence[str], numbers: Sequence[int], fold: Callable[[str], str]
) -> list[list[int]]:
    """Return the rows of names that are written in several ways."""
    spelt: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for name, row in zip(names, numbers, strict=True):
        if name and cause_of(name) is None:
            spelt[fold(name)][name].append(row)
    return [
        sorted({row for rows in ways.values() for row in rows})
        for ways in spelt.values()
        if len(ways) > 1
    ]


def _sentence(groups: list[list[int]], column: str, taken: str) -> str:
    places = "; ".join(named_rows(rows) for rows in groups[:_MOST])
    more = f"; and {len(groups) - _MOST} more such names" if len(groups) > _MOST else ""
    return (
        f"Column {column}, {places}{more}: names that differ only in {_HOW}, taken {taken}. If they"
        " are one, type them alike."
    )
