"""Rules of METRICS, and its score as far as the run knows it.

An item that does not apply (its condition is not met) leaves both sums: the score is the weight of
what is earned over the weight of what applies (Kocak et al. 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trephine.facts import Facts, SelectionFacts
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

CASES_PER_FEATURE = 10
"""That a signature of features needs, by the usual rule of thumb."""


class Weighted(Protocol):
    """What a score needs of an item."""

    @property
    def weight(self) -> float:
        """Weight or points that it can earn."""
        ...

    @property
    def answer(self) -> Answer:
        """How it stands."""
        ...


def metrics_summary(items: Sequence[Weighted]) -> str:
    """Return the score that this run earns, and the most that the author's answers can make it."""
    applies = [item for item in items if item.answer.status != "not applicable"]
    whole = sum(item.weight for item in applies)
    earned = sum(item.weight * item.answer.share for item in applies)
    open_ = sum(item.weight for item in applies if item.answer.status in ("author", "partly"))
    return (
        f"Score from this run alone: {earned / whole:.1%}; with all of the author's items met:"
        f" {(earned + open_) / whole:.1%}."
    )


def shown(facts: Facts) -> list[SelectionFacts]:
    """Return the selection of each feature set under the protocol that the plan names."""
    return [part for part in facts.selection if part.protocol == facts.study.protocol]


def has_step(facts: Facts, start: str) -> bool:
    """Return whether every feature set went through a step whose name starts so."""
    parts = shown(facts)
    return bool(parts) and all(
        any(step.name.startswith(start) for step in part.steps) for part in parts
    )


def clinical_alone(facts: Facts) -> bool:
    """Return whether a model of clinical variables alone was compared with another."""
    alone = {model.name for model in facts.models if model.description == "clinical variables"}
    return any(row.old in alone or row.new in alone for row in facts.comparisons)


def has_images(facts: Facts) -> bool:
    """Return whether features were extracted from images in this run."""
    return bool(facts.methods.hand_crafted or facts.methods.networks)


def _centres(facts: Facts) -> Answer:
    if facts.centres:
        return yes("performance", "Centres left out one at a time")
    return author("State the number of centres; the plan names no column for them")


def _from_table(facts: Facts) -> bool:
    """Return whether features came from a table alone, made of images that the run never saw."""
    return bool(facts.methods.feature_table) and not has_images(facts)


def _segmentation(facts: Facts) -> Answer:
    if _from_table(facts):
        return author("Describe how regions were drawn; features were read from a table")
    if not facts.methods.raters:
        return does_not_apply("No regions were drawn in this run")
    return author("Describe how regions were drawn; Methods names the raters")


def _automated(facts: Facts) -> Answer:
    if _from_table(facts) or facts.methods.raters:
        return author("Say whether a program drew the regions alone, and how that was tested")
    return does_not_apply("No regions were drawn in this run")


def _single_reader(facts: Facts) -> Answer:
    if _from_table(facts):
        return author("Say who drew the regions; features were read from a table")
    if not facts.methods.raters:
        return does_not_apply("No regions were drawn in this run")
    return yes("methods", "Methods; predictions use the regions of the first rater")


def _preprocessing(facts: Facts) -> Answer:
    if not has_images(facts):
        return author("Describe it; features were read from a table")
    return yes("methods", "Methods, images and features")


def _software(facts: Facts) -> Answer:
    if _from_table(facts):
        return author("Name the software; features were read from a table")
    if not facts.methods.hand_crafted:
        return does_not_apply("No hand-crafted features were extracted in this run")
    return yes("selection", "IBSI codes of the features; versions under Inputs and run")


def _parameters(facts: Facts) -> Answer:
    if not has_images(facts):
        return author("Report them; features were read from a table")
    return yes("run", "The plan that ran, every default filled in")


def _robust(facts: Facts) -> Answer:
    if has_step(facts, "ICC"):
        return yes("selection", "ICC step of the selection; agreement")
    return no(
        "no second reading and no perturbed copies, and so no step that removes features that"
        " differ between raters"
    )


def _redundant(facts: Facts) -> Answer:
    if has_step(facts, "correlation"):
        return yes("selection", "Correlation step of the selection")
    return no("no correlation step: features that resemble one another share their weight")


def _dimensionality(facts: Facts) -> Answer:
    largest = max((len(part.selected) for part in shown(facts)), default=0)
    cases = facts.flow.analysed.cases
    if largest * CASES_PER_FEATURE <= cases:
        return yes("selection", f"{largest} features at most in a signature, {cases} cases")
    return no(f"{largest} features in a signature for {cases} cases; weights are penalised")


def _partitioning(facts: Facts) -> Answer:
    if held_out(facts):
        return yes("methods", "Methods, validation: by patient, every step within the folds")
    return no("the data were not divided")


def _non_radiomic(facts: Facts) -> Answer:
    if clinical_alone(facts):
        return yes("performance", "Differences from the model of clinical variables alone")
    return no("no model of clinical variables alone was compared")


def _external(facts: Facts) -> Answer:
    if outside(facts):
        return yes("performance", "Performance on outside data")
    return no("no outside data; trephine validate tests the locked model on them")


METRICS_RULES: Rules = {
    "author": lambda facts: author(),
    "checklists": lambda facts: author("Complete and submit the checklists below"),
    "reference": lambda facts: author("Say how the outcome was assessed"),
    "centres": _centres,
    "segmentation": _segmentation,
    "automated": _automated,
    "single_reader": _single_reader,
    "preprocessing": _preprocessing,
    "software": _software,
    "parameters": _parameters,
    "robust": _robust,
    "redundant": _redundant,
    "dimensionality": _dimensionality,
    "end_to_end": lambda facts: does_not_apply("No end-to-end deep learning"),
    "partitioning": _partitioning,
    "measures": lambda facts: (
        yes("performance", "Table 3") if facts.performance else no("nothing was measured")
    ),
    "uncertainty": lambda facts: (
        yes("performance", "Table 3, intervals") if facts.performance else no("no intervals")
    ),
    "calibration": lambda facts: (
        yes("performance", "Figure 4 and table of calibration")
        if facts.calibration
        else no("no calibration was measured")
    ),
    "one_image": lambda facts: (
        no("several images of each case")
        if facts.methods.images
        else yes("methods", "One image of each case")
        if has_images(facts)
        else author("Say which images the features come from")
    ),
    "non_radiomic": _non_radiomic,
    "classical": lambda facts: author(
        "All models are Cox models; say whether another kind was compared"
    ),
    "internal": lambda facts: (
        yes("performance", "Nested cross-validation in Table 3")
        if held_out(facts)
        else no("only apparent performance was measured")
    ),
    "external": _external,
    "code": lambda facts: yes("run", "The plan that ran; Trephine is open source"),
    "model": lambda facts: author("Publish the model folder"),
}
"""By the name that the items use."""
