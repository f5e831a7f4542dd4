"""TRIPOD+AI and CLEAR: answered where the run knows, marked where the author must write."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from trephine.facts import Facts

Status = Literal["answered", "author", "not applicable"]


@dataclass(frozen=True)
class ChecklistItem:
    """An item of a checklist and where it stands.

    Attributes
    ----------
    number, section, text
        As in the checklist, in short.
    status
        Whether this report answers it, the author must, or it does not apply.
    anchor
        Section of the report that answers it; empty otherwise.
    place
        Name of that section, or what the author has to do.
    """

    number: str
    section: str
    text: str
    status: Status
    anchor: str
    place: str


@dataclass(frozen=True)
class Checklist:
    """A reporting checklist."""

    name: str
    source: str
    items: tuple[ChecklistItem, ...]

    def count(self, status: Status) -> int:
        """Count the items of one status."""
        return sum(item.status == status for item in self.items)


@dataclass(frozen=True)
class _Rule:
    """When the report answers an item, and where."""

    holds: Callable[[Facts], bool]
    anchor: str
    place: str


_RULES: dict[str, _Rule] = {
    "title": _Rule(lambda f: bool(f.study.title), "top", "Title; name the model in it"),
    "preparation": _Rule(lambda f: bool(f.inputs.files), "methods", "Methods; inputs and run"),
    "outcome": _Rule(lambda f: True, "methods", "Methods; add how it was assessed"),
    "selection": _Rule(lambda f: bool(f.selection), "selection", "Selection"),
    "predictors": _Rule(
        lambda f: bool(f.table1 or f.selection),
        "participants",
        "Table 1; add definitions, how and when measured",
    ),
    "handling": _Rule(lambda f: bool(f.table2 or f.selection), "methods", "Methods"),
    "raters": _Rule(
        lambda f: bool(f.methods.raters), "methods", "Methods; add the raters' experience"
    ),
    "sample_size": _Rule(lambda f: f.sample_size is not None, "sample-size", "Sample size"),
    "missing": _Rule(lambda f: bool(f.methods.missing_values), "methods", "Methods"),
    "validation": _Rule(lambda f: bool(f.methods.resampling), "methods", "Methods, validation"),
    "models": _Rule(lambda f: bool(f.models), "methods", "Methods, models"),
    "final_model": _Rule(lambda f: bool(f.models), "methods", "Methods, models; say why this one"),
    "performance": _Rule(lambda f: bool(f.performance), "performance", "Performance"),
    "subgroups": _Rule(
        lambda f: bool(f.performance), "performance", "Performance; add key subgroups"
    ),
    "centres": _Rule(lambda f: bool(f.centres), "performance", "Centres left out one by one"),
    "formula": _Rule(lambda f: bool(f.models), "models", "Table of coefficients"),
    "coefficients": _Rule(
        lambda f: bool(f.models),
        "models",
        "Table of coefficients; add the model folder, which holds signatures and baseline",
    ),
    "risk_groups": _Rule(lambda f: bool(f.risk_groups), "risk-groups", "Risk groups"),
    "external": _Rule(
        lambda f: any(row.kind == "external" for row in f.performance), "performance", "Performance"
    ),
    "plan": _Rule(lambda f: bool(f.run.plan), "run", "The plan that ran"),
    "protocol": _Rule(
        lambda f: bool(f.run.plan), "run", "The plan that ran; add the study's protocol"
    ),
    "software": _Rule(lambda f: bool(f.run.versions), "run", "Versions; Trephine is open source"),
    "flow": _Rule(lambda f: True, "participants", "Participants"),
    "table1": _Rule(lambda f: f.table1 is not None, "participants", "Table 1"),
    "checklists": _Rule(lambda f: True, "checklists", "These checklists"),
    "design": _Rule(lambda f: bool(f.methods.design), "methods", "Methods"),
    "images": _Rule(lambda f: bool(f.methods.normalisation), "methods", "Methods, images"),
    "radiomics": _Rule(lambda f: f.methods.radiomics is not None, "methods", "Methods, features"),
    "resampling": _Rule(
        lambda f: f.methods.radiomics is not None and bool(f.methods.radiomics.resampling),
        "methods",
        "Methods, features",
    ),
    "features": _Rule(lambda f: bool(f.selection), "methods", "Methods, features"),
    "agreement": _Rule(lambda f: f.agreement is not None, "agreement", "Agreement"),
    "lasso": _Rule(
        lambda f: any(part.lasso is not None for part in f.selection), "selection", "Selection"
    ),
    "comparisons": _Rule(
        lambda f: bool(f.comparisons or f.reclassification), "performance", "Performance"
    ),
    "interpretability": _Rule(
        lambda f: any(part.selected for part in f.selection), "selection", "Features; saliency"
    ),
    "selected": _Rule(
        lambda f: any(part.selected for part in f.selection), "selection", "Features"
    ),
}
_OPTIONAL = frozenset(
    {"external", "radiomics", "resampling", "agreement", "images", "raters", "lasso"}
)
"""Rules that do not apply where a study has no such part."""


def fill_checklists(facts: Facts) -> tuple[Checklist, ...]:
    """Return TRIPOD+AI and, for a study with features, CLEAR."""
    names = ["tripod_ai.toml"] + (["clear.toml"] if facts.selection else [])
    return tuple(_fill(name, facts) for name in names)


def _fill(name: str, facts: Facts) -> Checklist:
    text = resources.files("trephine.report").joinpath("templates", name).read_text("utf-8")
    raw = tomllib.loads(text)
    items = tuple(
        ChecklistItem(item["number"], item["section"], item["text"], *_answer(item["rule"], facts))
        for item in raw["items"]
    )
    return Checklist(raw["name"], raw["source"], items)


def _answer(rule: str, facts: Facts) -> tuple[Status, str, str]:
    if rule == "author":
        return "author", "", "For the author to write"
    if rule == "none":
        return "not applicable", "", "Not done in this study"
    known = _RULES[rule]
    if known.holds(facts):
        return "answered", known.anchor, known.place
    if rule in _OPTIONAL:
        return "not applicable", "", "No such part in this study"
    return "author", "", "For the author to write"
