"""The C-index of each model: every protocol in one row, and what chance alone gives below it."""

from __future__ import annotations

from trephine.choices import Kind, ProtocolName
from trephine.report.tables.performance import BY_632_PLUS, assessments
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.twins import twin_of
from trephine.report.wording import assessed_briefly, plural, protocol_label


def headline_table(facts: Trace) -> Table | None:
    """Return the C-index of each model, every protocol and kind in one row."""
    keys = assessments(facts.performance)
    if not keys:
        return None
    rows: list[Row] = []
    for model in dict.fromkeys(row.raw.model for row in facts.performance):
        rows += [_model_row(facts, model, keys), *_null_rows(facts, model, keys)]
    notes: list[Text] = []
    if any(kind == "apparent" for _, kind in keys):
        notes.append(
            ("Apparent: measured on the cases that chose the features and fitted the model.",)
        )
    if facts.null_check:
        notes.append(
            (
                "Permuted: median (95th percentile) of the same pipeline on outcomes shuffled"
                f" between {plural(facts.study.raw.patient_noun, 2)}, where there is nothing to"
                " find.",
            )
        )
    if any(r.raw.optimism and r.raw.optimism.estimate == ".632+" for r in facts.performance):
        notes.append((BY_632_PLUS,))
    notes += _twin_notes(facts)
    return Table(
        slug="table-headline",
        section="glance",
        number="",
        title=(_title(keys),),
        header=(("Model",), *[(assessed_briefly(*key),) for key in keys]),
        rows=tuple(rows),
        notes=tuple(notes),
        phone="stack",
    )


def _title(keys: list[tuple[ProtocolName, Kind]]) -> str:
    """Say what the columns compare: protocols, ways of judging one, or nothing."""
    if len({protocol for protocol, _ in keys}) > 1:
        return "C-index of each model under each protocol"
    return "C-index of each model"


def _twin_notes(facts: Trace) -> list[Text]:
    """Say of each model that is another one under a second name that it is."""
    found: list[Text] = []
    for model in facts.models:
        protocol: ProtocolName = model.raw.protocol
        twin = twin_of(facts.raw, model.raw.name, protocol)
        if twin:
            found.append(
                (
                    f"{protocol_label(protocol)}: fitted to all cases, ",
                    model.name.words(),
                    f" is the same model as {twin}, since nothing else was selected.",
                )
            )
    return found


def _model_row(facts: Trace, model: str, keys: list[tuple[ProtocolName, Kind]]) -> Row:
    cells: list[Text] = [(model,)]
    for key in keys:
        cell: Text = ("–",)
        for row in facts.performance:
            if row.raw.model == model and (row.raw.protocol, row.raw.kind) == key:
                cells[0] = (row.model.words(),)
                cell = row.c_index.interval("2")
                break
        cells.append(cell)
    return Row(tuple(cells))


def _null_rows(facts: Trace, model: str, keys: list[tuple[ProtocolName, Kind]]) -> list[Row]:
    """Return the model's row on permuted outcomes; none where the null check left it out."""
    known = {
        (check.raw.protocol, check.raw.kind): check
        for check in facts.null_check
        if check.raw.model == model
    }
    if not known:
        return []
    cells: list[Text] = [("permuted",)]
    for key in keys:
        check = known.get(key)
        cells.append(
            ("",) if check is None else (check.median.show("2"), " (", check.p95.show("2"), ")")
        )
    return [Row(tuple(cells), "level")]
