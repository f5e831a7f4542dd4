"""Methods: cases that came under observation late."""

from __future__ import annotations

from trephine.report.references import cite
from trephine.report.trace import Text, Trace


def about_late_entry(facts: Trace) -> tuple[Text, ...]:
    """Say how late entry was dealt with; nothing where all were observed from the start."""
    if facts.raw.late_entry is None:
        return ()
    late = facts.late_entry
    unit = facts.study.time_unit.words()
    return (
        (
            late.late.show("count"), " cases (", late.late_percent.show("percent"), ") came under"
            " observation after the start (left truncation; median ", late.median.show("plain"),
            " ", unit, ", the latest at ", late.last.show("plain"), "). Each is among those at risk"
            " only after its entry", cite("tsai1987"), ": in Kaplan-Meier curves and log-rank"
            " tests, in the tests by which features are selected except the Mann-Whitney U test, in"
            " penalised and other Cox models, in C-indices and in calibration slopes, in every"
            " resample. At the event time where they are fewest, ", late.fewest_at.show("plain"),
            " ", unit, ", ", late.fewest_at_risk.show("count"), " were under observation.",
        ),
        (
            "What is judged at a horizon counts each event by Kaplan-Meier's step at its time,"
            " S(T-) / Y(T), and each case under observation just after the horizon by S(t) / Y(t)"
            " (S: the curve of those at risk, Y: their number), the inverse of its probability of"
            " having been under observation; without late entry these are the inverse"
            " probabilities of censoring. AUC, Brier score, IPA, net benefit and the expected"
            " number of events use these weights. Entry and censoring are assumed to be independent"
            " of the event. Uno's C, net reclassification and discrimination improvement are not"
            " given.",
        ),
    )  # fmt: skip
