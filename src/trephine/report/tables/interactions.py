"""Variables whose effects depend on one another: joint tests, and effects within levels."""

from __future__ import annotations

from trephine.report.figures.assessed import headline_model
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Trace
from trephine.report.wording import protocol_label


def interaction_tables(facts: Trace) -> tuple[Table, ...]:
    """Return the tests of interactions and the effects within levels; none without interactions."""
    models = [model for model in facts.models if model.raw.interaction_tests]
    shown = [
        model
        for model in models
        if model.raw.effects_within
        and model.raw.name == headline_model(facts.raw, model.raw.protocol)
    ]
    found = []
    if models:
        found.append(_tests(models))
    if shown:
        found.append(_within(shown))
    return tuple(found)


def _tests(models: list[Trace]) -> Table:
    rows: list[Row] = []
    for model in models:
        name = (f"{protocol_label(model.raw.protocol)}: ", model.name.words())
        rows.append(Row((name,), "group"))
        rows += [
            Row(
                (
                    (one.label.words(),),
                    (one.statistic.show("2"),),
                    (one.degrees_of_freedom.show("count"),),
                    (one.p.show("p"),),
                ),
                "level",
            )
            for one in model.interaction_tests
        ]
    return Table(
        slug="table-interactions",
        section="models",
        number="",
        title=("Tests of interactions",),
        header=(("Model, what is tested",), ("χ²",), ("df",), ("p",)),
        rows=tuple(rows),
        notes=(
            (
                "Wald's test that all coefficients named are 0 (of a penalised model the likelihood"
                " ratio). A variable with its interactions: that it has no effect at any value of"
                " the others. Variables were chosen on the same cases, so a p of what stayed is"
                " smaller than it should be.",
            ),
        ),
    )


def _within(models: list[Trace]) -> Table:
    rows: list[Row] = []
    for model in models:
        name = (f"{protocol_label(model.raw.protocol)}: ", model.name.words())
        rows.append(Row((name,), "group"))
        rows += [
            Row(
                (
                    (one.label.words(),),
                    (one.within.words(),),
                    one.ratio.interval("2"),
                    (one.p.show("p"),),
                ),
                "level",
            )
            for one in model.effects_within
        ]
    return Table(
        slug="table-effects-within",
        section="models",
        number="",
        title=("Effects of variables that interact",),
        header=(("Variable",), ("Where",), ("HR (95% CI)",), ("p",)),
        rows=tuple(rows),
        notes=(
            (
                "Hazard ratio of the variable where those that it interacts with are held: at each"
                " level, or at the quartiles of the training cases. Wald's intervals, from the"
                " covariance of all coefficients; they are pointwise, not adjusted for their"
                " number.",
            ),
        ),
    )
