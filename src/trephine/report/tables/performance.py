"""Table 3 and what stands around it: performance, calibration, risk groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from trephine.choices import Kind, ProtocolName
from trephine.report.measures import MEASURES, at_horizon, optional
from trephine.report.tables.table import EMPTY, Row, Table
from trephine.report.trace import Ref, Text, Trace, by_note, join, marked, sentence
from trephine.report.wording import kind_label, plural, protocol_label


def assessments(rows: Trace) -> list[tuple[ProtocolName, Kind]]:
    """Return the protocols and kinds that occur among assessed facts, in reading order."""
    found = {(row.raw.protocol, row.raw.kind) for row in rows}
    protocols = dict.fromkeys(row.raw.protocol for row in rows)
    return [(name, kind) for name in protocols for kind in get_args(Kind) if (name, kind) in found]


def assessment_label(key: tuple[ProtocolName, Kind]) -> str:
    """Name a protocol and a kind in one heading."""
    return f"{protocol_label(key[0])}: {kind_label(key[1])}"


def table_3(facts: Trace) -> Table | None:
    """Return Table 3: discrimination and overall accuracy with intervals."""
    if not facts.performance:
        return None
    header: list[Text] = [("Model",)]
    for measure in MEASURES:
        header += measure.columns(facts)
    rows: list[Row] = []
    for key in assessments(facts.performance):
        rows.append(Row(((assessment_label(key),),), "group"))
        for row in facts.performance:
            if _key(row) == key:
                cells = [cell for measure in MEASURES for cell in measure.cells(facts, row)]
                rows.append(Row(((row.model.words(),), *cells)))
    explained = " ".join(measure.note for measure in MEASURES if measure.note)
    return Table(
        slug="table-3-performance",
        section="performance",
        number="Table 3",
        title=("Performance of the models",),
        header=tuple(header),
        rows=tuple(rows),
        notes=(
            (f"Values with 95% confidence intervals. {explained}",),
            *_competing_note(facts),
            *cross_validated_note(facts),
            *_optimism_note(facts),
            *by_note(
                [
                    ((row.model.words(), f" ({assessment_label(_key(row))})"), row.note.words())
                    for row in facts.performance
                    if row.raw.note
                ]
            ),
        ),
    )


def _competing_note(facts: Trace) -> tuple[Text, ...]:
    """Say what each measure counts where events compete."""
    if facts.raw.competing is None:
        return ()
    return (
        (
            "AUC, Brier score and IPA are of absolute risks: who had a competing event counts as"
            " one who will not have the event, and IPA compares with the incidence. The C-indices"
            " are of its rate: a competing event ends follow-up.",
        ),
    )


def cross_validated_note(facts: Trace) -> tuple[Text, ...]:
    """Return what an interval of nested cross-validation is made of."""
    if not any("cross-validated" in row.raw.kind for row in facts.performance):
        return ()
    note = (
        "Intervals of the cross-validated C-index, AUC, Brier score and IPA, and of differences"
        " between models in C-index and AUC, combine two sources of variation: the patients in whom"
        " the models are evaluated (each patient's influence) and, where there are at least twenty"
        " bootstrap samples, the patients on whom they are trained (the spread over models refitted"
        " to these samples that contain the same parts as the final model, and how far such models"
        " lie from the mean of all). All other cross-validated intervals reflect the first source"
        " only and are somewhat too narrow."
    )
    return ((note,),)


BY_632_PLUS = (
    "Bootstrap figures of models with signatures are the .632+ estimate (Efron and Tibshirani"
    " 1997): subtracting the optimism leaves too high a value where features outnumber cases."
)


def _optimism_note(facts: Trace) -> tuple[Text, ...]:
    """Return in one note what bootstraps took off every model's C-index."""
    told: dict[ProtocolName, list[Trace]] = {}
    for row in facts.performance:
        if row.raw.optimism is not None:
            told.setdefault(row.raw.protocol, []).append(row)
    if not told:
        return ()
    note: list[str | Ref] = [
        "Optimism of the C-index over bootstrap samples of patients; in brackets, the .632+"
        " estimate of the C-index."
    ]
    for protocol, rows in told.items():
        samples = rows[0].optimism
        note += [f" {protocol_label(protocol)}, ", samples.samples.show("count"), " samples"]
        if samples.raw.failed:
            note += [" and ", samples.failed.show("count"), " that could not be fitted"]
        note += [": ", *join([_optimism(row) for row in rows]), "."]
    if any(row.raw.optimism.estimate == ".632+" for rows in told.values() for row in rows):
        note.append(f" {BY_632_PLUS}")
    return (tuple(note),)


def _optimism(row: Trace) -> Text:
    found = row.optimism
    return (
        row.model.words(), " ", found.c_index.show("3"), " (", found.c_index_632_plus.show("3"),
        ")",
    )  # fmt: skip


