"""Table S1: net reclassification and integrated discrimination, split by event status."""

from __future__ import annotations

from trephine.report.tables.performance import assessment_label, assessments
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import Form


def reclassification_table(facts: Trace) -> Table | None:
    """Return Table S1, or None where nothing was compared."""
    if not facts.reclassification:
        return None
    categorical = any(row.raw.categorical_nri is not None for row in facts.reclassification)
    header: list[Text] = [
        ("Models",), ("Horizon",), ("NRI (95% CI)",), ("NRI, events",), ("NRI, non-events",),
        ("p",),
    ]  # fmt: skip
    if categorical:
        header.append(("Categorical NRI (95% CI)",))
    header += [("IDI (95% CI)",), ("IDI, events",), ("IDI, non-events",), ("p",)]
    with_median = any(row.raw.median_improvement is not None for row in facts.reclassification)
    header += [("Median improvement (95% CI)",)] if with_median else []
    rows: list[Row] = []
    for key in assessments(facts.reclassification):
        rows.append(Row(((assessment_label(key),),), "group"))
        for row in facts.reclassification:
            if (row.raw.protocol, row.raw.kind) != key:
                continue
            cells: list[Text] = [
                (row.new.words(), " against ", row.old.words()),
                (row.horizon.show("horizon"),),
                _optional(row.nri, "signed2"),
                _optional(row.nri_events, "signed2"),
                _optional(row.nri_nonevents, "signed2"),
                (row.nri_p.show("p"),),
            ]
            if categorical:
                cells.append(_optional(row.categorical_nri, "signed2"))
            cells += [
                _optional(row.idi, "signed3"),
                (row.idi_events.show("signed3"),),
                (row.idi_nonevents.show("signed3"),),
                (row.idi_p.show("p"),),
            ]
            if with_median:
                cells.append(_optional(row.median_improvement, "signed3"))
            rows.append(Row(tuple(cells)))
    return Table(
        slug="table-s1-reclassification",
        number="Table S1",
        title=("Net reclassification and integrated discrimination improvement",),
        header=tuple(header),
        rows=tuple(rows),
        notes=(
            (
                "NRI: continuous net reclassification index, the sum of its parts among cases with"
                " and without the event. IDI: integrated discrimination improvement. Both reward"
                " miscalibrated models: read them after the calibration.",
            ),
            *_draws(facts),
        ),
    )


def _draws(facts: Trace) -> tuple[Text, ...]:
    """Return what intervals and p rest on, where the facts say so."""
    for method in facts.methods.resampling:
        if method.raw.interval_draws:
            return (
                (
                    "Intervals: percentiles of ",
                    method.interval_draws.show("count"),
                    " resamples; p from their standard deviation.",
                ),
            )
    return ()


def _optional(estimate: Trace, form: Form) -> Text:
    return estimate.interval(form) if estimate.raw is not None else ("–",)
