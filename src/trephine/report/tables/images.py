"""What each of several images of a case adds to those before it."""

from __future__ import annotations

from itertools import pairwise

from trephine.report.tables.comparison import (
    compared_pairs,
    difference_cells,
    likelihood_cells,
)
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace, join
from trephine.report.wording import protocol_label

_NOTE = (
    "Each model contains all images of the model before it and one more. C-index and AUC:"
    " differences in patients whom neither model had seen (nested cross-validation, with every step"
    " of the selection repeated without them); where an interval includes zero, the study does not"
    " show that the image adds anything. Likelihood ratio, unseen patients: whether the difference"
    " between both models' out-of-fold predictions adds to that of the smaller one, with one degree"
    " of freedom however many features the image has, averaged over repeats; cases count as"
    " independent, and the χ² distribution is an approximation. Likelihood ratio, fitted: of the"
    " models fitted to all cases, with p from permuted outcomes."
)
_BENEFIT_NOTE = (
    "Net benefit of the model with the image minus that of the model without it, less what the"
    " image costs by [models] harm, in patients whom neither model had seen. The thresholds are"
    " those at which the whole 95% interval, each for itself, lies above zero: there the study"
    " shows that the image is worth its cost. Intervals are of resampled"
    " patients with both models as they are."
)


def added_table(facts: Trace) -> Table | None:
    """Return, image by image, what a study gains by it; None for a study of one image."""
    steps = list(pairwise(facts.methods.raw.image_models))
    nested = {
        one.name: one.judged for one in facts.study.raw.protocols if "cross-validated" in one.judged
    }
    protocol = facts.study.raw.protocol
    if not steps or protocol not in nested:
        return None
    horizons = list(facts.study.horizons)
    unseen = compared_pairs(facts, (protocol, nested[protocol]))
    fitted = compared_pairs(facts, (protocol, "apparent"))
    rows = []
    for old, new in steps:
        pair = unseen.get((new, old))
        if pair is None:
            continue
        any_row = next(iter(pair.values()))
        cells: list[Text] = [(any_row.new.words(), " against ", any_row.old.words())]
        cells += difference_cells(pair.get(("C-index", None)))
        for horizon in horizons:
            cells += difference_cells(pair.get(("AUC", horizon.raw)))
        cells += likelihood_cells(pair.get(("held-out likelihood ratio", None)))
        cells += likelihood_cells(fitted.get((new, old), {}).get(("likelihood ratio", None)))
        rows.append(Row(tuple(cells)))
    if not rows:
        return None
    header: list[Text] = [(protocol_label(protocol),), ("C-index (95% CI)",), ("p",)]
    for horizon in horizons:
        header += [(horizon.show("year horizon"), " AUC (95% CI)"), ("p",)]
    header += [("Likelihood ratio, unseen patients",), ("p",)]
    header += [("Likelihood ratio, fitted",), ("p",)]
    return Table(
        slug="table-images",
        section="performance",
        number="",
        title=("What each image adds to those before it",),
        header=tuple(header),
        rows=tuple(rows),
        notes=((_NOTE,),),
    )


def benefit_table(facts: Trace) -> Table | None:
    """Return where each image is worth its cost; None for a study of one image."""
    protocol = facts.study.raw.protocol
    shown = [row for row in facts.benefit_gains if row.raw.protocol == protocol]
    if not shown:
        return None
    return Table(
        slug="table-image-benefit",
        section="performance",
        number="",
        title=("Whether each image is worth its cost",),
        header=(
            (protocol_label(protocol),),
            ("Horizon",),
            ("Cost in net benefit",),
            ("Shown to be worth it at thresholds",),
        ),
        rows=tuple(_benefit_row(row) for row in shown),
        notes=((_BENEFIT_NOTE,),),
    )


def _benefit_row(row: Trace) -> Row:
    spans: list[Text] = [
        (one.low.show("share"), " to ", one.high.show("share")) for one in row.worth
    ]
    return Row(
        (
            (row.new.words(), " against ", row.old.words()),
            (row.horizon.show("horizon"),),
            (row.cost.show("plain"),),
            join(spans) if spans else ("none",),
        )
    )
