"""Clinical values to be looked at: codes for missing ones, levels that look alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from trephine.cohort.reading.cell_text import alike
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.errors import named_rows
from trephine.study.draft.words import is_named, unit_named
from trephine.types import FloatArray

# Numbers that stand for "unknown" in many data sets; they count where they lie far from the rest.
_CODES = (77, 88, 99, 777, 888, 999, 7777, 8888, 9999, 99999)
_FAR = 1.5  # times the largest other value
_OLDEST = 120  # years
# Between two groups of values: metres and centimetres are a hundred apart, a lost point ten.
_UNITS = 8.0
_LOST_POINT = 4.0
_FEWEST = 10
_MARK = re.compile(r"\s*([*†‡§¶#^]+|[¹²³⁰⁴-⁹①-⑳]+)$")
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
            values = clinical.values(key)
            is_age = _is_age_in_years(variable.column_of(key), variable.unit)
            codes = list(_missing_codes(label, values, numbers))
            said += codes or _mistyped(label, values, numbers, is_age)
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


def _is_age_in_years(name: str, unit: str) -> bool:
    """Say whether a variable is an age in years: one in months has another bound."""
    stated = unit or unit_named(name) or "years"
    return is_named(name, "age") and stated == "years"


def _mistyped(
    label: str, values: FloatArray, numbers: Sequence[int], is_age: bool
) -> Iterator[str]:
    """Report ages that nobody has, a lost decimal point, and two units in one column."""
    known = values[np.isfinite(values)]
    odd = np.flatnonzero((values < 0) | (values > _OLDEST)) if is_age else np.array([], int)
    if odd.size:
        rows = list(dict.fromkeys(numbers[int(place)] for place in odd))
        shown = ", ".join(f"{values[place]:g}" for place in odd[:3])
        yield f"{label} is {shown} in {named_rows(rows)}, outside 0 to {_OLDEST} years. Mistyped?"
        return
    ordered = np.sort(known[known > 0])
    if ordered.size < _FEWEST or ordered.size < known.size:
        return
    ratios = ordered[1:] / ordered[:-1]
    place = int(np.argmax(ratios))
    low, high = ordered[: place + 1], ordered[place + 1 :]
    spread = max(low[-1] / low[0], high[-1] / high[0])
    one = min(low.size, high.size) == 1 and ratios[place] >= _LOST_POINT
    if not (one or ratios[place] >= _UNITS) or spread >= ratios[place]:
        return
    fewer = values >= high[0] if high.size <= low.size else values <= low[-1]
    rows = list(dict.fromkeys(numbers[int(k)] for k in np.flatnonzero(fewer)))
    yield (
        f"{label} has values from {low[0]:g} to {low[-1]:g} and from {high[0]:g} to {high[-1]:g},"
        f" and none between: look at {named_rows(rows)}. Another unit, or a decimal point lost?"
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
    for level in variable.levels:
        bare = _MARK.sub("", level)
        if bare != level and bare in variable.levels:
            yield (
                f"{label} has the levels {bare!r} and {level!r}, which differ by a mark: if it is a"
                f' footnote\'s, recode it: read = {{ "{level}" = "{bare}" }} beside the variable.'
            )
    dates = [level for level in variable.levels if _DATE.fullmatch(level)]
    if dates and len(dates) < len(variable.levels):
        yield (
            f"{label} has the level {dates[0]}, a date: a spreadsheet makes dates of levels such as"
            ' 1-2. If so, recode it: read = { "' + dates[0] + '" = "1-2" }.'
        )
