"""Missing clinical values: in whom, how imputed, and what they cost each coefficient."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import plural, protocol_label


def missing_tables(facts: Trace) -> tuple[Table, ...]:
    """Return the tables of missing values; none where a study does not impute several times."""
    if facts.raw.missing is None:
        return ()
    return tuple(table for table in (_variables(facts), _information(facts)) if table is not None)


def _variables(facts: Trace) -> Table:
    found = facts.missing
    cases = plural(facts.study.raw.case_noun, 2)
    rows = [
        Row(
            (
                (one.label.words(),),
                (one.missing.show("count"), " (", one.missing_percent.show("percent"), ")"),
                (one.missing_with_event.show("count"),),
                (one.method.words(),) if one.raw.method else ("complete",),
            )
        )
        for one in found.variables
    ]
    note: Text = (
        "At least one value missing: ", found.incomplete.show("count"), " ",
        plural(facts.study.raw.case_noun, found.raw.incomplete), " (",
        found.incomplete_percent.show("percent"), "). Imputed by: how missing values were drawn in"
        " training.",
    )  # fmt: skip
    return Table(
        slug="table-missing-values",
        section="participants",
        number="",
        title=("Missing clinical values",),
        header=(("Variable",), (f"{cases.capitalize()} without a value",), ("With the event",),
                ("Imputed by",)),
        rows=tuple(rows),
        notes=(note,),
    )  # fmt: skip


def _information(facts: Trace) -> Table | None:
    rows: list[Row] = []
    for one in facts.missing.imputations:
        if not one.raw.information:
            continue
        heading: Text = (
            protocol_label(one.raw.protocol), ", ", one.model.words(), " model, ",
            one.imputations.show("count"), " imputations",
        )  # fmt: skip
        rows.append(Row((heading,), "group"))
        rows += [
            Row(((term.label.words(),), (term.fraction_percent.show("percent"),)))
            for term in one.information
        ]
    if not rows:
        return None
    return Table(
        slug="table-missing-information",
        section="models",
        number="",
        title=("What missing values cost",),
        header=(("Term",), ("Fraction of missing information",)),
        rows=tuple(rows),
        notes=(
            (
                "Share of the information on each coefficient that was lost to missing values"
                " (Rubin 1987). There should be at least as many imputations as the largest of"
                " these percentages.",
            ),
        ),
    )
