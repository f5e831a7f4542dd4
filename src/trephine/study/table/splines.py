"""Splines that the values of their variables cannot bear."""

from __future__ import annotations

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.errors import Problem
from trephine.regression.restricted_spline import FEWEST_KNOTS, FEWEST_VALUES, harrell_knots


def spline_problems(clinical: ClinicalTable, table: str) -> list[Problem]:
    """Return a problem for each spline with more knots than its values have room for.

    Parameters
    ----------
    clinical
        Typed values of the cases.
    table
        Name of the table's file.
    """
    problems = []
    for key, variable in clinical.variables.items():
        if variable.spline is None:
            continue
        values = clinical.values(key)
        known = values[~np.isnan(values)]
        distinct = int(np.unique(known).size)
        knots = 0
        if known.size >= FEWEST_VALUES:
            knots = int(harrell_knots(known, variable.spline).size)
        if knots >= variable.spline and distinct > variable.spline:
            continue
        room = min(knots, distinct - 1)
        advice = (
            f"Under [clinical] {key} write spline = {room}"
            if room >= FEWEST_KNOTS
            else f"Leave out spline under [clinical] {key}, or give the variable levels"
        )
        problems.append(
            Problem.of_cells(
                table,
                (),
                variable.column_of(key),
                f"values with room for a spline of {variable.spline} knots",
                f"{distinct} different values, at whose quantiles {knots} knots lie apart",
                advice,
            )
        )
    return problems
