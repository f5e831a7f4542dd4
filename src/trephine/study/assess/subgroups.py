"""How the headline model of each protocol does in the subgroups that the plan names."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.cohort.schema import label_of
from trephine.errors import InputError
from trephine.evaluation.calibration import observed_share
from trephine.evaluation.calibration_slope import calibration_in_the_large
from trephine.evaluation.decision_curve import TREAT_ALL, decision_curves
from trephine.streams import seeds
from trephine.study.assess.centres import FEWEST_CENTRE_EVENTS
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import BoolArray, Estimate, FloatArray, IntArray
from trephine.validation.held_out import OutOfFold
from trephine.validation.out_of_fold import (
    out_of_fold_concordance,
    out_of_fold_slope,
    pooled_event_probability,
    varies_within_folds,
)
from trephine.validation.subgroup_tests import SubgroupTests, subgroup_tests

CENTRE = "centre"
"""What a plan calls the groups of its centres."""

# A group of fewer events says nothing about a model: it is counted, and not judged.
FEWEST_EVENTS = FEWEST_CENTRE_EVENTS
MOST_DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """One model in one group, out of fold.

    Attributes
    ----------
    group
        Name of the group.
    n, events
        Cases, and events among them.
    c_index, slope
        Of cases within folds; None where there is none.
    observed_expected, net_benefit, treat_all
        At ``horizon``: events over those predicted, and net benefit at ``threshold`` of acting by
        the model and of acting on everybody.
    note
        Why there are no figures.
    """

    group: str
    n: int
    events: int
    c_index: Estimate | None = None
    slope: Estimate | None = None
    observed_expected: Estimate | None = None
    net_benefit: Estimate | None = None
    treat_all: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Subgroups:
    """One model in the groups of one variable.

    Attributes
    ----------
    model
        Name.
    variable, label
        Key of the plan, and what the report calls it.
    horizon, threshold
        Of the figures that have one; None where follow-up reaches no horizon.
    groups
        In the order of the levels.
    tests
        Between the groups that have events enough; None where fewer than two have.
    """

    model: str
    variable: str
    label: str
    horizon: float | None
    threshold: float | None
    groups: tuple[Subgroup, ...]
    tests: SubgroupTests | None


def subgroups(analysis: Analysis, result: ProtocolResult) -> list[Subgroups]:
    """Return the fullest model of a protocol in each subgroup of the plan, on unseen cases.

    A continuous variable is divided at the median of the analysed cases.
    """
    found = result.out_of_fold
    if found is None or found.repeats == 0:
        return []
    model = result.fitted.predictor.fullest.name
    seeds_of = iter(
        seeds(analysis.inputs.plan.study.seed, "subgroups").spawn(
            len(analysis.inputs.plan.validation.subgroups)
        )
    )
    return [
        _of_variable(analysis, found, model, key, np.random.default_rng(next(seeds_of)))
        for key in analysis.inputs.plan.validation.subgroups
    ]


def groups_of(analysis: Analysis, key: str) -> tuple[str, list[tuple[str, BoolArray]]]:
    """Return what a variable is called, and its groups with their cases, each of shape (n,)."""
    cases, inputs = analysis.cases, analysis.inputs
    if key == CENTRE:
        assert cases.centre is not None
        named = enumerate(inputs.centre_names)
        return "Centre", [(name, np.asarray(cases.centre == code)) for code, name in named]
    variable, values = cases.clinical.variables[key], cases.clinical.values(key)
    label = label_of(key, variable)
    if variable.categorical:
        return label, [
            (level, np.asarray(values == code))
            for code, level in enumerate(variable.levels)
            if (values == code).any()
        ]
    cut = float(np.nanmedian(values))
    unit = f" {variable.unit}" if variable.unit else ""
    return label, [
        (f"< {cut:.4g}{unit}", np.asarray(values < cut)),
        (f"≥ {cut:.4g}{unit}", np.asarray(values >= cut)),
    ]


def _of_variable(
    analysis: Analysis, found: OutOfFold, model: str, key: str, rng: np.random.Generator
) -> Subgroups:
    label, members = groups_of(analysis, key)
    horizon, threshold = _horizon(analysis, found, model)
    groups = tuple(
        _group(analysis, found, model, (name, here), (horizon, threshold), rng)
        for name, here in members
    )
    event = analysis.cases.survival.event
    enough = [here for _, here in members if event[here].sum() >= FEWEST_EVENTS]
    return Subgroups(
        model=model,
        variable=key,
        label=label,
        horizon=horizon,
        threshold=threshold,
        groups=groups,
        tests=_tests(analysis, found, model, enough),
    )


def _horizon(analysis: Analysis, found: OutOfFold, model: str) -> tuple[float | None, float | None]:
    """Return the last horizon that all reach, and the threshold: the plan's, or the event's share.

    Acting on those whose risk is above the average is what a reader takes for granted where the
    plan says nothing.
    """
    probability = pooled_event_probability(found, model)
    reached = [
        horizon
        for j, horizon in enumerate(found.horizons)
        if horizon in analysis.reached and np.isfinite(probability[:, j]).all()
    ]
    if not reached:
        return None, None
    outcome = analysis.inputs.plan.outcome
    if outcome.risk_cuts:
        return reached[-1], outcome.risk_cuts[0]
    share, _ = observed_share(analysis.cases.survival, reached[-1], None, 0.95, "log")
    return reached[-1], round(share.value, 2)


def _group(
    analysis: Analysis,
    found: OutOfFold,
    model: str,
    which: tuple[str, BoolArray],
    at: tuple[float | None, float | None],
    rng: np.random.Generator,
) -> Subgroup:
    name, here = which
    cases, own = analysis.cases.take(here), found.take(here)
    alone = Subgroup(group=name, n=len(cases), events=int(cases.survival.event.sum()))
    if alone.events < FEWEST_EVENTS:
        return replace(alone, note=f"fewer than {FEWEST_EVENTS} events")
    if not varies_within_folds(own, model):
        return replace(alone, note="every case of a fold has the same prediction")
    try:
        c_index = _known(out_of_fold_concordance(cases.survival, own, model, cases.patient))
    except InputError as error:
        return replace(alone, note=str(error))
    slope = out_of_fold_slope(cases.survival, own, model, cases.patient).estimate
    judged = replace(alone, c_index=c_index, slope=_known(slope))
    horizon, threshold = at
    if horizon is None or threshold is None or cases.survival.time.max() < horizon:
        return replace(judged, note="follow-up of the group ends before the horizon")
    column = found.horizons.index(horizon)
    probability: FloatArray = pooled_event_probability(own, model)[:, column]
    large = calibration_in_the_large(cases.survival, probability, horizon, cluster=cases.patient)
    benefit, everybody = _benefit(analysis, cases.patient, here, probability, at, rng)
    return replace(
        judged,
        observed_expected=_known(large.ratio),
        net_benefit=benefit,
        treat_all=everybody,
    )


def _benefit(
    analysis: Analysis,
    patient: IntArray,
    here: BoolArray,
    probability: FloatArray,
    at: tuple[float | None, float | None],
    rng: np.random.Generator,
) -> tuple[Estimate | None, float | None]:
    """Return the net benefit of acting by the model, with its interval, and of acting on all."""
    horizon, threshold = at
    assert horizon is not None
    assert threshold is not None
    draws = min(analysis.inputs.plan.validation.interval_bootstraps, MOST_DRAWS)
    curves = decision_curves(
        analysis.cases.survival.take(here),
        {"model": probability},
        horizon,
        [threshold],
        cluster=patient,
        repeats=draws,
        rng=rng,
    )
    own, everybody = curves["model"], curves[TREAT_ALL]
    benefit = Estimate(
        float(own.net_benefit[0]),
        float(own.net_benefit_low[0]),
        float(own.net_benefit_high[0]),
    )
    return _known(benefit), float(everybody.net_benefit[0])


def _tests(
    analysis: Analysis, found: OutOfFold, model: str, groups: list[BoolArray]
) -> SubgroupTests | None:
    """Test between the groups that have events enough; None where there are fewer than two."""
    if len(groups) < 2:
        return None
    code = np.full(len(analysis.cases), -1)
    for k, here in enumerate(groups):
        code[here] = k
    inside = code >= 0
    cases = analysis.cases.take(inside)
    return subgroup_tests(cases.survival, found.take(inside), model, code[inside], cases.patient)


def _known(estimate: Estimate) -> Estimate | None:
    return estimate if np.isfinite(estimate.value) else None
