"""Mean event-free time of risk groups and of levels, beside the hazard ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from trephine.choices import Kind, ProtocolName
from trephine.cohort.schema import label_of
from trephine.errors import ModelError
from trephine.evaluation.normal_interval import with_interval
from trephine.modelling.encoding import seen_levels, seen_reference
from trephine.modelling.protocols import PROTOCOLS
from trephine.regression.cox import CoxModel
from trephine.study.assess.measures import Assessed
from trephine.study.assess.whole import Assessment
from trephine.study.results import Analysed
from trephine.survival.restricted_mean import RestrictedMeans, restricted_means
from trephine.types import Estimate, IntArray, Survival


@dataclass(frozen=True)
class GroupMean:
    """One group.

    Attributes
    ----------
    name, n, events
        Of the group.
    mean
        Event-free time up to the horizon; NaN where its follow-up ends before.
    difference, difference_p
        To the first group; None for that one.
    ratio, ratio_p
        Hazard ratio to the first group; None for that one, and where no Cox model can be fitted.
    """

    name: str
    n: int
    events: int
    mean: Estimate
    difference: Estimate | None
    difference_p: float
    ratio: Estimate | None
    ratio_p: float


@dataclass(frozen=True)
class ComparedMeans:
    """The groups of one variable, or of one model.

    Attributes
    ----------
    label
        Of the variable; empty for risk groups.
    protocol, kind, model
        Whose risk groups; None and empty for a variable.
    horizon
        Up to which.
    groups
        The first one is compared with.
    hazards_p
        p of the test that the hazard ratios do not change over time; NaN without a Cox model.
    """

    label: str
    horizon: float
    groups: tuple[GroupMean, ...]
    hazards_p: float
    protocol: ProtocolName | None = None
    kind: Kind | None = None
    model: str = ""


def compared_means(analysis: Analysed, assessment: Assessment) -> list[ComparedMeans]:
    """Compare mean event-free times up to the last horizon, where the plan asks for it.

    Between the levels of categorical variables by patient, and between the risk groups of every
    model by whom its other intervals are.
    """
    plan = analysis.inputs.plan
    if not plan.validation.restricted_mean or not analysis.reached:
        return []
    horizon, cases = analysis.reached[-1], analysis.cases
    found = []
    for key, variable in cases.clinical.variables.items():
        seen = seen_levels(key, cases.clinical)
        if not variable.categorical or len(seen) < 2:
            continue
        first = seen_reference(variable, seen)
        names = (first, *(level for level in seen if level != first))
        texts = cases.clinical.texts(key)
        rows = np.array([row for row, text in enumerate(texts) if text is not None])
        group = np.array([names.index(str(texts[row])) for row in rows], dtype=np.int64)
        groups, p = _groups(cases.survival.take(rows), group, names, horizon, cases.patient[rows])
        found.append(ComparedMeans(label_of(key, variable), horizon, groups, p))
    found += [
        one
        for assessed in assessment.models
        if assessed.kind in ("external", PROTOCOLS[assessed.protocol].judged)
        and (one := _risk_groups(analysis, assessed, horizon)) is not None
    ]
    return found


def _risk_groups(analysis: Analysed, assessed: Assessed, horizon: float) -> ComparedMeans | None:
    stratified = assessed.risk_groups.groups
    there = [j for j, one in enumerate(stratified.groups) if one.n]
    if len(there) < 2:
        return None
    names = tuple(stratified.groups[j].name for j in there)
    code = np.full(len(stratified.groups), -1, dtype=np.int64)
    code[there] = np.arange(len(there))
    groups, p = _groups(
        analysis.cases.survival,
        code[stratified.group_of_case],
        names,
        horizon,
        assessed.patient,
    )
    return ComparedMeans("", horizon, groups, p, assessed.protocol, assessed.kind, assessed.model)


def _groups(
    survival: Survival,
    group: IntArray,
    names: Sequence[str],
    horizon: float,
    patient: IntArray | None,
) -> tuple[tuple[GroupMean, ...], float]:
    """Return every group, and p of proportional hazards between them."""
    if patient is not None and np.unique(patient).size == len(survival):
        patient = None
    means = restricted_means(survival, group, horizon, cluster=patient)
    ratios, hazards_p = _hazards(survival, group, names, patient)
    rows = []
    for j, name in enumerate(names):
        own = group == j
        difference, p = (None, float("nan")) if j == 0 else _difference(means, j)
        ratio, ratio_p = ratios.get(name, (None, float("nan")))
        rows.append(
            GroupMean(
                name, int(own.sum()), int(survival.event[own].sum()),
                with_interval(float(means.means[j]), float(means.covariance[j, j])),
                difference, p, ratio, ratio_p,
            )
        )  # fmt: skip
    return tuple(rows), hazards_p


def _difference(means: RestrictedMeans, j: int) -> tuple[Estimate | None, float]:
    value = float(means.means[j] - means.means[0])
    cov = means.covariance
    variance = float(cov[j, j] + cov[0, 0] - 2 * cov[0, j])
    if not np.isfinite(value) or variance <= 0:
        return None, float("nan")
    return with_interval(value, variance), float(2 * ndtr(-abs(value) / np.sqrt(variance)))


def _hazards(
    survival: Survival, group: IntArray, names: Sequence[str], patient: IntArray | None
) -> tuple[dict[str, tuple[Estimate, float]], float]:
    """Return hazard ratios to the first group with their p, and p of their being constant."""
    columns = {name: (group == j).astype(np.float64) for j, name in enumerate(names) if j}
    try:
        cox = CoxModel().fit(pd.DataFrame(columns), survival, cluster=patient)
    except ModelError:
        return {}, float("nan")
    found = cox.result_
    ratios = {
        name: (found.hazard_ratio_of(name), float(found.p_values[j]))
        for j, name in enumerate(found.names)
    }
    test = cox.proportional_hazards_test(groups={"group": list(columns)})
    return ratios, float(test.overall.p_value)