def calibration_table(facts: Trace) -> Table | None:
    """Return calibration in numbers, by model, horizon and kind."""
    if not any(row.raw.calibration for row in facts.performance):
        return None
    marks, explained = marked(
        [line.gnd_note.words() for row in facts.performance for line in row.calibration]
    )
    rows: list[Row] = []
    for key in assessments(facts.performance):
        lines = [
            _calibration_row(row, line, marks(line.gnd_note))
            for row in facts.performance
            if _key(row) == key
            for line in row.calibration
        ]
        if lines:
            rows += [Row(((assessment_label(key),),), "group"), *lines]
    return Table(
        slug="table-calibration",
        section="performance",
        number="",
        title=("Calibration",),
        header=(
            ("Model, horizon",), ("Slope",), ("O/E",), ("ICI",), ("E50",), ("E90",), ("Emax",),
            ("GND p",),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Slope: below one where predictions are too extreme. O/E: observed over expected"
                " events. ICI, E50, E90, Emax: mean, median, 90th percentile and largest absolute"
                " distance of the event probability from the smooth calibration curve. GND:"
                " Greenwood-Nam-D'Agostino test in groups of predicted risk; its variances are by"
                " patient where the intervals are.",
            ),
            *_by_fold(facts),
            *([sentence("GND test: ", *explained)] if explained else []),
        ),
    )  # fmt: skip


def _calibration_row(row: Trace, line: Trace, mark: Text) -> Row:
    return Row(
        (
            (row.model.words(), ", ", line.horizon.show("horizon"), *mark),
            optional(line.slope, "2"),
            optional(line.observed_expected, "2"),
            (line.ici.show("3"),),
            (line.e50.show("3"),),
            (line.e90.show("3"),),
            (line.emax.show("3"),),
            (line.gnd_p.show("p"),),
        )
    )


def _by_fold(facts: Trace) -> tuple[Text, ...]:
    """Return how calibration out of fold is judged, where anything was."""
    if not any("cross-validated" in row.raw.kind for row in facts.performance):
        return ()
    note = (
        "Nested cross-validated: the slope compares cases within folds only (Cox model with the"
        " fold as stratum, repeats averaged), so it is the same at every horizon; for ICI, E50,"
        " E90, Emax, GND test and curves the folds' predictions are first brought to a common"
        " level, since a fold that by chance has many events is predicted too low by a model fitted"
        " without it."
    )
    return ((note,),)


def risk_group_table(facts: Trace) -> Table | None:
    """Return survival of the risk groups at the horizons."""
    if not facts.risk_groups:
        return None
    horizons = list(facts.study.horizons)
    with_ratio = any(groups.raw.ratio is not None for groups in facts.risk_groups)
    marks, explained = marked(
        [note.words() for groups in facts.risk_groups for note in groups.notes]
    )
    rows: list[Row] = []
    for key in assessments(facts.risk_groups):
        rows.append(Row(((assessment_label(key),),), "group"))
        for groups in facts.risk_groups:
            if _key(groups) == key:
                rows += _risk_group_rows(groups, horizons, marks, with_ratio=with_ratio)
    notes = _rules(facts)
    if with_ratio:
        notes.insert(0, (f"HR: hazard ratio of the highest risk group against {_others(facts)}.",))
    notes += _clustered_note(facts)
    if explained:
        notes.append(sentence(*explained))
    return Table(
        slug="table-risk-groups",
        section="risk-groups",
        number="",
        title=("Risk groups: ", facts.study.outcome_name.words()),
        header=(
            ("Model, group",), ("n",), ("Events",),
            *[(h.show("year horizon"), " survival") for h in horizons],
            *([("HR (95% CI)",)] if with_ratio else []), ("Log-rank p",),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip


def _others(facts: Trace) -> str:
    """Return what the highest risk group is compared with: with two groups, the other one."""
    several = any(len(groups.raw.curves) > 2 for groups in facts.risk_groups)
    return f"all other {plural(facts.study.raw.case_noun, 2)}" if several else "the other"


def _risk_group_rows(
    groups: Trace, horizons: list[Trace], marks: Callable[[Trace], Text], *, with_ratio: bool
) -> list[Row]:
    """Return a model with its test, and its groups below it."""
    test: list[Text] = [(groups.logrank_p.show("p"),)]
    if with_ratio:
        test.insert(0, optional(groups.ratio, "2"))
    signs = [sign for note in groups.notes for sign in marks(note)]
    model = Row(((groups.model.words(), *signs), *[EMPTY] * (2 + len(horizons)), *test))
    curves = [
        Row(
            (
                (curve.label.words(),),
                (curve.n.show("count"),),
                (curve.events.show("count"),),
                *[at_horizon(curve.at_horizons, h.raw, "share") for h in horizons],
                *[EMPTY] * len(test),
            ),
            "level",
        )
        for curve in groups.curves
    ]
    return [model, *curves]


def _rules(facts: Trace) -> list[Text]:
    """Return how groups were cut, by protocol and kind; the rule is the same for all models."""
    told: dict[str, tuple[Ref, dict[str, None]]] = {}
    for groups in facts.risk_groups:
        rule = groups.rule.words()
        _, subjects = told.setdefault(rule.text, (rule, {}))
        subjects.setdefault(assessment_label(_key(groups)))
    return [
        ("Groups of every model are cut at the ", rule, f" ({'; '.join(subjects)}).")
        for rule, subjects in told.values()
    ]


def _clustered_note(facts: Trace) -> list[Text]:
    """Say what knows of patients with several cases, and what does not."""
    count = facts.flow.raw.analysed
    if count.cases == count.patients:
        return []
    cases = plural(facts.study.raw.case_noun, 2)
    return [
        (
            f"Log-rank tests treat {cases} as independent; intervals are by"
            f" {facts.study.raw.patient_noun}, except those of the published protocol's apparent"
            " results.",
        )
    ]


def _key(row: Trace) -> tuple[ProtocolName, Kind]:
    return row.raw.protocol, row.raw.kind
