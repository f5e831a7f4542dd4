"""One new case through a locked model, with a word where it lies outside what training saw."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from trephine.cohort.schema import capitalised, label_of
from trephine.evaluation.risk_groups import group_names
from trephine.modelling.bundle_signing import told
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.joint_range import judges_jointly
from trephine.modelling.prediction import Predictor
from trephine.study.gather.signatures import set_label
from trephine.study.locked.case_clinical import clinical_of
from trephine.study.locked.context import BundleContext
from trephine.study.locked.intervals import CaseIntervals, case_intervals
from trephine.study.locked.model import LockedModel, opened
from trephine.study.locked.new_case import NewCase, features_of
from trephine.types import Estimate, FloatArray, IntArray, TimeUnit, span_text


@dataclass(frozen=True)
class CasePrediction:
    """What a locked model says of one case.

    Attributes
    ----------
    model, protocol
        Which.
    outcome, unit
        Of the survival probabilities.
    survival
        By horizon, with the interval that refits of the whole recipe give it.
    linear_predictor, total_points
        Centred linear predictor, and points on the nomogram (None where it has no predictor).
    risk_group
        Between the plan's cut points of the event probability at the first horizon; without any,
        "high" above the training median of the linear predictor, else "low".
    warnings
        Where the case lies outside what training saw, and what else must be known.
    scores
        Of the model's signatures, as a calculator takes them.
    signed_by
        Fingerprint of the key that signed the model; None where nobody did.
    interval_note
        Where the intervals come from, or why there are none.
    risk_of
        Event of which 1 - ``survival`` is the absolute risk, where others may come before it: who
        does not have it may have had another. Empty where no events compete.
    """

    model: str
    protocol: str
    outcome: str
    unit: TimeUnit
    survival: Mapping[float, Estimate]
    linear_predictor: float
    total_points: float | None
    risk_group: str
    warnings: tuple[str, ...]
    scores: Mapping[str, float]
    signed_by: str | None = None
    interval_note: str = ""
    risk_of: str = ""

    def lines(self) -> list[str]:
        """Return the prediction as a few lines of text."""
        lines = [f"Model {self.model} ({self.protocol}). Research use only.", told(self.signed_by)]
        for horizon, survival in self.survival.items():
            when = span_text(horizon, self.unit)
            if self.risk_of:
                lines.append(f"Risk of {self.risk_of} by {when}: {_percent(_rest(survival))}")
            else:
                lines.append(f"{capitalised(self.outcome)} at {when}: {_percent(survival)}")
        if self.interval_note:
            lines.append(f"Intervals: {self.interval_note}")
        if self.total_points is not None:
            lines.append(f"Total points: {self.total_points:.1f}")
        lines.append(f"Risk group: {self.risk_group}")
        lines += [f"{set_label(key)} signature: {score:.6g}" for key, score in self.scores.items()]
        lines += [f"Warning: {warning}" for warning in self.warnings]
        return lines

    def content(self) -> dict[str, Any]:
        """Return the prediction as plain values, None where a number is not known."""
        # Not `asdict`, which copies everything, and takes a server longer than the model does.
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        found["survival"] = {
            f"{horizon:g}": {
                "value": _finite(s.value), "low": _finite(s.low), "high": _finite(s.high)
            }
            for horizon, s in self.survival.items()
        }  # fmt: skip
        return {**found, "warnings": list(self.warnings), "scores": dict(self.scores)}

    def to_json(self) -> str:
        """Return the prediction as JSON."""
        return json.dumps(self.content(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _rest(survival: Estimate) -> Estimate:
    """Return what is left to 1, with its interval."""
    return Estimate(1 - survival.value, 1 - survival.high, 1 - survival.low)


def _percent(survival: Estimate) -> str:
    """Return a probability with its interval, or that the model has none at that time."""
    if not math.isfinite(survival.value):
        return "not available: the training cases were not followed that long"
    interval = "no interval"
    if math.isfinite(survival.low) and math.isfinite(survival.high):
        interval = f"{survival.low:.1%} to {survival.high:.1%}"
    return f"{survival.value:.1%} ({interval})"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def predict_case(
    bundle: str | Path | LockedModel,
    case: NewCase | Mapping[str, object],
    model: str | None = None,
    signer: str | None = None,
) -> CasePrediction:
    """Predict one case.

    Parameters
    ----------
    bundle
        The locked model: its bundle, a folder or a .zip, or what `read_model` returned.
    case
        Its data. Values by the names of their columns, None where missing, stand for a case that
        has no images.
    model
        Name; the bundle's primary model by default.
    signer
        Fingerprint of the key that must have signed the bundle, if any.

    Raises
    ------
    BundleError
        If the bundle is refused.
    InputError
        If the case lacks what the model needs.

    Examples
    --------
    >>> from pathlib import Path
    >>> from trephine import NewCase, predict_case
    >>> case = NewCase(clinical=Path("case.csv"), features=Path("case-features.csv"))
    >>> prediction = predict_case(Path("results/model"), case)
    >>> sorted(prediction.survival)
    [12.0, 24.0]
    """
    locked = opened(bundle, signer)
    chosen = locked.named(model)
    given = case if isinstance(case, NewCase) else _by_values(locked, case)
    predictor, outcome = locked.predictor, locked.context.outcome
    warnings: list[str] = []
    measured = features_of(locked, given, chosen, warnings)
    clinical, more = clinical_of(locked, given, chosen)
    centre = locked.centre_codes([given.centre])
    features = predictor.harmonised(measured, clinical, centre)
    design = predictor.design(chosen, measured, clinical, centre)
    survival = chosen.predict_survival(design, outcome.horizons).survival_probability[0]
    intervals = case_intervals(locked, chosen, survival, measured, clinical, centre)
    lp = float(chosen.linear_predictor(design)[0])
    warnings += more
    warnings += _centre_warnings(predictor, chosen, centre)
    warnings += _outside(predictor, chosen, design[0], features)
    warnings += _of_the_model(locked.context)
    nomogram = locked.context.nomograms.get(chosen.name)
    return CasePrediction(
        model=chosen.name,
        protocol=locked.context.protocol,
        outcome=outcome.full_name,
        unit=outcome.unit,
        survival=_by_horizon(outcome.horizons, survival, intervals),
        linear_predictor=lp,
        total_points=None if nomogram is None else nomogram.total_points(lp),
        risk_group=_risk_group(chosen, lp, survival, outcome.risk_cuts),
        warnings=tuple(warnings),
        scores={
            term.variable: float(value)
            for term, value in zip(chosen.terms, design[0], strict=True)
            if term.is_signature
        },
        signed_by=locked.signed_by,
        interval_note=intervals.note,
        risk_of=outcome.event if outcome.competing else "",
    )


def _of_the_model(context: BundleContext) -> list[str]:
    """Return what must be known of every prediction of a model."""
    found = []
    if context.outcome.landmark is not None:
        landmark = span_text(context.outcome.landmark, context.outcome.unit)
        found.append(
            f"horizons count from the landmark, {landmark} after the start of follow-up, and the"
            " prediction is for a case that has been followed until then without any event"
        )
    if context.updated is not None:
        found.append(
            f"the model was updated on {context.updated.cases} outside cases with"
            f" {context.updated.events} events, and how well it has predicted since then was"
            " not measured"
        )
    if context.simulated:
        found.append("the model was fitted to simulated data and says nothing about patients")
    return found


def _by_values(model: LockedModel, values: Mapping[str, object]) -> NewCase:
    """Return a case of values alone; features count where there are any of the model's."""
    signatures = model.predictor.signatures.values()
    has_features = any(name in values for signature in signatures for name in signature.names)
    return NewCase(clinical=values, features=values if has_features else None)


