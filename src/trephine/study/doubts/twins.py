"""Clinical variables that say the same twice: a model can hold only one of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.types import FloatArray, IntArray

# Fewer cases can agree by chance.
_FEWEST = 10
_ONE = 1 - 1e-9


def twin_doubts(clinical: ClinicalTable) -> Iterator[str]:
    """Yield a sentence on each two variables of which one gives the other.

    Numbers: equal, or one a multiple of the other plus a constant, as pounds are of kilograms.
    Levels: each of the one goes with one of the other.
    """
    for (first, one), (second, other) in combinations(clinical.variables.items(), 2):
        if one.categorical != other.categorical or (one.measure and other.measure):
            continue
        a, b = clinical.values(first), clinical.values(second)
        same = _same_levels(a, b) if one.categorical else _same_numbers(a, b)
        if same:
            yield (
                f"{label_of(first, one)} and {label_of(second, other)} {same}: a model can hold"
                " only one of them. Remove the other from [clinical]."
            )


def _same_numbers(a: FloatArray | IntArray, b: FloatArray | IntArray) -> str:
    known = np.isfinite(a) & np.isfinite(b)
    x, y = a[known], b[known]
    if x.size < _FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return ""
    if (x == y).all():
        return "hold the same numbers"
    if abs(float(np.corrcoef(x, y)[0, 1])) > _ONE:
        return "follow from each other, as one unit does from another"
    return ""


def _same_levels(a: FloatArray | IntArray, b: FloatArray | IntArray) -> str:
    known = (a >= 0) & (b >= 0)
    pairs = np.unique(np.column_stack([a[known], b[known]]), axis=0)
    if known.sum() < _FEWEST or len(pairs) < 2:
        return ""
    one_to_one = all(len(np.unique(column)) == len(pairs) for column in pairs.T)
    return "part the cases alike" if one_to_one else ""
