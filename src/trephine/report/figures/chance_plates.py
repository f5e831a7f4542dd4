"""Plates of the C-index: what each protocol reports, and what chance alone gives."""

from __future__ import annotations

from functools import partial

from trephine.facts import Facts
from trephine.report.figures.assessed import by_assessment, draw_titled
from trephine.report.figures.comparison import compared, comparison_height_mm, draw_comparison
from trephine.report.figures.null_check import (
    draw_null_check,
    null_check_edges,
    null_check_height_mm,
)
from trephine.report.figures.plate import Panel, Plate
from trephine.report.style import COLUMN_MM
from trephine.report.wording import kind_label, plural, protocol_label


def comparison_plates(facts: Facts) -> list[Plate]:
    """Return the C-index by protocol and kind, where there are two to compare."""
    if len({(row.protocol, row.kind) for row in facts.performance}) < 2:
        return []
    rows = list(facts.performance)
    kinds = compared(facts.study.protocols, rows)
    return [
        Plate(
            slug="figure-protocols",
            section="glance",
            number="",
            title=("What each protocol reports",),
            caption=("The same models on the same cases. Dotted: 0.5, no better than chance.",),
            panels=(
                Panel(
                    partial(draw_comparison, rows=rows, kinds=kinds),
                    COLUMN_MM,
                    comparison_height_mm(rows, kinds),
                    "C-index of each model by protocol and kind; the numbers are in the table.",
                ),
            ),
        )
    ]


def null_check_plates(facts: Facts) -> list[Plate]:
    """Return the null check, a panel a protocol."""
    if not facts.null_check:
        return []
    edges = null_check_edges(facts.null_check)
    nested = any(check.kind == "nested cross-validated" for check in facts.null_check)
    once = (
        " For nested cross-validation all are measured with one division into folds, so that the"
        " red line may differ a little from Table 3 and from the numbers at the top of the report,"
        " which are averaged over all divisions."
        if nested
        else ""
    )
    found = by_assessment(facts.null_check)
    most = max(len(checks) for _, _, checks in found)
    panels = [
        Panel(
            partial(
                draw_titled,
                title=f"{protocol_label(protocol)}, {kind_label(kind)}",
                draw=partial(draw_null_check, checks=checks, edges=edges),
                left_mm=4.0,
            ),
            COLUMN_MM,
            null_check_height_mm(most),
            f"{protocol_label(protocol)}: histograms of each model's C-index on permuted outcomes"
            " beside the observed one.",
        )
        for protocol, kind, checks in found
    ]
    return [
        Plate(
            slug="figure-null-check",
            section="glance",
            number="",
            title=("Null check: what chance alone gives",),
            caption=(
                "Grey: C-index that the whole pipeline reports when outcomes are shuffled between"
                f" {plural(facts.study.patient_noun, 2)}, so that there is nothing to find; dashed:"
                " their median. Red: on the real outcomes. Dotted: 0.5. The further the red line is"
                f" from the grey, the stronger the evidence.{once}",
            ),
            panels=tuple(panels),
        )
    ]