def _by_horizon(
    horizons: Sequence[float], survival: FloatArray, intervals: CaseIntervals
) -> dict[float, Estimate]:
    every = zip(survival.tolist(), intervals.low.tolist(), intervals.high.tolist(), strict=True)
    return {h: Estimate(*estimate) for h, estimate in zip(horizons, every, strict=True)}


def _risk_group(model: FittedModel, lp: float, survival: FloatArray, cuts: Sequence[float]) -> str:
    """Return the name of the case's group, as the report parts its groups."""
    score, edges = lp, [model.risk_cut]
    event_probability = 1.0 - float(survival[0])
    if cuts and np.isfinite(event_probability):
        score, edges = event_probability, list(cuts)
    return group_names(len(edges) + 1)[int(np.searchsorted(edges, score, side="left"))]


def _centre_warnings(
    predictor: Predictor,
    model: FittedModel,
    centre: IntArray,
) -> list[str]:
    """Return where a centre's effects could not be taken out."""
    harmonised = [
        predictor.harmonisers[term.variable]
        for term in model.terms
        if term.is_signature and term.variable in predictor.harmonisers
    ]
    if not harmonised or all(one.knows(centre, 1).all() for one in harmonised):
        return []
    return [
        "centre: the model takes out the effects of the centres it was fitted with, and this case"
        " names none of them; its features count as measured, as if its scanner were average"
    ]


def _outside(
    predictor: Predictor,
    model: FittedModel,
    design: np.ndarray,
    features: Mapping[str, FeatureSet],
) -> list[str]:
    """Return where a case lies outside what training saw."""
    warnings = []
    for term, value, low, high in zip(model.terms, design, model.low, model.high, strict=True):
        if term.has_own_range and not low <= value <= high:
            warnings.append(
                f"{term.label}: {value:.4g} lies outside the training range {low:.4g} to {high:.4g}"
            )
    for term in model.terms:
        if not term.is_signature:
            continue
        signature = predictor.signatures[term.variable]
        given = features[term.variable]
        distance = float(signature.distance(given.values, given.names)[0])
        if distance > signature.reach:
            warnings.append(
                f"{term.label}: the case lies {distance:.2g} SD per feature from the training mean,"
                f" further than any training case ({signature.reach:.2g})"
            )
    return warnings + _outside_jointly(predictor, model, design)


def _outside_jointly(predictor: Predictor, model: FittedModel, design: np.ndarray) -> list[str]:
    """Return where the values of a case do not go together as training's did."""
    if not judges_jointly(model.terms):
        return []
    if model.joint is None:
        return [
            "the model does not say which values go together; each was compared with its own range"
            " only"
        ]
    warnings = []
    distance = float(model.joint.distance(design[None])[0])
    if distance > model.joint.reach:
        warnings.append(
            f"taken together, the values of this case lie further from those of the training cases"
            f" (Mahalanobis distance {distance:.3g}) than those of any training case do"
            f" ({model.joint.reach:.3g})"
        )
    for pair in model.joint.pairs_of(model.terms, design):
        one, other = (_group(predictor, model, *group) for group in pair)
        warnings.append(f"no training case had both {one} and {other}")
    return warnings


def _group(predictor: Predictor, model: FittedModel, variable: str, column: int | None) -> str:
    """Return a group of a variable with the variable's name."""
    own = next(term for term in model.terms if term.variable == variable and term.is_group)
    group = own.reference_group if column is None else model.terms[column].group
    return f"{label_of(variable, predictor.variables[variable])} {group}"
