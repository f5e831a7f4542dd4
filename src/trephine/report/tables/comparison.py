"""Differences between models, a pair a row: C-index, AUC at each horizon, likelihood ratio."""

from __future__ import annotations

from trephine.report.tables.performance import assessment_label, assessments
from trephine.report.tables.signature_p import gain_p_notes
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace

_NONE: Text = ("–",)


def comparison_table(facts: Trace) -> Table | None:
    """Return differences between models in C-index, AUC and likelihood."""
    if not facts.comparisons:
        return None
    horizons = list(facts.study.horizons)
    header: list[Text] = [("Models",), ("C-index (95% CI)",), ("p",)]
    for horizon in horizons:
        header += [(horizon.show("year horizon"), " AUC (95% CI)"), ("p",)]
    with_likelihood = any(row.raw.measure == "likelihood ratio" for row in facts.comparisons)
    header += [("Likelihood ratio",), ("p",)] if with_likelihood else []
    rows: list[Row] = []
    for key in assessments(facts.comparisons):
        rows.append(Row(((assessment_label(key),),), "group"))
        for pair in compared_pairs(facts, key).values():
            any_row = next(iter(pair.values()))
            cells: list[Text] = [(any_row.new.words(), " against ", any_row.old.words())]
            cells += difference_cells(pair.get(("C-index", None)))
            for horizon in horizons:
                cells += difference_cells(pair.get(("AUC", horizon.raw)))
            if with_likelihood:
                cells += likelihood_cells(pair.get(("likelihood ratio", None)))
            rows.append(Row(tuple(cells)))
    return Table(
        slug="table-comparisons",
        section="performance",
        number="",
        title=("Differences between models",),
        header=tuple(header),
        rows=tuple(rows),
        notes=(
            (
                "First model minus second. C-index: infinitesimal jackknife of both together; AUC:"
                " influence functions; both by patient, except for the published protocol's"
                " apparent results.",
                *_training(facts),
                " Likelihood ratio: χ² with its degrees of freedom, for models"
                " of which one contains the other, fitted to the same cases.",
            ),
            *gain_p_notes(facts.comparisons),
        ),
    )


def _training(facts: Trace) -> Text:
    """Say what intervals of cross-validated differences know besides the cases that are judged."""
    if not any("cross-validated" in row.raw.kind for row in facts.comparisons):
        return ()
    return (
        " Intervals of nested cross-validated differences include the variation between training"
        " sets, as in Table 3.",
    )


def compared_pairs(
    facts: Trace, key: tuple[str, str]
) -> dict[tuple[str, str], dict[tuple[str, float | None], Trace]]:
    """Return what was compared of every two models, new and old, by measure and horizon.

    Parameters
    ----------
    facts
        Of the study.
    key
        Protocol, and how its predictions were made.
    """
    found: dict[tuple[str, str], dict[tuple[str, float | None], Trace]] = {}
    for row in facts.comparisons:
        if (row.raw.protocol, row.raw.kind) == key:
            pair = found.setdefault((row.raw.new, row.raw.old), {})
            pair[row.raw.measure, row.raw.horizon] = row
    return found


def difference_cells(row: Trace | None) -> list[Text]:
    """Return a difference with its interval, and p."""
    if row is None:
        return [_NONE, _NONE]
    difference = _NONE if row.raw.difference is None else row.difference.interval("signed2")
    return [difference, (row.p.show("p"),)]


def likelihood_cells(row: Trace | None) -> list[Text]:
    """Return a likelihood ratio with its degrees of freedom, and p."""
    if row is None:
        return [_NONE, _NONE]
    statistic: Text = ("χ² ", row.statistic.show("2"))
    if row.raw.degrees_of_freedom is not None:
        statistic = (*statistic, ", df\u00a0", row.degrees_of_freedom.show("plain"))
    return [statistic, (row.p.show("p"),)]
