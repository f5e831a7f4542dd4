"""Plain ridge and elastic net beside the signatures, on cases that none of them had seen."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import protocol_label

NOTE = (
    "What a plainer learner would have reached: C-index of the score alone by nested"
    " cross-validation, in the same folds and with the same standardised features and"
    " inner folds as the signature, an average of ridge models. Ridge: the member of"
    " that average whose penalty is the same for all features. Elastic net: half lasso,"
    " half ridge, at the penalty of least cross-validated deviance; it takes longer and"
    " is fitted in fewer repeats. The intervals hold for the given training cases;"
    " where that of the difference includes zero, neither learner is shown to be better."
)


def rivals_table(facts: Trace) -> Table | None:
    """Return the nested C-index of other learners beside each averaged ridge signature."""
    rows: list[Row] = []
    for part in facts.selection:
        if not part.rivals:
            continue
        heading: Text = (
            part.feature_set.words(),
            f" signature. {protocol_label(part.raw.protocol)}",
        )
        rows.append(Row((heading,), "group"))
        rows += [
            Row(
                (
                    (rival.learner.words(),),
                    (rival.repeats.show("count"),),
                    tuple(rival.concordance.interval("3")),
                    (rival.own.value.show("3"),),
                    tuple(rival.gained.interval("signed3")),
                )
            )
            for rival in part.rivals
        ]
    if not rows:
        return None
    return Table(
        slug="table-rivals",
        section="performance",
        number="",
        title=("Other learners on the features of the signatures",),
        header=(
            ("Learner",),
            ("Repeats",),
            ("C-index (95% CI)",),
            ("The signature's, same repeats",),
            ("Signature minus this learner (95% CI)",),
        ),
        rows=tuple(rows),
        notes=((NOTE,),),
        phone="stack",
    )
