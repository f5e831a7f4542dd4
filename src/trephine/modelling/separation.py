"""Clinical variables that separate the events, kept by Firth's penalised likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trephine.cohort.schema import ClinicalTable
from trephine.errors import ModelError, Reason
from trephine.modelling.clinical_settings import ClinicalSettings
from trephine.modelling.encoding import Encoding
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import ChiSquareTest
from trephine.types import Survival


@dataclass(frozen=True)
class KeptApart:
    """What becomes of variables that separate the events.

    Attributes
    ----------
    kept
        Those that stay.
    set_aside
        Those that not even Firth's likelihood can be fitted with, and why.
    """

    kept: tuple[str, ...]
    set_aside: tuple[tuple[str, Reason], ...]


def design_frame(
    table: ClinicalTable, encoding: Encoding, variables: Sequence[str]
) -> pd.DataFrame:
    """Return the columns of some variables, named by term."""
    names = [term.name for term in encoding.columns(variables)]
    return pd.DataFrame(encoding.matrix(table, variables), columns=names)


def keep_separating(
    apart: Sequence[str],
    beside: Sequence[str],
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
    settings: ClinicalSettings,
) -> KeptApart:
    """Choose among variables that separate, beside those that were chosen without them.

    They enter in the order given, and then leave one at a time by the rule that the settings have
    for the others, each judged by the penalised likelihood ratio test of all its terms: the Wald
    statistic and Akaike's criterion of a coefficient that runs to infinity say nothing.

    Parameters
    ----------
    apart
        The variables; those that say most alone first.
    beside
        Variables that are in the model whatever happens.
    """
    kept: list[str] = []
    set_aside: list[tuple[str, Reason]] = []
    for key in apart:
        absent = [one for one in encoding.alone(key)[:-1] if one not in (*beside, *kept)]
        if absent:
            set_aside.append((key, rests_on_absent(absent)))
            continue
        try:
            _fit((*beside, *kept, key), table, encoding, survival)
        except ModelError as error:
            set_aside.append((key, error.reason))
        else:
            kept.append(key)
    while kept and settings.clinical != "all":
        model = _fit((*beside, *kept), table, encoding, survival)
        free = [key for key in kept if not encoding.resting_on(key, kept)]
        tests = [
            model.likelihood_ratio_test([term.name for term in encoding.terms[key]]) for key in free
        ]
        worst = int(np.argmax([test.p_value for test in tests]))
        if not _leaves(tests[worst], settings):
            break
        kept.remove(free[worst])
    return KeptApart(tuple(kept), tuple(set_aside))


def rests_on_absent(absent: Sequence[str]) -> Reason:
    """Return why an interaction cannot enter a model that lacks one of its variables."""
    return Reason("collinear", "it needs {}, which the model does not hold", (tuple(absent),))


def _fit(
    variables: Sequence[str], table: ClinicalTable, encoding: Encoding, survival: Survival
) -> CoxModel:
    return CoxModel(penalty="firth").fit(design_frame(table, encoding, variables), survival)


def _leaves(test: ChiSquareTest, settings: ClinicalSettings) -> bool:
    if settings.clinical == "backward-aic":
        return test.statistic <= 2 * test.degrees_of_freedom
    return test.p_value > settings.stay_p
