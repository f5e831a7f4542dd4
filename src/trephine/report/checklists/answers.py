"""What a checklist's rule answers: where the report earns an item, or who has to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from trephine.facts import Facts

Status = Literal["answered", "partly", "no", "author", "not applicable"]


@dataclass(frozen=True)
class Answer:
    """How an item stands.

    Attributes
    ----------
    status
        "answered": this report earns it. "partly": it does so in part, and ``to_do`` is the rest.
        "no": the run did not do it. "author": only the author knows. "not applicable".
    anchor
        Section of the report that earns it; empty otherwise.
    place
        Name of that section, or why not.
    to_do
        What the author has to add; empty where there is nothing.
    share
        Of the item's points or weight that are earned, 0 to 1.
    """

    status: Status
    anchor: str = ""
    place: str = ""
    to_do: str = ""
    share: float = 0.0


Rule = Callable[[Facts], Answer]
Rules = Mapping[str, Rule]


def yes(anchor: str, place: str, share: float = 1.0) -> Answer:
    """Return that the report earns an item, and where."""
    return Answer("answered", anchor, place, share=share)


def partly(anchor: str, place: str, to_do: str) -> Answer:
    """Return that the report earns an item in part; no points until the rest is done."""
    return Answer("partly", anchor, place, to_do)


def no(why: str) -> Answer:
    """Return that the run did not do it."""
    return Answer("no", place=why)


def author(to_do: str = "For the author to write") -> Answer:
    """Return that the author must answer."""
    return Answer("author", to_do=to_do)


def does_not_apply(why: str = "No such part in this study") -> Answer:
    """Return that the item does not apply."""
    return Answer("not applicable", place=why)


def left_out_for_missing(facts: Facts) -> int:
    """Return how many cases were left out because a clinical value was missing."""
    return sum(one.cases for one in facts.flow.exclusions if one.reason == CLINICAL_MISSING)


CLINICAL_MISSING = "Clinical value missing"
"""The flow's reason for such cases."""


def held_out(facts: Facts) -> bool:
    """Return whether predictions of unseen cases were judged by nested cross-validation."""
    return any(row.kind == "nested cross-validated" for row in facts.performance)


def outside(facts: Facts) -> bool:
    """Return whether this is the report of a locked model on outside data."""
    return any(row.kind == "external" for row in facts.performance)
