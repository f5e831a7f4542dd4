"""Methods: events that visits saw."""

from __future__ import annotations

from trephine.report.references import cite
from trephine.report.trace import Ref, Text, Trace


def about_visits(facts: Trace) -> tuple[Text, ...]:
    """Say what was made of events between visits; nothing where times are known."""
    if facts.raw.visits is None:
        return ()
    visits, raw = facts.visits, facts.raw.visits
    known: list[str | Ref] = []
    if raw.exact:
        known += ["; of ", visits.exact.show("count"), " the time itself is known"]
    if raw.from_start:
        known += ["; ", visits.from_start.show("count"), " had it at their first visit"]
    if raw.median_width is not None:
        known += [
            "; the median time between the two visits is ", visits.median_width.show("2"), " ",
            facts.study.time_unit.words(),
        ]  # fmt: skip
    event = facts.study.event_noun.words()
    return (
        (
            "Each ", event, " is known only to have happened after the last visit without it and"
            " by the first visit with it (interval censoring; ", visits.events.show("count"),
            " events", *known, "). The curve of all cases is Turnbull's", cite("turnbull1976"),
            ". Models of the sound protocol are proportional hazards models by maximum likelihood"
            " of these intervals, with a natural cubic spline of log time for the log cumulative"
            " hazard", cite("royston2002"), " whose knots, none (Weibull) to three, Akaike's"
            " criterion chose among those whose cumulative hazard never falls.",
        ),
        (
            "What needs a time was given one drawn between the visits from Turnbull's curve, as in"
            " multiple imputation", cite("pan2000"), ": selection of features and clinical"
            " variables, in each resample anew and from its own training cases; and measures of"
            " performance, from ", visits.time_draws.show("count"), " draws that take no account of"
            " the predictions, pooled by Rubin's rules (statistics, tests and p values: medians;"
            " curves of ROC and risk groups, univariable rows, tests of proportional hazards and"
            " the optimism bootstrap: one draw). The published protocol dates each event to the"
            " visit at which it was seen, as most papers do; what that changes stands in a table"
            " of its own.",
        ),
    )  # fmt: skip
