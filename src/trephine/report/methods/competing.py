"""Methods: events that compete with the one that is predicted."""

from __future__ import annotations

from trephine.report.references import cite
from trephine.report.trace import Text, Trace, join


def about_competing(facts: Trace) -> tuple[Text, ...]:
    """Say how competing events were counted, modelled and judged; nothing where there are none."""
    if facts.raw.competing is None:
        return ()
    found = facts.competing
    named: list[Text] = [
        (one.name.words(), " (", one.cases.show("count"), ")") for one in facts.flow.competing
    ]
    texts: list[Text] = [
        (
            "Competing events, after which ", found.event.words(), " could no longer be seen: ",
            *join(named), ". The rate of ", found.event.words(), " among those without any event"
            " was modelled (cause-specific hazard), for which a competing event ends follow-up:"
            " so it counts in the selection of features, in Cox models and in validation."
            " How many have the event by a time was estimated by Aalen and Johansen's estimator",
            cite("putter2007"), " and compared between risk groups by Gray's test",
            cite("gray1988"), "; beside it stands 1 − Kaplan-Meier, which answers another question",
            cite("keurentjes2012", "lie2022"), ".",
        )
    ]  # fmt: skip
    texts.append(_RISKS)
    if found.readings:
        texts.append(
            (
                "Terms of the final models were read a second time in Fine and Gray's model of the"
                " subdistribution hazard", cite("fine1999"), " and in a Cox model of any competing"
                " event, as is recommended", cite("latouche2013"), ".",
            )
        )  # fmt: skip
    return tuple(texts)


_RISKS: Text = (
    "Predicted probabilities are absolute risks: Cox models of the event and of each"
    " competing event, combined",
    cite("benichou1990"),
    ". A competing event's model has"
    " the terms of the event's where it was seen ten times for each, else the clinical"
    " ones under the same rule, else none, its rate being the same for all; it is refitted"
    " in every resample. AUC, Brier score, observed over expected, calibration curve"
    " (regression of the subdistribution hazard",
    cite("austin2022"),
    ") and decision curve"
    " count who had a competing event as one who will not have the event, weighted or"
    " estimated with the incidence in place of 1 − Kaplan-Meier",
    cite("blanche2013"),
    ". C-index and calibration slope are of the rate: a competing event ends follow-up."
    " Net reclassification and discrimination improvement are not given.",
)
