"""Clinical values to be looked at: codes for missing ones, levels that look alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from trephine.cohort.reading.cell_text import alike
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.errors import named_rows
from trephine.types import FloatArray

# Numbers that stand for "unknown" in many data sets; they count where they lie far from the rest.
_CODES = (77, 88, 99, 777, 888, 999, 7777, 8888, 9999, 99999)
_FAR = 1.5  # times the largest other value
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def value_doubts(clinical: ClinicalTable, numbers: Sequence[int]) -> list[str]:
    """Return a sentence on each variable whose values look like something else.

    Parameters
    ----------
    clinical
        Of the whole table.
    numbers
        Row of each case in the file.
    """
    said: list[str] = []
    for key, variable in clinical.variables.items():
        label = label_of(key, variable)
        if variable.categorical:
            said += _levels(label, variable)
        else:
            said += _missing_codes(label, clinical.values(key), numbers)
    return said


def _missing_codes(label: str, values: FloatArray, numbers: Sequence[int]) -> Iterator[str]:
    """Report 999 among values up to 40, and -9 among positive ones."""
    known = values[np.isfinite(values)]
    for code in sorted(set(known[(known < 0) | np.isin(known, _CODES)].tolist())):
        others = known[known != code]
        negative = code < 0 and code.is_integer() and others.size and (others >= 0).all()
        far = code > 0 and others.size and code >= _FAR * others.max() > 0
        if not (negative or far):
            continue
        found = np.flatnonzero(values == code).tolist()
        rows = list(dict.fromkeys(numbers[place] for place in found))
        yield (
            f"{label} is {code:g} in {named_rows(rows)}, all others lie between {others.min():g}"
            f' and {others.max():g}. If it stands for a missing value: read = {{ "{code:g}" = "" }}'
            " beside the variable."
        )


def _levels(label: str, variable: ClinicalVariable) -> Iterator[str]:
    """Report levels that look the same, and dates that a spreadsheet made of levels."""
    looks: dict[str, list[str]] = defaultdict(list)
    for level in variable.levels:
        looks[alike(level)].append(level)
    for look, levels in looks.items():
        if len(levels) > 1:
            yield (
                f"{label} has {len(levels)} levels that look like {look!r}, in letters of two"
                " alphabets: if they are one level, type them alike, or recode with read."
            )
    dates = [level for level in variable.levels if _DATE.fullmatch(level)]
    if dates and len(dates) < len(variable.levels):
        yield (
            f"{label} has the level {dates[0]}, a date: a spreadsheet makes dates of levels such as"
            ' 1-2. If so, recode it: read = { "' + dates[0] + '" = "1-2" }.'
        )
