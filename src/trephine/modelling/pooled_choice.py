"""Cox models of clinical variables over completed data sets, and choosing among them by these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.modelling.encoding import Encoding
from trephine.modelling.separation import design_frame
from trephine.regression.cox import CoxModel
from trephine.regression.rubin import PooledCoxResult, pool_cox
from trephine.types import IntArray, Survival


def stacked(tables: Sequence[ClinicalTable]) -> ClinicalTable:
    """Return completed data sets as one table, from which cut-offs and knots are learned."""
    first = tables[0]
    columns = {
        key: variable.stored(np.concatenate([table.values(key) for table in tables]))
        for key, variable in first.variables.items()
    }
    return ClinicalTable(first.variables, columns, len(first) * len(tables))


@dataclass(frozen=True)
class Over:
    """The same training cases completed m times, with what models of them need.

    Attributes
    ----------
    tables
        m >= 2.
    encoding
        Learned from all of them.
    survival, cluster
        Of the cases.
    """

    tables: tuple[ClinicalTable, ...]
    encoding: Encoding
    survival: Survival
    cluster: IntArray | None

    def fit(self, variables: Sequence[str]) -> PooledCoxResult:
        """Return the Cox model of some variables, by Rubin's rules.

        Raises
        ------
        ModelError
            If it cannot be fitted to one of the data sets.
        """
        return pool_cox(
            [
                CoxModel()
                .fit(
                    design_frame(table, self.encoding, tuple(variables)),
                    self.survival,
                    cluster=self.cluster,
                )
                .result_
                for table in self.tables
            ]
        )

    def eliminate(self, variables: Sequence[str], stay_p: float | None) -> tuple[str, ...]:
        """Remove the weakest variable and pool again, until every one earns its place.

        Parameters
        ----------
        variables
            Keys, which can be fitted together.
        stay_p
            The variable with the largest pooled p goes while it is above. None: the one goes whose
            pooled Wald statistic is furthest below twice its degrees of freedom, which is what
            Akaike's criterion asks of one data set (Wood, White and Royston 2008).
        """
        kept = tuple(variables)
        while kept:
            found = self.fit(kept)
            excess = {}
            for key in kept:
                if self.encoding.resting_on(key, kept):
                    continue
                test = found.wald_test(tuple(term.name for term in self.encoding.terms[key]))
                by_aic = 2 * test.degrees_of_freedom - test.statistic
                excess[key] = by_aic if stay_p is None else test.p_value - stay_p
            weakest = max(excess, key=excess.__getitem__)
            if excess[weakest] <= 0:
                break
            kept = tuple(key for key in kept if key != weakest)
        return kept
