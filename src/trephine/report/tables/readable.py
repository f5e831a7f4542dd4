"""What a signature of many features is made of, and its short reading."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Ref, Text, Trace
from trephine.report.wording import protocol_label


def contribution_table(facts: Trace) -> Table | None:
    """Return what feature families and filtered images contribute to each signature."""
    rows: list[Row] = []
    for part in facts.selection:
        for title, shares in (("families", part.families), ("images", part.image_types)):
            if not shares:
                continue
            heading: Text = (
                part.feature_set.words(),
                f", by {title}. {protocol_label(part.raw.protocol)}",
            )
            rows.append(Row((heading,), "group"))
            rows += [
                Row(
                    (
                        (row.part.words(),),
                        (row.features.show("count"),),
                        (row.share.show("share"),),
                    )
                )
                for row in shares
            ]
    if not rows:
        return None
    return Table(
        slug="table-contribution",
        number="",
        title=("What the signatures are made of",),
        header=(("Part",), ("Features",), ("Share of the score's variance",)),
        rows=tuple(rows),
        notes=(
            (
                "Covariance of a part with the score over the score's variance, in the training"
                " cases; a negative part takes back what others say.",
            ),
        ),
    )


def short_signature_table(facts: Trace) -> Table | None:
    """Return the few features that stand for each long signature, and what they lose."""
    rows: list[Row] = []
    for part in facts.selection:
        if part.raw.short is None:
            continue
        rows.append(Row((_heading(part),), "group"))
        rows += [
            Row(
                (
                    (feature.name.words(),),
                    (feature.weight.show("signed3"),),
                    (feature.explained.show("share"),),
                )
            )
            for feature in part.short.features
        ]
    if not rows:
        return None
    return Table(
        slug="table-short-signature",
        number="",
        title=("A short reading of the long signatures",),
        header=(("Feature",), ("Weight",), ("Score explained so far",)),
        rows=tuple(rows),
        notes=(
            (
                "For reading, not for prediction: the signature's score, not the outcome, was"
                " regressed on its own features, one more at a time. Weight: per standard deviation"
                " of the feature. Score explained: share of the score's variance in the training"
                " cases. C-indices: nested cross-validation, every signature made short anew.",
            ),
        ),
    )


def _heading(part: Trace) -> Text:
    short = part.short
    heading: list[str | Ref] = [
        part.feature_set.words(), f". {protocol_label(part.raw.protocol)}. ",
        short.n_short.show("count"), " of ", short.n_long.show("count"), " features hold ",
        short.r_squared.show("share"), " of the score",
    ]  # fmt: skip
    if short.raw.c_lost is not None:
        heading += [
            "; C-index ", short.c_short.value.show("3"), " instead of ",
            short.c_long.value.show("3"), ", lost: ", *short.c_lost.interval("signed3"),
        ]  # fmt: skip
    return tuple(heading)
