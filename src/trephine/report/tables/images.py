"""What each of several images of a case adds to those before it."""

from __future__ import annotations

from itertools import pairwise

from trephine.report.tables.comparison import (
    compared_pairs,
    difference_cells,
    likelihood_cells,
)
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import protocol_label

_NOTE = (
    "Each model contains all images of the model before it and one more. C-index and AUC:"
    " differences in patients whom neither model had seen (nested cross-validation, with every step"
    " of the selection repeated without them); where an interval includes zero, the study does not"
    " show that the image adds anything. Likelihood ratio: of the models fitted to all cases, with"
    " p from permuted outcomes. Where [models] harm states what an image costs, the decision curves"
    " show whether it is worth that."
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
        cells += likelihood_cells(fitted.get((new, old), {}).get(("likelihood ratio", None)))
        rows.append(Row(tuple(cells)))
    if not rows:
        return None
    header: list[Text] = [(protocol_label(protocol),), ("C-index (95% CI)",), ("p",)]
    for horizon in horizons:
        header += [(horizon.show("year horizon"), " AUC (95% CI)"), ("p",)]
    header += [("Likelihood ratio",), ("p",)]
    return Table(
        slug="table-images",
        section="performance",
        number="",
        title=("What each image adds to those before it",),
        header=tuple(header),
        rows=tuple(rows),
        notes=((_NOTE,),),
    )
