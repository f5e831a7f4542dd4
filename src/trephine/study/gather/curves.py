"""Curves of the report: ROC, calibration, decision, survival by risk group and overall."""

from __future__ import annotations

import numpy as np

from trephine.evaluation.decision_curve import TREAT_ALL, TREAT_NONE, DecisionCurve
from trephine.evaluation.risk_groups import RiskGroup, RiskGroups
from trephine.facts import (
    CalibrationFacts,
    DecisionCurveFacts,
    EstimateFact,
    HorizonEstimate,
    NetBenefit,
    RiskGroupsFacts,
    RocFacts,
    SurvivalCurve,
)
from trephine.report import phrases
from trephine.study.assess import Assessed, Assessment
from trephine.study.assess.follow_up import at_risk_at, overall_curve
from trephine.study.assess.risk_groups import risk_table_times
from trephine.study.calibration_groups import group_facts
from trephine.study.gather.estimates import SHARE, cut
from trephine.study.results import Analysed
from trephine.survival.kaplan_meier import KaplanMeierCurve
from trephine.types import FloatArray

HISTOGRAM_BINS = 20


def roc_facts(assessed: Assessed) -> list[RocFacts]:
    """Return one curve a horizon."""
    found = []
    for at in assessed.at_horizons:
        if at.roc.note:
            continue
        order = np.lexsort((at.roc.sensitivity, at.roc.false_positive_rate))
        found.append(
            RocFacts(
                protocol=assessed.protocol,
                kind=assessed.kind,
                model=assessed.model,
                horizon=at.horizon,
                false_positive=at.roc.false_positive_rate[order],
                true_positive=at.roc.sensitivity[order],
                auc=EstimateFact.model_validate(cut(at.auc.estimate, SHARE)),
            )
        )
    return found


def calibration_facts(assessed: Assessed) -> list[CalibrationFacts]:
    """Return one calibration curve a horizon."""
    found = []
    for at in assessed.at_horizons:
        edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
        counts, _ = np.histogram(assessed.calibrated_at(at.horizon), edges)
        curve = at.curve
        known = np.isfinite(curve.observed).all()
        found.append(
            CalibrationFacts(
                protocol=assessed.protocol,
                kind=assessed.kind,
                model=assessed.model,
                horizon=at.horizon,
                groups=group_facts(at.groups),
                smooth_method=phrases.CURVE_WORDS[curve.method] if known else "",
                smooth_predicted=curve.predicted if known else (),
                smooth_observed=curve.observed if known else (),
                smooth_low=_known(curve.low),
                smooth_high=_known(curve.high),
                bin_edges=edges,
                bin_counts=counts,
            )
        )
    return found


def decision_facts(assessment: Assessment) -> tuple[DecisionCurveFacts, ...]:
    """Return the decision curves of all models together, by protocol, kind and horizon."""
    return tuple(
        DecisionCurveFacts(
            protocol=protocol,
            kind=kind,
            horizon=horizon,
            thresholds=curves[TREAT_ALL].thresholds,
            treat_all=curves[TREAT_ALL].net_benefit,
            models=tuple(
                _net_benefit(name, curve)
                for name, curve in curves.items()
                if name not in (TREAT_ALL, TREAT_NONE)
            ),
        )
        for (protocol, kind, horizon), curves in assessment.decision.items()
        if np.isfinite(curves[TREAT_ALL].net_benefit).any()
    )


def _net_benefit(name: str, curve: DecisionCurve) -> NetBenefit:
    return NetBenefit(
        model=name,
        net_benefit=curve.net_benefit,
        low=_known(curve.net_benefit_low),
        high=_known(curve.net_benefit_high),
        interventions_avoided=100 * curve.interventions_avoided,
        harm=curve.harm,
    )


def risk_group_facts(analysis: Analysed, assessed: Assessed) -> RiskGroupsFacts:
    """Return survival of low and high risk under one model."""
    plan = analysis.inputs.plan
    found = assessed.risk_groups
    groups = found.groups
    rule = phrases.cut_at_median(out_of_fold=assessed.out_of_fold is not None)
    if found.by_plan:
        outcome = plan.outcome
        rule = phrases.cut_by_plan(outcome.risk_cuts, outcome.horizons[0], outcome.unit)
    return RiskGroupsFacts(
        protocol=assessed.protocol,
        kind=assessed.kind,
        model=assessed.model,
        rule=rule,
        cuts=groups.cut_offs,
        curves=tuple(_group_curve(group) for group in groups.groups),
        logrank_statistic=groups.logrank.statistic if groups.logrank else None,
        degrees_of_freedom=groups.logrank.degrees_of_freedom if groups.logrank else 0,
        logrank_p=groups.logrank.p_value if groups.logrank else None,
        ratio=None if found.ratio is None else EstimateFact.model_validate(found.ratio),
        notes=tuple(note for note in (groups.note, *_group_notes(groups), found.note) if note),
    )


def _group_notes(groups: RiskGroups) -> list[str]:
    """Return what has to be said of single groups, each thing once with all that it is about."""
    about: dict[str, list[str]] = {}
    for group in groups.groups:
        if group.note:
            about.setdefault(group.note, []).append(group_label(group))
    return [f"{', '.join(names)}: {note}" for note, names in about.items()]


def group_label(group: RiskGroup) -> str:
    """Return what a risk group is called."""
    name = group.name.capitalize()
    return name if "risk" in group.name else f"{name} risk"


def overall_survival(analysis: Analysed) -> SurvivalCurve:
    """Return the Kaplan-Meier curve of all cases, its interval by patient."""
    survival = analysis.cases.survival
    curve = overall_curve(analysis)
    times = risk_table_times(float(survival.time.max()))
    at_risk = at_risk_at(analysis, times)
    horizons = []
    for horizon in analysis.inputs.plan.outcome.horizons:
        if horizon <= survival.time.max():
            at = curve.at(np.array([horizon]))
            estimate = EstimateFact(
                value=at.survival_probability[0], low=at.low[0], high=at.high[0]
            )
            horizons.append(HorizonEstimate(horizon=horizon, estimate=estimate))
    return SurvivalCurve(
        label="All cases",
        n=len(survival),
        events=int(survival.event.sum()),
        **_steps(curve),
        at_risk_times=times,
        at_risk=at_risk,
        at_horizons=tuple(horizons),
        median=EstimateFact.model_validate(curve.quantile(0.5)),
    )


def _group_curve(group: RiskGroup) -> SurvivalCurve:
    steps = (
        _steps(group.curve) if group.curve is not None else {"times": (0.0,), "survival": (1.0,)}
    )
    return SurvivalCurve(
        label=group_label(group),
        n=group.n,
        events=group.n_events,
        **steps,
        at_risk_times=group.times,
        at_risk=group.n_at_risk,
        at_horizons=tuple(
            HorizonEstimate(horizon=horizon, estimate=EstimateFact.model_validate(estimate))
            for horizon, estimate in zip(group.horizons, group.survival_probability, strict=True)
        ),
        median=EstimateFact.model_validate(group.median_survival),
    )


def _steps(curve: KaplanMeierCurve) -> dict[str, FloatArray]:
    """Return a curve's steps from time 0, and when cases were censored."""
    return {
        "times": np.append(0.0, curve.times),
        "survival": np.append(1.0, curve.survival_probability),
        "low": np.append(1.0, curve.low),
        "high": np.append(1.0, curve.high),
        "censored_times": np.repeat(curve.times, curve.n_censored.astype(np.int64)),
    }


def _known(values: FloatArray) -> FloatArray:
    """Return the values, or nothing where none was computed."""
    return np.empty(0) if np.isnan(values).all() else values
