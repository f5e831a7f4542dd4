"""Agreement of features and regions: between and within raters, and of perturbed copies."""

from __future__ import annotations

from trephine.report.tables.table import EMPTY, Row, Table
from trephine.report.trace import Text, Trace


def agreement_table(facts: Trace) -> Table | None:
    """Return agreement of features and regions between and within raters."""
    if not facts.agreement:
        return None
    rows: list[Row] = []
    if facts.agreement.icc:
        rows.append(Row((("Features",),), "group"))
    rows += [_icc_row(icc) for icc in facts.agreement.icc]
    if facts.agreement.overlap:
        rows.append(Row((("Regions",),), "group"))
    rows += [_overlap_row(overlap) for overlap in facts.agreement.overlap]
    return Table(
        phone="stack",
        slug="table-agreement",
        section="agreement",
        number="",
        title=(_title(facts),),
        header=(("Comparison",), ("Cases",), ("Agreement",), ("Remark",)),
        rows=tuple(rows),
        notes=(
            (
                *_cases_note(facts),
                "ICC: intraclass correlation coefficient.",
                *_overlap_note(facts),
                *_copies_note(facts),
            ),
        ),
    )


def _title(facts: Trace) -> str:
    if _only_copies(facts):
        return "Agreement of features in perturbed copies of the regions"
    return "Agreement between and within raters"


def _only_copies(facts: Trace) -> bool:
    compared = facts.agreement.raw
    return bool(compared.icc) and all(i.perturbed for i in compared.icc) and not compared.overlap


def _cases_note(facts: Trace) -> Text:
    if _only_copies(facts):
        return ()
    return ("Cases: those read both times, or by all the raters named. ",)


def _overlap_note(facts: Trace) -> Text:
    return (" Dice: median (quartiles).",) if facts.agreement.raw.overlap else ()


def _copies_note(facts: Trace) -> Text:
    """Say what perturbed copies do not show, where there are any."""
    if not any(icc.raw.perturbed for icc in facts.agreement.icc):
        return ()
    return (
        " Perturbed: the regions measured again in copies of their images with noise, turned,"
        " shifted and drawn anew by chance. This shows what small changes do to a feature, not how"
        " another rater would draw or another scanner measure.",
    )


def _icc_row(icc: Trace) -> Row:
    return Row(
        (
            (icc.feature_set.words(), ": ", icc.comparison.words()),
            (icc.cases.show("count"),),
            (
                icc.kept.show("count"), " of ", icc.features.show("count"), " with ICC ≥ ",
                icc.threshold.show("plain"),
            ),
            (icc.form.words(),),
        )
    )  # fmt: skip


def _overlap_row(overlap: Trace) -> Row:
    distance: Text = EMPTY
    if overlap.raw.hd95_median_mm is not None:
        distance = ("95% Hausdorff distance ", overlap.hd95_median_mm.show("1"), " mm")
    return Row(
        (
            (overlap.comparison.words(),),
            (overlap.cases.show("count"),),
            (
                "Dice ", overlap.dice_median.show("2"), " (", overlap.dice_q1.show("2"),
                "–", overlap.dice_q3.show("2"), ")",
            ),
            distance,
        )
    )  # fmt: skip
