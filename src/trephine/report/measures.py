"""The measures of Table 3: how each is headed, printed and explained.

A measure is a field of `trephine.facts.PerformanceFacts` that says ``Within``; its column, its
footnote and its mention in the methods follow from one line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from trephine.facts import PerformanceFacts
from trephine.report.references import cite
from trephine.report.trace import Text, Trace, join
from trephine.report.wording import MISSING, NumberForm


@dataclass(frozen=True)
class Measure:
    """One measure as the report shows it.

    Attributes
    ----------
    field
        Of ``PerformanceFacts``.
    header
        Of its column; where there is a number a horizon, the horizon stands before it.
    form
        How its numbers are printed.
    note
        What a footnote explains; empty where the header says enough.
    name
        As the methods name it; empty where another measure's name covers it.
    cites
        Keys of the references that define it.
    """

    field: str
    header: str
    form: NumberForm
    note: str = ""
    name: str = ""
    cites: tuple[str, ...] = ()

    @property
    def by_horizon(self) -> bool:
        """Whether it is one number a horizon, rather than one in all."""
        return PerformanceFacts.by_horizon(self.field)

    def columns(self, facts: Trace) -> list[Text]:
        """Return its headers; none where no model has it."""
        if self.by_horizon:
            return [(h.show("year horizon"), f" {self.header}") for h in facts.study.horizons]
        there = any(getattr(row.raw, self.field) is not None for row in facts.performance)
        return [(self.header,)] if there else []

    def cells(self, facts: Trace, row: Trace) -> list[Text]:
        """Return one model's cells, one a column."""
        found = getattr(row, self.field)
        if self.by_horizon:
            return [at_horizon(found, h.raw, self.form) for h in facts.study.horizons]
        return [optional(found, self.form)] if self.columns(facts) else []


MEASURES = (
    Measure(
        "c_index",
        "C-index",
        "2",
        "C-index: Harrell's concordance index.",
        "Harrell's and Uno's C-index",
        ("harrell1996", "uno2011"),
    ),
    Measure("c_index_uno", "Uno's C", "2"),
    Measure(
        "auc",
        "AUC",
        "2",
        "AUC: area under the cumulative/dynamic ROC curve.",
        "cumulative/dynamic AUC",
        ("uno2007", "blanche2013"),
    ),
    Measure("brier", "Brier", "3", name="Brier score", cites=("graf1999",)),
    Measure(
        "ipa",
        "IPA",
        "2",
        "IPA: index of prediction accuracy, 1 − Brier score of the model / Brier score of"
        " Kaplan-Meier.",
        "index of prediction accuracy",
        ("kattan2018",),
    ),
    Measure(
        "integrated_brier",
        "Integrated Brier",
        "3",
        "Uno's C and the integrated Brier score end at the last horizon.",
    ),
)
"""In the order of the columns."""


def cited_names(*, by_horizon: bool, late: bool = False) -> Text:
    """Return what the methods call the measures, those at the horizons or the others, and cite.

    Where cases came under observation late there is no Uno's C.
    """
    if late and not by_horizon:
        return ("Harrell's C-index", cite("harrell1996"))
    own: list[Text] = [
        (m.name, *((cite(*m.cites),) if m.cites else ()))
        for m in MEASURES
        if m.name and m.by_horizon == by_horizon
    ]
    return join(own, last=" and ")


def at_horizon(values: Trace, horizon: float, form: NumberForm) -> Text:
    """Return the number at one horizon with its interval, or a dash."""
    for value in values:
        if value.raw.horizon == horizon:
            return value.estimate.interval(form)
    return (MISSING,)


def optional(estimate: Trace, form: NumberForm) -> Text:
    """Return a number with its interval, or a dash."""
    return estimate.interval(form) if estimate.raw is not None else (MISSING,)
