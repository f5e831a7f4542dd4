"""Which clinical variables can be held by one model, and why others cannot."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.cohort.schema import ClinicalTable
from trephine.errors import ModelError, Reason
from trephine.modelling.encoding import Encoding
from trephine.modelling.following import following
from trephine.modelling.separation import design_frame, rests_on_absent
from trephine.modelling.variable_alone import VariableAlone
from trephine.regression.cox import CoxModel
from trephine.types import Survival


def strongest_first(
    alone: Sequence[VariableAlone], keys: set[str], encoding: Encoding
) -> tuple[str, ...]:
    """Return some keys by what they say alone, interactions after all variables."""
    rows = sorted(alone, key=lambda row: (row.variable in encoding.interactions, row.p_value))
    return tuple(row.variable for row in rows if row.variable in keys)


def fittable(
    entered: tuple[str, ...],
    alone: tuple[VariableAlone, ...],
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
) -> tuple[tuple[str, ...], tuple[tuple[str, Reason], ...]]:
    """Set the variables aside with which one model of all the others cannot be fitted.

    A variable that follows from earlier ones goes, in the plan's order, as in R's coxph (age, then
    birth year: the birth year). Two variables cut at their medians can leave a cell without an
    event (a combined angle and an index made of the same arcs do), and then no maximum of the
    likelihood exists: of those that clash, the ones that say more alone stay. Each variable is
    tried with the ones taken before it alone, so that none goes for its neighbour's fault.
    Interactions are tried after all variables, and go where one of theirs went.
    """
    set_aside: dict[str, Reason] = {}
    if _reason_against(entered, table, encoding, survival) is None:
        return entered, ()
    variables = tuple(key for key in entered if key not in encoding.interactions)
    for key, earlier in following(variables, table, encoding).items():
        set_aside[key] = Reason("collinear", "it follows from {}", (earlier,))
    taken: list[str] = []
    for key in strongest_first(alone, {*entered} - {*set_aside}, encoding):
        trial = tuple(one for one in entered if one in taken or one == key)
        absent = [one for one in encoding.alone(key)[:-1] if one not in taken]
        reason = (
            rests_on_absent(absent) if absent else _reason_against(trial, table, encoding, survival)
        )
        if reason is not None:
            set_aside[key] = reason
        else:
            taken.append(key)
    kept = tuple(key for key in entered if key in taken)
    return kept, tuple((key, set_aside[key]) for key in entered if key in set_aside)


def _reason_against(
    variables: tuple[str, ...], table: ClinicalTable, encoding: Encoding, survival: Survival
) -> Reason | None:
    """Return why these variables cannot be fitted together; None where they can."""
    if not variables:
        return None
    try:
        CoxModel().fit(design_frame(table, encoding, variables), survival)
    except ModelError as error:
        return error.reason
    return None
