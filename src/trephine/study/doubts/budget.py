"""What a plan asks of its events: every parameter of the fullest model, counted before a run."""

from __future__ import annotations

from collections.abc import Iterator

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.errors import InputError
from trephine.evaluation.sample_size import sample_size
from trephine.modelling.encoding import fit_encoding
from trephine.modelling.terms import CLINICAL
from trephine.plan import StudyPlan
from trephine.study.settings import model_parts
from trephine.survival.late_outcome import observed_spans
from trephine.types import Survival

# Events for each parameter below which choice and coefficients are mostly chance.
ENOUGH = 10


def parameters_of(plan: StudyPlan, clinical: ClinicalTable) -> dict[str, int]:
    """Return what each part of the fullest model may fit, by name, before any choice.

    A number costs 1, a spline one less than its knots, levels one less than those that occur, an
    interaction one for each product of the two, and a signature 1: the weights of its features are
    penalised, and chosen in folds of their own.
    """
    parts = max(model_parts(plan).values(), key=len)
    found: dict[str, int] = {}
    if CLINICAL in parts:
        encoding = fit_encoding(clinical, "linear", plan.selection.interactions)
        for key, terms in encoding.terms.items():
            pair = encoding.interactions.get(key, (key,))
            found[" × ".join(label_of(one, clinical.variables[one]) for one in pair)] = len(terms)
    return found | {f"{part} signature": 1 for part in parts if part != CLINICAL}


def budget_remarks(plan: StudyPlan, clinical: ClinicalTable, survival: Survival) -> Iterator[str]:
    """Say so where the fullest model may fit more than the events bear.

    Parameters
    ----------
    plan
        The study file.
    clinical, survival
        Of the analysed cases.
    """
    costs = parameters_of(plan, clinical)
    total, n_events = sum(costs.values()), int(survival.event.sum())
    if not total or n_events >= ENOUGH * total:
        return
    listed = ", ".join(f"{name} {cost}" for name, cost in costs.items())
    yield (
        f"The fullest model may fit {total} parameters ({listed}) to {n_events} events,"
        f" {n_events / total:.1f} per parameter: below {ENOUGH}, it is mostly chance which"
        " variables stay and how much they count."
        f"{_needed(total, survival, plan.outcome.horizons)} Leave out variables, merge levels or"
        " use fewer knots, guided by what is known and not by these results."
    )


def _needed(parameters: int, survival: Survival, horizons: tuple[float, ...]) -> str:
    """Return how many cases the criteria of Riley et al. ask for, as the report counts them."""
    reached = [horizon for horizon in horizons if horizon <= survival.time.max()]
    if not reached:
        return ""
    spans = observed_spans(survival)
    try:
        found = sample_size(
            parameters,
            event_rate=float(survival.event.sum() / spans.sum()),
            mean_follow_up=float(spans.mean()),
            horizon=reached[-1],
        )
    except InputError:
        return ""
    return f" The criteria of Riley et al. ask for {found.n:,} cases ({found.events:,} events)."
