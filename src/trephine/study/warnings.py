"""What a study warns of: horizons past follow-up, refits that failed, levels never trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trephine.choices import ProtocolName
from trephine.cohort.schema import label_of
from trephine.study.assess.centres import FEWEST_CENTRE_EVENTS
from trephine.study.image_plans import image_plans
from trephine.study.inputs import StudyInputs
from trephine.study.results import ProtocolResult
from trephine.study.settings import deep_left_out
from trephine.study.weak_evidence import fitted_to_little
from trephine.types import span_text


def protocols_not_fitted(reasons: Mapping[ProtocolName, str]) -> list[tuple[str, str]]:
    """Return one warning for each protocol without results."""
    return [
        (f"{protocol.capitalize()} protocol", f"not fitted: {reason}")
        for protocol, reason in reasons.items()
    ]


def study_warnings(
    inputs: StudyInputs, protocols: Mapping[ProtocolName, ProtocolResult]
) -> tuple[tuple[str, str], ...]:
    """Return what a reader of the report must know before its numbers, each with its place."""
    found = []
    if any(map(deep_left_out, image_plans(inputs.plan).values())):
        found.append(("Deep features", "torch is not installed: no deep features were extracted"))
    found += fitted_to_little(inputs.survival, inputs.plan.outcome.horizons, inputs.flow)
    last = float(inputs.survival.time.max())
    for horizon in inputs.plan.outcome.horizons:
        if horizon > last:
            unit = inputs.plan.outcome.unit
            text = (
                f"follow-up ends at {span_text(last, unit)}, before the horizon of"
                f" {span_text(horizon, unit)}: no results are given for that horizon"
            )
            found.append(("Horizons", text))
    if inputs.centre is not None and all(r.centres is None for r in protocols.values()):
        text = (
            f"fewer than two centres have {FEWEST_CENTRE_EVENTS} events: the models are not judged"
            " by centre"
        )
        found.append(("Centres", text))
    for protocol, result in protocols.items():
        found += _failures(protocol, result)
        found += _unseen_levels(inputs, protocol, result)
        found += _separated(inputs, protocol, result)
        for model in result.fitted.models.values():
            for name, reason in model.left_out:
                found.append((f"{model.name}, {protocol}", f"{name} left out: {reason}"))
    return tuple(found)


def _unseen_levels(
    inputs: StudyInputs, protocol: str, result: ProtocolResult
) -> list[tuple[str, str]]:
    """Say where cases were predicted whose level their fold's training cases had not."""
    counts: dict[str, int] = {}
    for found in (result.out_of_fold, result.centres):
        for key, count in (found.unseen_levels if found is not None else {}).items():
            counts[key] = counts.get(key, 0) + count
    return [
        (
            f"{label_of(key, inputs.clinical.variables[key])}, {protocol}",
            f"{count} out-of-fold predictions are of cases at a level that no training case of"
            " their fold had; it counted as the reference level",
        )
        for key, count in counts.items()
    ]


def _separated(inputs: StudyInputs, protocol: str, result: ProtocolResult) -> list[tuple[str, str]]:
    """Say which clinical variables no model could include because their coefficient is infinite."""
    choice = result.fitted.clinical
    return [
        (
            f"{label_of(key, inputs.clinical.variables[key])}, {protocol}",
            "in no model, although it may be the strongest: its coefficient would be infinite"
            " (separation), as when one of its levels has no event. Merge levels so that each has"
            ' events, or keep it with [selection] separation = "firth"',
        )
        for key in (choice.separated if choice is not None else ())
    ] + [
        (
            f"{label_of(key, inputs.clinical.variables[key])}, {protocol}",
            "separates the events: models with it are fitted by Firth's penalised likelihood, and"
            " its hazard ratio is only as certain as its interval is narrow",
        )
        for key in (choice.penalised if choice is not None else ())
    ]


def _failures(protocol: str, result: ProtocolResult) -> list[tuple[str, str]]:
    """Say how many refits failed, and why the first did."""
    parts: list[tuple[str, Sequence[str], str]] = []
    for what, found, rest in (
        ("outer folds", result.out_of_fold, "their repeats are left out"),
        ("centres", result.centres, "they are not judged"),
    ):
        if found is not None:
            parts.append((what, [failure.reason for failure in found.failures], rest))
    if result.bootstrap is not None:
        parts.append(("bootstrap samples", result.bootstrap.failures, "they are left out"))
    if result.null is not None:
        parts.append(("permuted outcomes", result.null.failures, "they are left out"))
    return [
        (
            f"Resampling, {protocol}",
            f"the recipe could not be fitted to {len(reasons)} {what}, {rest}; first: {reasons[0]}",
        )
        for what, reasons, rest in parts
        if reasons
    ]
