"""What cannot be true of one patient: two hospitals, two sexes, ages decades apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from trephine.cohort.reading import cause_of
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.errors import named_rows
from trephine.plan.columns_section import Columns
from trephine.study.draft.words import is_named
from trephine.study.table.outcome import TableRows
from trephine.types import FloatArray, IntArray

# Years that two operations of one patient are seldom apart.
_APART = 20.0
# Of more patients one line says how many.
_MOST = 5


def patient_doubts(rows: TableRows, clinical: ClinicalTable, columns: Columns) -> list[str]:
    """Return a sentence on patients whose rows contradict each other; no name is shown.

    Parameters
    ----------
    rows
        Of the whole table.
    clinical
        Its typed values, one row per case.
    columns
        The table's, by role; without a column of patients nothing can contradict.
    """
    if columns.patient is None:
        return []
    places: dict[str, list[int]] = defaultdict(list)
    for place, patient in enumerate(rows.patient_ids):
        if patient and cause_of(patient) is None:
            places[patient].append(place)
    several = [found for found in places.values() if len(found) > 1]
    return [*_centres(rows, several, columns), *_findings(rows, several, clinical)]


def _centres(rows: TableRows, several: list[list[int]], columns: Columns) -> Iterator[str]:
    centres = rows.centres
    if centres is None:
        return

    def differ(places: list[int]) -> bool:
        return len({centres[place] for place in places if centres[place]}) > 1

    if where := _where(rows, several, differ):
        yield (
            f"Column {columns.patient}, {where}: one patient in several centres. If the centres"
            " number their patients each from 1, these are different people, and count as one:"
            f" put the centre before the number in {columns.patient}."
        )


def _findings(rows: TableRows, several: list[list[int]], clinical: ClinicalTable) -> Iterator[str]:
    for key, variable in clinical.variables.items():
        most = _most_apart(key, variable)
        if most is None:
            continue
        where = _where(rows, several, partial(_further, clinical.values(key), most))
        if where:
            apart = "" if variable.categorical else f" by more than {most:g} {variable.unit}"
            yield (
                f"{label_of(key, variable)} differs{apart.rstrip()} between rows of one patient:"
                f" {where}. Mistyped, or two patients of one name?"
            )


def _most_apart(key: str, variable: ClinicalVariable) -> float | None:
    """Return how far two rows of a patient may lie apart; None for what may differ freely."""
    column = variable.column_of(key)
    if variable.categorical:
        return 0.0 if is_named(column, "sex") else None
    if not is_named(column, "age") or variable.measure is not None:
        return None
    return _APART * {"months": 12.0, "days": 365.25}.get(variable.unit, 1.0)


def _further(values: FloatArray | IntArray, most: float, places: list[int]) -> bool:
    # A level that is missing has the code -1.
    own = [value for value in values[places].tolist() if value >= 0]
    return bool(own) and max(own) - min(own) > most


def _where(rows: TableRows, several: list[list[int]], differ: Callable[[list[int]], bool]) -> str:
    """Return the rows of the patients of whom something holds, patient by patient."""
    found = [_numbers(rows, places) for places in several if differ(places)]
    shown = "; ".join(named_rows(numbers) for numbers in found[:_MOST])
    return shown + (f"; and {len(found) - _MOST} more patients" if len(found) > _MOST else "")


def _numbers(rows: TableRows, places: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(rows.numbers[place] for place in places))
