"""Cases divided by predicted risk, and the hazard ratio of the highest group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.errors import ModelError
from trephine.evaluation.risk_groups import RiskGroups, risk_groups
from trephine.evaluation.unfitted import why_unfitted
from trephine.modelling.fitted_model import fit_model
from trephine.modelling.terms import Term
from trephine.regression.ticks import pretty
from trephine.study.assess.predictions import Predictions
from trephine.study.results import Analysed
from trephine.types import Estimate, FloatArray


@dataclass(frozen=True)
class Stratified:
    """One model's risk groups.

    Attributes
    ----------
    groups
        With their curves and the log-rank test between them.
    by_plan
        Whether they are cut at the plan's event probabilities, at its first horizon; else at the
        model's own cut.
    ratio
        Hazard ratio of the highest group against all others; None where there is none.
    note
        Why there is none; empty where there is one, or no test between the groups either.
    """

    groups: RiskGroups
    by_plan: bool
    ratio: Estimate | None
    note: str = ""


def stratified(analysis: Analysed, predictions: Predictions) -> Stratified:
    """Part the cases by one model's predictions."""
    outcome = analysis.inputs.plan.outcome
    survival = analysis.cases.survival
    first = outcome.horizons[0]
    by_plan = bool(outcome.risk_cuts) and first in predictions.horizons
    own = predictions.risk_score if predictions.high_risk is None else predictions.high_risk
    groups = risk_groups(
        survival,
        predictions.probability_at(first) if by_plan else own,
        outcome.risk_cuts if by_plan else (predictions.risk_cut,),
        horizons=outcome.horizons,
        risk_table_times=risk_table_times(float(survival.time.max())),
        cluster=predictions.patient,
    )
    ratio, note = _ratio(analysis, predictions, groups)
    return Stratified(groups, by_plan, ratio, note)


def risk_table_times(last: float) -> FloatArray:
    """Return round times from 0 to the last follow-up."""
    ticks = pretty(0.0, last, 6)
    return ticks[ticks <= last]


INFINITE = "it would be infinite, as where a group has no event"


def _ratio(
    analysis: Analysed, predictions: Predictions, groups: RiskGroups
) -> tuple[Estimate | None, str]:
    if groups.logrank is None:
        return None, ""
    high = (groups.group_of_case == len(groups.groups) - 1).astype(np.float64)
    term = Term("high risk", "high risk", "linear", "High risk")
    try:
        model = fit_model(
            "risk groups",
            (),
            [term],
            high[:, None],
            analysis.cases.survival,
            cluster=predictions.patient,
        )
    except ModelError as error:
        separated = error.kind == "separation"
        why = INFINITE if separated else why_unfitted(error, "the risk groups")
        return None, f"no hazard ratio between the groups: {why}"
    assert model.result is not None
    return model.result.hazard_ratio_of(term.name), ""
