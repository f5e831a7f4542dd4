"""Tables 2 and S2: univariable and multivariable Cox regression."""

from __future__ import annotations

from trephine.report.tables.signature_p import signature_p_notes
from trephine.report.tables.table import EMPTY, Row, Table
from trephine.report.trace import Text, Trace, by_note, sentence
from trephine.report.wording import protocol_label

_HEADER: tuple[Text, ...] = (
    ("Variable",),
    ("n",),
    ("Events",),
    ("Univariable HR (95% CI)",),
    ("p",),
    ("Multivariable HR (95% CI)",),
    ("p",),
)


_POOLED: tuple[Text, ...] = (
    (
        "Cases and events in a row are those with a known value; hazard ratios, intervals and p"
        " values are pooled over the imputed data sets.",
    ),
)


def cox_tables(facts: Trace) -> tuple[Table, ...]:
    """Return Table 2, one per protocol."""
    return tuple(
        _cox_table(
            table,
            slug="table-2-cox",
            number="Table 2",
            title=(
                "Cox regression of the clinical variables on ",
                facts.study.outcome_name.words(),
            ),
            pooled=facts.raw.missing is not None,
        )
        for table in facts.table2
    )


def signature_tables(facts: Trace) -> tuple[Table, ...]:
    """Return Table S2, one per protocol."""
    return tuple(
        _cox_table(
            table,
            slug="table-s2-signatures",
            number="Table S2",
            title=("Signatures, alone and adjusted",),
            pooled=facts.raw.missing is not None,
        )
        for table in facts.table_s2
    )


def _cox_table(table: Trace, *, slug: str, number: str, title: Text, pooled: bool) -> Table:
    protocol = table.raw.protocol
    rows: list[Row] = []
    for variable in table.variables:
        rows += _variable_rows(variable)
    return Table(
        slug=f"{slug}-{protocol}",
        section="models",
        number=number,
        title=(*title, f". {protocol_label(protocol)}"),
        header=_HEADER,
        rows=tuple(rows),
        notes=(*_notes(table), *(_POOLED if pooled else ())),
    )


def _variable_rows(variable: Trace) -> list[Row]:
    name: Text = (variable.label.words(),)
    if variable.raw.unit:
        name = (*name, " (", variable.unit.words(), ")")
    inside = any(row.raw.multivariable is not None for row in variable.rows)
    curved = bool(variable.raw.knots)
    if len(variable.rows) == 1 and not variable.rows[0].raw.reference and not curved:
        row = variable.rows[0]
        return [Row(((*name, ", ", row.level.words()), *_numbers(row, multivariable=inside)))]
    several = curved or sum(not row.raw.reference for row in variable.rows) > 1
    heading = Row(
        (
            name,
            EMPTY,
            EMPTY,
            EMPTY,
            _overall(variable.univariable_p, several=several),
            EMPTY,
            _overall(variable.multivariable_p, several=several),
        )
    )
    levels = [
        Row(((row.level.words(),), *_numbers(row, multivariable=inside)), "level")
        for row in variable.rows
    ]
    return [heading, *levels]


def _overall(p: Trace, *, several: bool) -> Text:
    """Return the p of a whole variable, printed only where it says more than its one level."""
    return (p.show("p"),) if several and p.raw is not None else EMPTY


def _numbers(row: Trace, *, multivariable: bool) -> tuple[Text, ...]:
    """Return a row's counts and ratios; ``multivariable``: its variable is in that model."""
    counts: tuple[Text, ...] = ((row.n.show("count"),), (row.events.show("count"),))
    if row.raw.reference:
        inside: Text = ("reference",) if multivariable else ("–",)
        return (*counts, ("reference",), EMPTY, inside, EMPTY)
    cells: list[Text] = []
    for ratio in (row.univariable, row.multivariable):
        if ratio.raw is None:
            cells += [("–",), ("–",)]
        else:
            cells += [ratio.ratio.interval("2"), (ratio.p.show("p"),)]
    return (*counts, *cells)


def _notes(table: Trace) -> tuple[Text, ...]:
    raw = table.raw
    notes: list[Text] = [
        (
            "Multivariable model: ",
            table.n.show("count"),
            " cases, ",
            table.events.show("count"),
            " events; continuous variables ",
            table.continuous.words(),
            "; ",
            "cluster-robust standard errors by patient."
            if raw.standard_errors == "cluster-robust"
            else "model-based standard errors, cases treated as independent.",
        )
    ]
    if raw.entry_p is not None:
        notes.append(("Entered with univariable p < ", table.entry_p.show("plain"), "."))
    if raw.elimination:
        notes.append(sentence(table.elimination.words()))
    notes.append(("HR: hazard ratio. A p in a variable's own row tests all its levels together.",))
    notes += signature_p_notes(
        ratio
        for variable in table.variables
        for row in variable.rows
        for ratio in (row.univariable, row.multivariable)
        if ratio.raw is not None
    )
    notes += by_note([((v.label.words(),), v.note.words()) for v in table.variables if v.raw.note])
    return tuple(notes)
