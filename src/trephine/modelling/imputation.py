"""What stands in for a missing clinical value, learned from training cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.errors import InputError


@dataclass(frozen=True)
class Imputation:
    """Training median of each continuous variable, most frequent level of each categorical one.

    Attributes
    ----------
    values
        By variable; a categorical one's as level code.
    """

    values: Mapping[str, float]

    def completions(self, table: ClinicalTable) -> tuple[ClinicalTable, ...]:
        """Return the table without missing values, once."""
        return (self.fill(table),)

    def stands_in(self, table: ClinicalTable, key: str) -> str:
        """Return a variable with what is put in the place of a missing value, for a sentence."""
        variable = table.variables[key]
        return f"{label_of(key, variable)} {variable.text_of(self.values[key])}"

    def fill(self, table: ClinicalTable) -> ClinicalTable:
        """Return the table without missing values; it may hold some of the variables only."""
        for key in table.variables:
            value = self.values[key]
            given = table.values(key)
            absent = np.isnan(given)
            if absent.any():
                filled = table.variables[key].stored(np.where(absent, value, given))
                table = table.with_column(key, filled)
        return table


def fit_imputation(table: ClinicalTable) -> Imputation:
    """Learn what to fill in.

    Raises
    ------
    InputError
        If a variable has no value in any training case.
    """
    values = {}
    for key, variable in table.variables.items():
        given = table.values(key)
        given = given[~np.isnan(given)]
        if given.size == 0:
            raise InputError(f"clinical variable {key}: no training case has a value")
        values[key] = variable.typical(given)
    return Imputation(values)
