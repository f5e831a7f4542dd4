"""Whether the models' hazards are proportional: score tests by model, and by variable of one."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.report.figures.assessed import headline_model
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import plural, protocol_label


def hazards_table(facts: Trace) -> Table | None:
    """Return the tests of proportional hazards; none where no model has a term."""
    if not any(model.raw.hazards_tests for model in facts.models):
        return None
    rows: list[Row] = []
    last = ""
    for model in facts.models:
        if not model.raw.hazards_tests:
            continue
        protocol: ProtocolName = model.raw.protocol
        if protocol != last:
            last = protocol
            rows.append(Row(((protocol_label(protocol),),), "group"))
        *single, overall = list(model.hazards_tests)
        rows.append(Row(((model.name.words(),), *_numbers(overall))))
        if model.raw.name == headline_model(facts.raw, protocol):
            rows += [Row(((one.label.words(),), *_numbers(one)), "level") for one in single]
    return Table(
        slug="table-hazards",
        section="models",
        number="",
        title=("Proportional hazards",),
        header=(("Model, variable",), ("χ²",), ("df",), ("p",)),
        rows=tuple(rows),
        notes=(
            (
                "Score test of whether coefficients change over time, on the scale 1 − the"
                " Kaplan-Meier estimate (Grambsch and Therneau 1994): for all terms of a model"
                " together and, in the model of the nomogram, for each variable. A small p means"
                " that the hazard ratio is an average over a changing effect.",
                *_independent(facts),
            ),
        ),
    )


def _numbers(test: Trace) -> tuple[Text, ...]:
    return (
        (test.statistic.show("2"),),
        (test.degrees_of_freedom.show("count"),),
        (test.p.show("p"),),
    )


def _independent(facts: Trace) -> Text:
    count = facts.flow.raw.analysed
    if count.cases == count.patients:
        return ()
    return (f" The test treats {plural(facts.study.raw.case_noun, 2)} as independent.",)
