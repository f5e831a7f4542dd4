"""The methods section, written from what ran: a draft for the manuscript, with its references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trephine.report.methods.competing import about_competing
from trephine.report.methods.data import about_features, about_images, about_participants
from trephine.report.methods.data import participants as participants
from trephine.report.methods.judging import (
    about_intervals,
    about_performance,
    about_software,
    about_validation,
)
from trephine.report.methods.late_entry import about_late_entry
from trephine.report.methods.missing import about_missing
from trephine.report.methods.modelling import about_clinical, about_models, about_signatures
from trephine.report.methods.visits import about_visits
from trephine.report.references import Reference, named_in, numbered
from trephine.report.trace import Text, Trace


@dataclass(frozen=True)
class Paragraph:
    """Paragraphs under one heading."""

    heading: str
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Methods:
    """The methods section.

    Attributes
    ----------
    paragraphs
        Under their headings; topics that the study does not have are left out.
    references
        In the order of their numbers; last come those that footnotes and captions name in words.
    """

    paragraphs: tuple[Paragraph, ...]
    references: tuple[Reference, ...]


def write_methods(facts: Trace, elsewhere: Sequence[str] = ()) -> Methods:
    """Write the methods.

    Parameters
    ----------
    facts
        Of the study, traced from the top.
    elsewhere
        Footnotes and captions of the report, whose references the list takes in.
    """
    topics = (
        ("Participants and outcome", about_participants(facts)),
        ("Images and regions", about_images(facts)),
        ("Features", about_features(facts)),
        ("Selection and signatures", about_signatures(facts)),
        ("Missing values", about_missing(facts)),
        ("Clinical variables", about_clinical(facts)),
        ("Models", about_models(facts)),
        ("Competing events", about_competing(facts)),
        ("Events between visits", about_visits(facts)),
        ("Late entry", about_late_entry(facts)),
        ("Validation", about_validation(facts)),
        ("Performance", about_performance(facts)),
        ("Intervals and tests", about_intervals(facts)),
        ("Software", about_software(facts)),
    )
    texts, cited = numbered(text for _, texts in topics for text in texts)
    paragraphs, taken = [], 0
    for heading, own in topics:
        mine = tuple(texts[taken : taken + len(own)])
        taken += len(own)
        if any(mine):
            paragraphs.append(Paragraph(heading, tuple(text for text in mine if text)))
    others = [one for one in named_in(elsewhere) if one not in cited]
    return Methods(tuple(paragraphs), (*cited, *others))
