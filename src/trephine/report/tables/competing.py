"""Incidences where events compete beside what ignoring that would say, and the terms read again."""

from __future__ import annotations

from trephine.report.figures.competing import headline_groups
from trephine.report.tables.table import EMPTY, Row, Table
from trephine.report.trace import Text, Trace, sentence
from trephine.report.wording import kind_label, plural, protocol_label


def incidence_table(facts: Trace) -> Table | None:
    """Return each curve at each horizon; None where no events compete."""
    if facts.raw.competing is None:
        return None
    competing = facts.competing
    rows = [Row((("All ", plural(facts.study.raw.case_noun, 2)),), "group")]
    for curve in competing.curves:
        rows += _curve_rows(curve)
    shown = headline_groups(facts.raw)
    for groups in competing.groups:
        if groups.raw not in shown:
            continue
        title = f"{protocol_label(groups.raw.protocol)}, {kind_label(groups.raw.kind)}: "
        test: Text = ()
        if groups.raw.gray_p is not None:
            test = ("; Gray's test p ", groups.gray_p.show("p ="))
        event: Text = (competing.event.words(), " in the ", groups.model.words(), " model's groups")
        rows.append(Row(((title, *event, *test),), "group"))
        for curve in groups.curves:
            rows += _curve_rows(curve)
    return Table(
        slug="table-incidence",
        section="competing",
        number="",
        title=("Incidence of ", competing.event.words(), ", and what ignoring other events says"),
        header=(
            ("Event or group",), ("Cases (first events, others)",), ("By",),
            ("Incidence (95% CI)",), ("1 − Kaplan-Meier (95% CI)",), ("Too high by",),
        ),
        rows=tuple(rows),
        notes=_notes(facts),
    )  # fmt: skip


def _curve_rows(curve: Trace) -> list[Row]:
    """Return one row a horizon, the first with the name."""
    counts: Text = (
        curve.n.show("count"), " (", curve.events.show("count"), ", ",
        curve.others.show("count"), ")",
    )  # fmt: skip
    rows = []
    pairs = zip(curve.at_horizons, curve.ignoring_at_horizons, curve.overstated, strict=True)
    for number, (own, naive, excess) in enumerate(pairs):
        first: tuple[Text, Text] = ((curve.label.words(),), counts)
        rows.append(
            Row(
                (
                    *(first if number == 0 else (EMPTY, EMPTY)),
                    (own.horizon.show("year horizon"),),
                    own.estimate.interval("share"),
                    naive.estimate.interval("share"),
                    (excess.value.show("share"),),
                )
            )
        )
    return rows


def _notes(facts: Trace) -> tuple[Text, ...]:
    cases = plural(facts.study.raw.case_noun, 2)
    notes: list[Text] = [
        (
            "Incidence (Aalen-Johansen) answers how many will have the event: what a patient asks,"
            " and what a clinic plans for (Keurentjes et al. 2012). 1 − Kaplan-Meier takes those"
            " who had another event for censored and answers how many would have it if nothing else"
            " could happen: what compares implants or treatments whose patients differ in how long"
            " they live (Lie et al. 2022). As the first it is too high by the last column.",
        )
    ]
    count = facts.flow.raw.analysed
    if count.cases != count.patients:
        notes.append(
            (
                f"Gray's test treats {cases} as independent; intervals are by"
                f" {facts.study.raw.patient_noun}, except those of the published protocol's"
                " apparent results.",
            )
        )
    return tuple(notes)


def second_reading_table(facts: Trace) -> Table | None:
    """Return the final models' terms read in three ways; None without competing events."""
    if facts.raw.competing is None or not facts.raw.competing.readings:
        return None
    rows: list[Row] = []
    notes: list[Text] = [
        (
            "Event, rate: the model's own hazard ratio, by which the rate differs among those who"
            " have had no event yet; the one to read for causes. Others, rate: the same for any"
            " competing event. Event, incidence: Fine and Gray's subdistribution hazard ratio, by"
            " which the share who will have had the event differs, the others taking their toll;"
            " its size is no rate and no relative risk, its direction says who will have more of"
            " the event. A term may move the incidence only because it moves the others: a ratio"
            " of about 1 in the first column and away from 1 in the third shows that.",
        )
    ]
    for reading in facts.competing.readings:
        label = f"{protocol_label(reading.raw.protocol)}: "
        rows.append(Row(((label, reading.model.words(), " model"),), "group"))
        rows += [_term_row(term) for term in reading.terms]
        notes += [sentence(note.words()) for note in reading.notes]
    return Table(
        slug="table-second-reading",
        section="competing",
        number="",
        title=("The final model's terms with competing events",),
        header=(
            ("Term",), ("Event, rate (HR)",), ("Others, rate (HR)",), ("Event, incidence (sHR)",),
            ("p of sHR",),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip


def _term_row(term: Trace) -> Row:
    return Row(
        (
            (term.label.words(),),
            term.cause_specific.interval("2"),
            _optional(term, "competing"),
            _optional(term, "subdistribution"),
            (term.subdistribution_p.show("p"),),
        )
    )


def _optional(row: Trace, part: str) -> Text:
    if getattr(row.raw, part) is None:
        return ("–",)
    interval: Text = getattr(row, part).interval("2")
    return interval
