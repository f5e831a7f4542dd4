"""What visits say of events, beside what pretending to know their times would have said."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import protocol_label


def visits_table(facts: Trace) -> Table | None:
    """Return risks and hazard ratios read in three ways; None where times are known."""
    if facts.raw.visits is None:
        return None
    visits = facts.visits
    rows = [Row((("Probability of ", facts.study.event_noun.words(), " by"),), "group")]
    rows += [
        Row(
            (
                (one.horizon.show("horizon"),),
                one.between_visits.interval("share"),
                (one.in_the_middle.show("share"),),
                (one.at_visit.show("share"),),
            )
        )
        for one in visits.at_horizons
    ]
    for reading in visits.readings:
        label = f"Hazard ratio, {protocol_label(reading.raw.protocol)}: "
        rows.append(Row(((label, reading.model.words(), " model"),), "group"))
        rows += [
            Row(
                (
                    (term.label.words(),),
                    term.between_visits.interval("2"),
                    _optional(term, "in_the_middle"),
                    _optional(term, "at_visit"),
                )
            )
            for term in reading.terms
        ]
    return Table(
        slug="table-visits",
        section="models",
        number="",
        title=("Events seen at visits, and what pretending to know their times says",),
        header=(
            ("Number or term",),
            ("Between the visits (95% CI)",),
            ("As if in the middle",),
            ("As if at the visit",),
        ),
        rows=tuple(rows),
        notes=(_NOTE,),
    )


_NOTE: Text = (
    "Between the visits: Turnbull's estimate and proportional hazards by maximum likelihood, which"
    " use only that an event happened after the last visit without it and by the first visit"
    " with it. The other columns date every event to one place, as most papers do, and use Kaplan"
    " and Meier's estimate and Cox's model: at the visit at which it was seen, an event comes too"
    " late, and risks are too low; there and in the middle, ratios are too close to 1 where visits"
    " are far apart.",
)


def _optional(row: Trace, part: str) -> Text:
    if getattr(row.raw, part) is None:
        return ("–",)
    interval: Text = getattr(row, part).interval("2")
    return interval
