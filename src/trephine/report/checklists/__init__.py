"""Checklists and scores for the reviewer: answered where the run knows, marked where it does not.

Items stand in a TOML file each (``templates``), and name the rule that answers them; rules are
functions of facts, in one file a checklist. Nothing is ticked that the run did not do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources

from trephine.choices import ProtocolName
from trephine.facts import Facts
from trephine.report.checklists.answers import Answer, Rules, Status
from trephine.report.checklists.metrics import METRICS_RULES, metrics_summary
from trephine.report.checklists.probast import probast_rules, probast_summary
from trephine.report.checklists.reporting import REPORTING_RULES
from trephine.report.checklists.rqs import RQS_RULES, rqs_summary


@dataclass(frozen=True)
class ChecklistItem:
    """An item of a checklist and how it stands.

    Attributes
    ----------
    number, section, text
        As in the checklist, in short.
    weight
        Weight or points that it can earn; 0 in a checklist without a score.
    answer
        How it stands.
    """

    number: str
    section: str
    text: str
    weight: float
    answer: Answer

    @property
    def status(self) -> Status:
        """Whether this report earns it, the author must, or it does not apply."""
        return self.answer.status

    @property
    def words(self) -> str:
        """How it stands, in plain words: for a document."""
        answer = self.answer
        if answer.status == "author":
            return f"Author: {answer.to_do}"
        start = f"No: {answer.place}" if answer.status == "no" else answer.place
        return f"{start}. Author: {answer.to_do}" if answer.to_do else start


@dataclass(frozen=True)
class Checklist:
    """A checklist.

    Attributes
    ----------
    name, source
        What it is called, and where it was published.
    items
        In its order.
    summary
        Its score, or judgement, as far as the run knows; empty for a checklist without.
    """

    name: str
    source: str
    items: tuple[ChecklistItem, ...]
    summary: str = ""

    def count(self, *statuses: Status) -> int:
        """Count the items of some statuses."""
        return sum(item.status in statuses for item in self.items)

    @property
    def heading(self) -> str:
        """Its name, with how many items are earned and left."""
        parts = [f"{self.count('answered')} items answered here"]
        parts += [f"{n} in part"] if (n := self.count("partly")) else []
        parts += [f"{n} no"] if (n := self.count("no")) else []
        parts.append(f"{self.count('author')} for the author")
        return f"{self.name}: {', '.join(parts)}"


def fill_checklists(facts: Facts) -> tuple[Checklist, ...]:
    """Return TRIPOD+AI and PROBAST+AI, and for a study with features CLEAR, METRICS and RQS."""
    made = [_fill("tripod_ai.toml", facts, REPORTING_RULES)]
    if facts.selection:
        made += [
            _fill("clear.toml", facts, REPORTING_RULES),
            _fill("metrics.toml", facts, METRICS_RULES, metrics_summary),
            _fill("rqs2.toml", facts, RQS_RULES, rqs_summary),
        ]
    protocols: dict[ProtocolName, None] = dict.fromkeys(row.protocol for row in facts.performance)
    for protocol in protocols:
        made.append(
            _fill(
                "probast_ai.toml",
                facts,
                probast_rules(protocol),
                probast_summary,
                f", {protocol} protocol" if len(protocols) > 1 else "",
            )
        )
    return tuple(made)


def _fill(
    name: str,
    facts: Facts,
    rules: Rules,
    summary: Callable[[Sequence[ChecklistItem]], str] | None = None,
    addition: str = "",
) -> Checklist:
    path = resources.files("trephine.report").joinpath("templates", name)
    raw = tomllib.loads(path.read_text("utf-8"))
    items = tuple(
        ChecklistItem(
            number=item["number"],
            section=item["section"],
            text=item["text"],
            weight=float(item.get("weight", 0.0)),
            answer=rules[item["rule"]](facts),
        )
        for item in raw["items"]
    )
    words = summary(items) if summary is not None else ""
    return Checklist(raw["name"] + addition, raw["source"], items, words)
