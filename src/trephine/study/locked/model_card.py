"""A model card: what a locked model is for, what it is made of, how well it did, and its limits."""

from __future__ import annotations

from trephine.cohort.schema import capitalised
from trephine.facts import Facts, ModelFacts, PerformanceFacts
from trephine.facts.base import EstimateFact
from trephine.types import TimeUnit, span_text


def model_card(facts: Facts, primary: str) -> str:
    """Return the card of a study's model as Markdown."""
    study, flow = facts.study, facts.flow
    protocol = study.protocol
    model = next(m for m in facts.models if m.name == primary and m.protocol == protocol)
    rows = [p for p in facts.performance if p.protocol == protocol]
    lines = [
        f"# Model card: {study.title}",
        "",
        "**Research use only. Not a medical device; not for decisions about patients.**",
        "",
    ]
    if study.simulated:
        lines += [f"**Simulated data.** {study.simulated_note}", ""]
    if study.random_weights_note:
        lines += [f"**Random weights.** {study.random_weights_note}", ""]
    if facts.inputs.trust_note:
        lines += [f"**Trusted program.** {facts.inputs.trust_note}", ""]
    lines += [
        "## What it predicts",
        "",
        f"{_predicted(facts)}, at"
        f" {_times(study.horizons, study.time_unit)}. Main model: {primary}"
        f" ({model.description}), protocol {protocol}.",
        "",
        "## What it was fitted to",
        "",
        f"{flow.analysed.cases} cases of {flow.analysed.patients} patients,"
        f" {flow.events} events. Predictions for cases outside the training ranges carry a"
        " warning, and so do values that together lie further out than those of any training"
        " case.",
        "",
        "## Terms",
        "",
        *_terms(model),
        "",
        "## Performance",
        "",
        *_performance(rows),
        "",
        "Apparent figures were measured on the cases that were fitted: they are too favourable.",
        "Nothing here was measured on outside data unless a row says external.",
        "",
    ]
    return "\n".join(lines)


def _predicted(facts: Facts) -> str:
    """Return what the probabilities are of."""
    study, competing = facts.study, facts.competing
    if competing is None:
        return f"{capitalised(study.outcome_name)} (event: {study.event_noun})"
    return f"Risk of {competing.event}, where {' or '.join(competing.names)} may come first"


def _terms(model: ModelFacts) -> list[str]:
    lines = ["| term | hazard ratio (95 % CI) |", "|---|---|"]
    lines += [
        f"| {term.label} | {_text(term.ratio, 2)} |" for term in model.terms if term.ratio.value
    ]
    if not model.terms:
        lines = ["None."]
    else:
        lines += [
            "",
            "The intervals take the choice of terms and the weights of signatures as given.",
        ]
    return [*lines, *(line for note in model.notes for line in ("", note))]


def _performance(rows: list[PerformanceFacts]) -> list[str]:
    lines = ["| model | how measured | C-index (95 % CI) |", "|---|---|---|"]
    lines += [f"| {row.model} | {_how(row)} | {_text(row.c_index, 3)} |" for row in rows]
    return lines


def _how(row: PerformanceFacts) -> str:
    """Return how a row was measured: of two estimates from bootstrap samples, which."""
    by_632 = row.optimism is not None and row.optimism.estimate == ".632+"
    return "bootstrap, .632+" if by_632 else row.kind


def _times(horizons: tuple[float, ...], unit: TimeUnit) -> str:
    *first, last = horizons
    return "".join(f"{horizon:g}, " for horizon in first) + span_text(last, unit)


def _text(estimate: EstimateFact, digits: int) -> str:
    if estimate.value is None:
        return "none"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.{digits}f}"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"
