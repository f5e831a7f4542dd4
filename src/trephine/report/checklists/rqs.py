"""Rules of RQS 2.0, with the points that the run earns and how far each readiness level is met.

Levels build on one another; which of them a study has reached is for its readers to say. What the
run knows is how many criteria of each level it meets.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from trephine.facts import Facts
from trephine.report.checklists.answers import (
    Answer,
    Rules,
    author,
    does_not_apply,
    held_out,
    no,
    outside,
    yes,
)
from trephine.report.checklists.metrics import has_images, has_step, shown


class Levelled(Protocol):
    """What the points of a level need of a criterion."""

    @property
    def section(self) -> str:
        """Its readiness level."""
        ...

    @property
    def weight(self) -> float:
        """Points that it can earn."""
        ...

    @property
    def answer(self) -> Answer:
        """How it stands."""
        ...


def rqs_summary(items: Sequence[Levelled]) -> str:
    """Return points earned by this run, the most that are left to the author, and the levels."""
    applies = [item for item in items if item.answer.status != "not applicable"]
    earned = sum(item.weight * item.answer.share for item in applies)
    most = sum(item.weight for item in applies)
    left = sum(item.weight for item in applies if item.answer.status == "author")
    levels = []
    for section, group in groupby(applies, key=lambda item: item.section):
        found = list(group)
        met = sum(item.answer.share == 1.0 for item in found)
        levels.append(f"{section.split()[2].rstrip(',')}: {met} of {len(found)}")
    return (
        f"{earned:g} of {most:g} points from this run alone; {left:g} more are for the author to"
        f" earn. Criteria met in full by this run, by readiness level: {', '.join(levels)}. A level"
        " is reached where all its criteria, and those of the levels before it, are met."
    )


def _hand_crafted(facts: Facts) -> bool:
    return not facts.methods.networks or bool(facts.methods.hand_crafted)


def _robustness(facts: Facts) -> Answer:
    if not _hand_crafted(facts):
        return does_not_apply("No hand-crafted features")
    if facts.agreement is not None and facts.agreement.icc:
        return yes("agreement", "ICC between readings, or of perturbed copies of the regions")
    return no("no second reading of any case")


def _robust_selection(facts: Facts) -> Answer:
    if not _hand_crafted(facts):
        return does_not_apply("No hand-crafted features")
    if has_step(facts, "ICC"):
        return yes("selection", "ICC step of the selection")
    return no("agreement took no part in the selection")


def _standards(facts: Facts) -> Answer:
    if facts.methods.hand_crafted:
        return yes("selection", "IBSI codes of the features")
    if facts.methods.feature_table:
        return author("Name the standard; features were read from a table")
    return does_not_apply("No hand-crafted features were extracted in this run")


def _reduction(facts: Facts) -> Answer:
    if not _hand_crafted(facts):
        return does_not_apply("No hand-crafted features")
    fewer = [part for part in shown(facts) if part.steps[-1].features_out < part.extracted]
    if fewer:
        return yes("selection", "Selection, step by step")
    return no("no feature was removed")


def _combination(facts: Facts) -> Answer:
    both = bool(facts.methods.hand_crafted and facts.methods.networks)
    joined = any(
        {"radiomics", "deep"} <= {term.name.rpartition(" ")[2] for term in model.terms}
        for model in facts.models
    )
    if both and joined:
        return yes("models", "A model of both signatures")
    return no("hand-crafted and deep features were not combined in a model")


def _multivariable(facts: Facts) -> Answer:
    # Of a signature, and of nothing else, it is known from how many permuted outcomes its p is.
    of_signatures = [
        {term.permutations is not None for term in model.terms} for model in facts.models
    ]
    if {True, False} in of_signatures:
        return yes("models", "Models of signatures and clinical variables")
    return no("no model combines a signature with a clinical variable")


def _open(facts: Facts) -> Answer:
    answer = yes("run", "Code: Trephine is open source; author: share scans and segmentations")
    return Answer(answer.status, answer.anchor, answer.place, share=1 / 3)


def _discrimination(facts: Facts) -> Answer:
    if not facts.performance:
        return no("nothing was measured")
    if held_out(facts):
        return yes("performance", "Table 3, by nested cross-validation")
    answer = yes("performance", "Table 3, without resampling")
    return Answer(answer.status, answer.anchor, answer.place, share=0.5)


RQS_RULES: Rules = {
    "author": lambda facts: author(),
    "robustness": _robustness,
    "preprocessing": lambda facts: (
        yes("methods", "Methods, images and features")
        if has_images(facts)
        else author("Describe it; features were read from a table")
    ),
    "harmonisation": lambda facts: (
        yes("methods", "Methods: ComBat")
        if facts.methods.harmonisation
        else no("the plan asked for none")
    ),
    "standards": _standards,
    "automatic": lambda facts: (
        no("regions were drawn by hand or read from files, not segmented in this run")
        if has_images(facts)
        else author("Say how regions were segmented; features were read from a table")
    ),
    "reduction": _reduction,
    "robust_selection": _robust_selection,
    "combination": _combination,
    "multivariable": _multivariable,
    "same_institute": lambda facts: no(
        "nested cross-validation refits the model; no cases of the same institute were kept apart"
    ),
    "cut_off": lambda facts: (
        yes("risk-groups", "Risk groups, cut as fixed in training")
        if facts.risk_groups
        else no("no risk groups")
    ),
    "discrimination": _discrimination,
    "calibration": lambda facts: (
        yes("performance", "Figure 4 and table of calibration")
        if facts.calibration
        else no("no calibration was measured")
    ),
    "open": _open,
    "other_institutes": lambda facts: (
        author("State from how many other institutes the outside cases come")
        if outside(facts)
        else no("no outside data; trephine validate tests the locked model on them")
    ),
    "utility": lambda facts: (
        yes("performance", "Decision curves") if facts.decision_curves else no("no decision curves")
    ),
    "explainability": lambda facts: (
        yes("agreement", "Saliency of the deep signature")
        if any(picture.type == "saliency" for picture in facts.pictures)
        else no("no saliency or similar; weights and short signatures are under Selection")
    ),
    "fairness": lambda facts: (
        yes("performance", "Subgroups, nested cross-validated", 0.5)
        if facts.subgroups
        else no("no subgroup was analysed: [validation] subgroups")
    ),
    "traceability": lambda facts: yes("run", "Versions, plan and digests of every input"),
    "safeguards": lambda facts: (
        yes("run", "The locked model warns of values beyond the training ranges")
        if facts.models
        else author()
    ),
}
"""By the name that the criteria use."""
