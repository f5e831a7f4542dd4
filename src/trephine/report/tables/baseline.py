"""Table 1: baseline characteristics, overall and by event."""

from __future__ import annotations

from trephine.report.tables.table import EMPTY, Row, Table, words
from trephine.report.trace import Text, Trace, by_note
from trephine.report.wording import plural

_SYMBOLS = {"t": "t = ", "Mann-Whitney": "Z = ", "chi-square": "χ² = "}
_NAMES = {
    "t": "t: Student's t-test",
    "Mann-Whitney": "Z: Mann-Whitney test",
    "chi-square": "χ²: chi-square test",
    "Fisher": "Fisher: Fisher's exact test",
}


def table_1(facts: Trace) -> Table | None:
    """Return Table 1, or None for a study without clinical variables."""
    table = facts.table1
    if not table:
        return None
    with_missing = any(any(variable.raw.missing) for variable in table.variables)
    header: list[Text] = [words("Variable")]
    for name, size in zip(table.columns, table.sizes, strict=True):
        header.append(words(name.words(), " (n = ", size.show("count"), ")"))
    header += [words("Statistic"), words("p"), words("SMD")]
    if with_missing:
        header.append(words("Missing"))
    rows: list[Row] = []
    for variable in table.variables:
        rows += _variable_rows(variable, len(table.columns), with_missing=with_missing)
    return Table(
        slug="table-1-baseline",
        section="participants",
        number="Table 1",
        title=_title(facts),
        header=tuple(header),
        rows=tuple(rows),
        notes=_notes(facts, table),
    )


def _title(facts: Trace) -> Text:
    if len(facts.table1.raw.columns) == 1:
        return words("Baseline characteristics")
    return words("Baseline characteristics, overall and by ", facts.study.event_noun.words())


def _variable_rows(variable: Trace, columns: int, *, with_missing: bool) -> list[Row]:
    end: list[Text] = [
        _statistic(variable),
        words(variable.p.show("p")),
        words(variable.smd.show("2")),
    ]
    if with_missing:
        end.append(words(variable.missing[0].show("count")))
    if variable.raw.type == "continuous":
        summary = variable.raw.summary
        style = ", mean ± SD" if summary == "mean" else ", median (Q1–Q3)"
        cells = [_summary(column, summary) for column in variable.continuous]
        return [Row((_name(variable, style), *cells, *end))]
    heading = Row((_name(variable, ", n (%)"), *[EMPTY] * columns, *end))
    levels = [
        Row(
            (
                words(level.level.words()),
                *[
                    words(column.count.show("count"), " (", column.percent.show("percent"), ")")
                    for column in level.columns
                ],
                *[EMPTY] * len(end),
            ),
            "level",
        )
        for level in variable.levels
    ]
    return [heading, *levels]


def _name(variable: Trace, style: str) -> Text:
    if variable.raw.unit:
        return words(variable.label.words(), " (", variable.unit.words(), ")", style)
    return words(variable.label.words(), style)


def _summary(column: Trace, summary: str) -> Text:
    if column.raw.n == 0:
        return words("–")
    if summary == "mean":
        return words(column.mean.show("2"), " ± ", column.sd.show("2"))
    return words(column.median.show("2"), " (", column.q1.show("2"), "–", column.q3.show("2"), ")")


def _statistic(variable: Trace) -> Text:
    test = variable.raw.test
    if test == "Fisher":
        return words("Fisher")
    if test == "none":
        return words("–")
    return words(_SYMBOLS[test], variable.statistic.show("2"))


def _notes(facts: Trace, table: Trace) -> tuple[Text, ...]:
    used = dict.fromkeys(variable.raw.test for variable in table.variables)
    names = "; ".join(_NAMES[test] for test in _NAMES if test in used)
    notes: list[Text] = []
    if len(table.raw.columns) == 1:
        notes.append(words("Every case has the event, so that no groups are compared."))
    if names:
        notes.append(words(names + ". SMD: standardised difference between the last two columns."))
    if any(variable.raw.type == "continuous" for variable in table.variables):
        notes.append(
            words(
                "Whether mean or median is given, and which test was used, depends on a"
                " Kolmogorov-Smirnov test against the normal distribution with the sample's own"
                " mean and SD. As in most papers, its p is not corrected for these being estimated,"
                " so skewed variables often pass as normal. Q1, Q3: quartiles."
            )
        )
    if names:
        notes += _independent(facts)
    notes += by_note([((v.label.words(),), v.note.words()) for v in table.variables if v.raw.note])
    return tuple(notes)


def _independent(facts: Trace) -> list[Text]:
    """Say that tests know nothing of patients with several cases, where there are any."""
    count = facts.flow.raw.analysed
    if count.cases == count.patients:
        return []
    return [words(f"Tests treat {plural(facts.study.raw.case_noun, 2)} as independent.")]
