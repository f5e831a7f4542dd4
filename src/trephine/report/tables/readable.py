"""What a signature of many features is made of, and its short reading."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Ref, Text, Trace
from trephine.report.wording import protocol_label


def contribution_table(facts: Trace) -> Table | None:
    """Return what feature families and filtered images contribute to each signature."""
    rows: list[Row] = []
    for part in facts.selection:
        for title, shares in (("family", part.families), ("filtered image", part.image_types)):
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
        section="selection",
        folded="What the signatures are made of, in numbers",
        number="",
        title=("What the signatures are made of",),
        header=(("Part",), ("Features",), ("Share of the score's variance",)),
        rows=tuple(rows),
        notes=(
            (
                "Share of the variance of the score among training cases that each part accounts"
                " for: its covariance with the score, divided by the variance of the score. The"
                " shares add up to 100%; a part below zero works against the others.",
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
                    (feature.weight.show("weight"),),
                    (feature.explained.show("share"),),
                )
            )
            for feature in part.short.features
        ]
    if not rows:
        return None
    return Table(
        slug="table-short-signature",
        section="selection",
        number="",
        title=("The long signatures, approximated by a few features",),
        header=(("Feature",), ("Weight",), ("Score explained, cumulative",)),
        rows=tuple(rows),
        notes=(
            (
                "Shows what a long signature rests on; predictions use all of its features. The"
                " signature's score, not the outcome, was regressed on its own features, which were"
                " added one by one. Weight: per standard deviation of the feature. Score explained:"
                " share of the variance of the score among training cases that this feature and"
                " those above it account for. C-indices: of the signature alone, by nested"
                " cross-validation, with every signature shortened anew in each fold.",
            ),
        ),
    )


def _heading(part: Trace) -> Text:
    short = part.short
    heading: list[str | Ref] = [
        part.feature_set.words(), f". {protocol_label(part.raw.protocol)}. ",
        short.n_short.show("count"), " of ", short.n_long.show("count"), " features explain ",
        short.r_squared.show("share"), " of the score",
    ]  # fmt: skip
    if short.raw.c_lost is not None:
        heading += [
            "; C-index of these few ", short.c_short.value.show("3"), ", of all ",
            short.c_long.value.show("3"), ", difference ", *short.c_lost.interval("signed3"),
        ]  # fmt: skip
    return tuple(heading)
