"""What the plates share: protocols and kinds in reading order, the headline model, titles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, get_args

from trephine.choices import Kind, ProtocolName
from trephine.facts import Facts
from trephine.facts.evaluation import AssessedFact
from trephine.facts.models import ModelFacts
from trephine.report.figures.fitting import shortened
from trephine.report.style import BODY_PT, SMALL_PT, Area, panel_title, size_mm, text_width_mm
from trephine.report.trace import Trace
from trephine.report.wording import kind_label

_A = TypeVar("_A", bound=AssessedFact)


def protocols_of(facts: Facts) -> list[ProtocolName]:
    """Return the protocols in reading order."""
    return [protocol.name for protocol in facts.study.protocols]


def headline_model(facts: Facts, protocol: ProtocolName) -> str:
    """Return the model that the nomogram shows, or else the last one fitted."""
    for nomogram in facts.nomograms:
        if nomogram.protocol == protocol:
            return nomogram.model
    names = [model.name for model in facts.models if model.protocol == protocol]
    names += [row.model for row in facts.performance if row.protocol == protocol]
    return names[-1] if names else ""


def headline_models(facts: Facts) -> Iterator[tuple[ModelFacts, Trace]]:
    """Yield the headline model of each protocol with its trace."""
    for model, path in zip(facts.models, Trace.start(facts).models, strict=True):
        if model.name == headline_model(facts, model.protocol):
            yield model, path


def by_assessment(rows: Sequence[_A]) -> list[tuple[ProtocolName, Kind, list[_A]]]:
    """Group assessed facts by protocol and kind, in reading order."""
    groups = []
    for protocol in dict.fromkeys(row.protocol for row in rows):
        for kind in get_args(Kind):
            found = [row for row in rows if row.protocol == protocol and row.kind == kind]
            if found:
                groups.append((protocol, kind, found))
    return groups


def assessment_slug(stem: str, protocol: ProtocolName, kind: Kind) -> str:
    """Name a plate of one protocol and kind."""
    return f"{stem}-{protocol}-{kind.replace(' ', '-')}"


def draw_titled(
    area: Area,
    title: str,
    draw: Callable[[Area], None],
    kind: Kind | None = None,
    left_mm: float = 13.0,
) -> None:
    """Draw a panel under its title, and say on it where its numbers are apparent."""
    remark = kind_label(kind) if kind == "apparent" else ""
    width, _ = size_mm(area)
    room = width - left_mm - 2.5
    if remark:
        room -= text_width_mm(remark, SMALL_PT) + 2.0
    panel_title(area, shortened(title, room, BODY_PT, bold=True), remark=remark, left_mm=left_mm)
    draw(area)
