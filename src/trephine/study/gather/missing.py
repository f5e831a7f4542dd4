"""Missing clinical values and their imputations, as the report shows them."""

from __future__ import annotations

import numpy as np

from trephine.cohort.schema import ClinicalVariable, label_of
from trephine.facts.missing import (
    ChainFacts,
    ImputationFacts,
    MissingFacts,
    MissingInformation,
    MissingVariable,
)
from trephine.modelling.chained_equations import SWEEPS, ChainTrace
from trephine.modelling.conditional import DRAWS
from trephine.modelling.imputed_draws import DONORS
from trephine.regression.rubin import PooledCoxResult
from trephine.report import phrases
from trephine.study.gather.signatures import set_label
from trephine.study.results import Analysis, ProtocolResult


def missing_facts(analysis: Analysis) -> MissingFacts | None:
    """Return what was missing and how it was imputed; None where a study imputes but once."""
    table, event = analysis.cases.clinical, analysis.cases.survival.event
    found = [one for one in analysis.protocols.values() if _completed(one)]
    if not found:
        return None
    variables = []
    for key, variable in table.variables.items():
        absent = np.isnan(table.values(key))
        variables.append(
            MissingVariable(
                name=key,
                label=label_of(key, variable),
                missing=int(absent.sum()),
                missing_percent=100 * float(absent.mean()),
                missing_with_event=int((absent & event).sum()),
                method=_method(variable) if absent.any() else "",
            )
        )
    absent = table.missing()
    return MissingFacts(
        incomplete=int(absent.sum()),
        incomplete_percent=100 * float(absent.mean()),
        variables=tuple(variables),
        imputations=tuple(_imputation(analysis, one) for one in found if absent.any()),
    )


def _completed(result: ProtocolResult) -> bool:
    choice = result.fitted.clinical
    return choice is not None and choice.completed is not None


def _method(variable: ClinicalVariable) -> str:
    if not variable.categorical:
        return phrases.MATCHED
    return phrases.LOGISTIC if len(variable.levels) == 2 else phrases.MULTINOMIAL


def _imputation(analysis: Analysis, result: ProtocolResult) -> ImputationFacts:
    choice = result.fitted.clinical
    assert choice is not None
    assert choice.completed is not None
    variables, model = analysis.cases.clinical.variables, result.fitted.predictor.fullest
    pooled = model.result.pooled if isinstance(model.result, PooledCoxResult) else None
    information = (
        ()
        if pooled is None
        else tuple(
            MissingInformation(label=term.label, fraction_percent=100 * float(share))
            for term, share in zip(model.terms, pooled.missing_information, strict=True)
        )
    )
    return ImputationFacts(
        protocol=result.settings.protocol,
        imputations=len(choice.completed.tables),
        sweeps=SWEEPS,
        donors=DONORS,
        draws=DRAWS,
        signatures=tuple(set_label(name) for name in result.fitted.chains),
        model=model.name if information else "",
        information=information,
        chains=tuple(_chains(trace, variables) for trace in choice.completed.traces),
    )


def _chains(trace: ChainTrace, variables: dict[str, ClinicalVariable]) -> ChainFacts:
    return ChainFacts(
        label=label_of(trace.variable, variables[trace.variable]),
        level=trace.level,
        chains=tuple(tuple(chain) for chain in trace.mean.T.tolist()),
    )
