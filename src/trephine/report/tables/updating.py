"""How a locked model was updated on outside cases, and what it became."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.choices import UpdateMethod
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace, sentence

_STEPS: Mapping[UpdateMethod, str] = {
    "none": "the model as locked",
    "baseline": "a new baseline",
    "hazard": "a new baseline hazard, with a shape of its own",
    "slope": "a new baseline and slope",
    "refit": "a refit of all coefficients",
}


def update_tests_table(facts: Trace) -> Table | None:
    """Return the tests that chose each model's update."""
    if not facts.external or not any(one.tests for one in facts.raw.external.updates):
        return None
    rows = []
    for one in facts.external.updates:
        for test in one.tests:
            raw = test.raw
            step = f": {_STEPS[raw.larger]} against {_STEPS[raw.smaller]}"
            statistic: Text = (
                test.statistic.show("2"), " (", test.degrees_of_freedom.show("count"), ")",
            )  # fmt: skip
            rows.append(Row(((*_name(one), step), statistic, (test.p.show("p"),))))
    notes: list[Text] = [
        (*_name(one), f": the update is {_STEPS[one.raw.method]}.")
        for one in facts.external.updates
    ]
    notes += [
        sentence(*_name(one), ": ", one.note.words())
        for one in facts.external.updates
        if one.raw.note
    ]
    return Table(
        slug="table-external-update-tests",
        section="external",
        number="",
        title=("Which update these cases require: closed testing",),
        header=(("Model and step",), ("χ² (degrees of freedom)",), ("p",)),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def updated_model_table(facts: Trace) -> Table | None:
    """Return each model before and after its update."""
    if not facts.external or not facts.raw.external.updates:
        return None
    rows = [row for one in facts.external.updates for row in _rows(one)]
    return Table(
        slug="table-external-updated",
        section="external",
        number="",
        title=("The updated model",),
        header=(("Model",), ("Locked",), ("Updated",)),
        rows=tuple(rows),
        notes=(
            (
                "Observed over expected events of the updated model are apparent: they were"
                " measured on the cases from which the update was made. It is a different model,"
                " written as its own bundle, and needs its own validation. Factor and slope were"
                " estimated for the locked model on these cases, keeping the shape of its hazard,"
                " whether or not they were applied; a refit has its own baseline, and its intervals"
                " rest on these cases alone.",
            ),
        ),
    )


def _name(one: Trace) -> Text:
    """Name a model, or the rate of an event that competes in it."""
    if not one.raw.cause:
        return (one.model.words(),)
    return (one.model.words(), ", rate of ", one.cause.words())


def _rows(one: Trace) -> list[Row]:
    """Return one model's lines: coefficients where they changed, and calibration."""
    slope: Text = ("–",) if one.raw.slope is None else one.slope.interval("2")
    rows = [
        Row(((*_name(one), f": {_STEPS[one.raw.method]}"),), "group"),
        Row((("Factor of the baseline hazard alone",), ("1",), one.ratio.interval("2"))),
        Row((("Slope beside a new baseline",), ("1",), slope)),
    ]
    rows += [
        Row(
            (
                (term.label.words(), ", log hazard ratio"),
                (term.locked.show("signed3"),),
                term.updated.interval("signed3"),
            )
        )
        for term in one.terms
    ]
    rows += [
        Row(
            (
                ("Observed over expected events, ", at.horizon.show("horizon")),
                (at.locked.show("2"),),
                (at.updated.show("2"),),
            )
        )
        for at in one.horizons
    ]
    return rows
