"""A locked model on outside data: case mix and recalibration."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace


def case_mix_table(facts: Trace) -> Table | None:
    """Return each term of the model among training and outside cases."""
    if not facts.external or not facts.raw.external.case_mix:
        return None
    rows = tuple(
        Row(
            (
                (row.label.words(),),
                (row.training_mean.show("plain"),),
                _range(row.training_low, row.training_high),
                (row.mean.show("plain"),),
                _range(row.low, row.high),
                (row.outside.show("count"),),
            )
        )
        for row in facts.external.case_mix
    )
    return Table(
        slug="table-external-case-mix",
        section="external",
        number="",
        title=("Case mix: training and outside cases",),
        header=(
            ("Term",), ("Mean, training",), ("Range, training",), ("Mean, outside",),
            ("Range, outside",), ("Beyond the training range",),
        ),
        rows=rows,
        notes=(
            (
                "The model was fitted to ", facts.external.training_cases.show("count"),
                " cases with ", facts.external.training_events.show("count"),
                " events. A prediction beyond the training range is an extrapolation.",
            ),
            _signer(facts),
        ),
    )  # fmt: skip


def _signer(facts: Trace) -> Text:
    """Say whose model it is, or that this cannot be known."""
    if facts.raw.external.equation:
        return ("The equation was entered from its coefficients and its baseline survival.",)
    if facts.raw.external.signed_by is None:
        return ("Nobody signed the model: who made it cannot be checked.",)
    return ("The model is signed by ", facts.external.signed_by.words(), ".")


def recalibration_table(facts: Trace) -> Table | None:
    """Return what would bring each model in line with the outside cases."""
    if not facts.external or not facts.raw.external.recalibration:
        return None
    rows = []
    for row in facts.external.recalibration:
        slope: Text = ("–",) if row.raw.slope is None else row.slope.interval("2")
        rows.append(
            Row(
                (
                    (row.model.words(), ", ", row.horizon.show("horizon")),
                    slope,
                    (row.locked.show("3"),),
                    (row.new_baseline.show("3"),),
                    (row.new_baseline_and_slope.show("3"),),
                )
            )
        )
    return Table(
        slug="table-external-recalibration",
        section="external",
        number="",
        title=("Recalibration on offer",),
        header=(
            ("Model, horizon",), ("Slope",), ("Baseline survival, locked",),
            ("New baseline",), ("New baseline and slope",),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Baseline survival: that of the case at the model's centre. Nothing here was"
                " applied to the locked model: an updated model is a different model and needs its"
                " own validation.",
            ),
        ),
    )  # fmt: skip


def _range(low: Trace, high: Trace) -> Text:
    return (low.show("plain"), " to ", high.show("plain"))
