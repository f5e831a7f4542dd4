"""Table S1: net reclassification and integrated discrimination, split by event status."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.report.tables.performance import assessment_label, assessments
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Ref, Text, Trace, join
from trephine.report.wording import NumberForm

# A column: its heading, the fact, and how that is printed.
_Column = tuple[str, str, NumberForm]

_NRI: tuple[_Column, ...] = (
    ("NRI (95% CI)", "nri", "signed2"),
    ("NRI, events", "nri_events", "signed2"),
    ("NRI, non-events", "nri_nonevents", "signed2"),
    ("Half-NRI (95% CI)", "half_nri", "signed2"),
    ("Categorical NRI (95% CI)", "categorical_nri", "signed2"),
    ("Categorical, events", "categorical_nri_events", "signed2"),
    ("Categorical, non-events", "categorical_nri_nonevents", "signed2"),
)
_IDI: tuple[_Column, ...] = (
    ("IDI (95% CI)", "idi", "signed3"),
    ("IDI, events", "idi_events", "signed3"),
    ("IDI, non-events", "idi_nonevents", "signed3"),
    ("Median improvement (95% CI)", "median_improvement", "signed3"),
)


def reclassification_tables(facts: Trace) -> tuple[Table, ...]:
    """Return both parts of Table S1, or nothing where nothing was compared."""
    if not facts.reclassification:
        return ()
    warning: Text = (
        "NRI and IDI both reward miscalibrated models: read them together with calibration. No p is"
        " given, since tests of either against 0 reject far too often where there is nothing to"
        " find (Hilden and Gerds 2014; Pepe et al. 2015).",
    )
    return (
        _table(
            facts,
            "table-s1-reclassification",
            "Net reclassification improvement",
            _NRI,
            (
                (
                    "NRI: continuous net reclassification index, the sum of its parts among cases"
                    " with and without the event, censored cases by Kaplan-Meier. Half-NRI: the"
                    " one-sided continuous NRI of Uno et al. (2013), censored cases by inverse"
                    " probability weights.",
                ),
                *_categories(facts),
                warning,
            ),
        ),
        _table(
            facts,
            "table-s1-discrimination",
            "Integrated discrimination improvement",
            _IDI,
            (
                (
                    "IDI: integrated discrimination improvement, the sum of its parts: mean gain"
                    " in event probability among cases with the event, and mean fall among those"
                    " without. Median improvement: the same by medians (Uno et al. 2013).",
                ),
                warning,
            ),
        ),
    )


def _categories(facts: Trace) -> tuple[Text, ...]:
    """Return where the plan parts the risk categories, if it does."""
    for row in facts.reclassification:
        if row.raw.categorical_nri is not None and row.raw.risk_cuts:
            cuts = join([(cut.show("plain"),) for cut in row.risk_cuts], last=" and ")
            return (
                ("Categorical NRI: categories of event probability are divided at ", *cuts, "."),
            )
    return ()


def _table(
    facts: Trace, slug: str, title: str, every: Sequence[_Column], notes: tuple[Text, ...]
) -> Table:
    columns = [
        column
        for column in every
        if any(getattr(row.raw, column[1]) is not None for row in facts.reclassification)
    ]
    rows: list[Row] = []
    for key in assessments(facts.reclassification):
        rows.append(Row(((assessment_label(key),),), "group"))
        rows += [
            Row(
                (
                    (row.new.words(), " against ", row.old.words()),
                    (row.horizon.show("horizon"),),
                    *[_cell(getattr(row, name), form) for _, name, form in columns],
                )
            )
            for row in facts.reclassification
            if (row.raw.protocol, row.raw.kind) == key
        ]
    return Table(
        slug=slug,
        section="performance",
        folded="Net reclassification and discrimination improvement, every pair of models",
        number="Table S1",
        title=(title,),
        header=(("Models",), ("Horizon",), *[(heading,) for heading, _, _ in columns]),
        rows=tuple(rows),
        notes=(*notes, *_draws(facts)),
    )


def _cell(value: Trace, form: NumberForm) -> Text:
    """Print an estimate with its interval, or a number alone."""
    if value.raw is None or isinstance(value.raw, float):
        shown: Ref = value.show(form)
        return (shown,)
    return value.interval(form)


def _draws(facts: Trace) -> tuple[Text, ...]:
    """Return what intervals rest on, where the facts say so."""
    for method in facts.methods.resampling:
        if method.raw.interval_draws:
            return (
                (
                    "Intervals: percentiles of ",
                    method.interval_draws.show("count"),
                    " resamples.",
                ),
            )
    return ()
