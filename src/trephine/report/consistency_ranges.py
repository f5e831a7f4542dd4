"""Checks of every number of the facts: its range, and that it is the same wherever it stands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from trephine.facts import EstimateFact, Fact, Facts, HorizonEstimate, PerformanceFacts
from trephine.facts.evaluation import Within
from trephine.report.wording import show

# Where something is wrong, and what.
Slips = Iterator[tuple[str, str]]


def ranges(facts: Facts) -> Slips:
    """Find measures outside the range of their kind."""
    for k, row in enumerate(facts.performance):
        for name, limits in PerformanceFacts.measures().items():
            for path, value in _values(name, getattr(row, name)):
                if value is not None and not limits.low <= value <= limits.high:
                    yield (
                        f"performance.{k}.{path}",
                        f"expected {_range(limits)}, found {show(value, '3')}",
                    )
    for where, fact in walk(facts, ""):
        for name in type(fact).model_fields:
            if name == "p" or name.endswith("_p"):
                value = getattr(fact, name)
                if isinstance(value, float) and not 0 <= value <= 1:
                    yield f"{where}.{name}", f"a p is 0 to 1, found {show(value, '3')}"
    for k, change in enumerate(facts.reclassification):
        parts = (change.nri, change.nri_events, change.nri_nonevents)
        values = [part.value for part in parts if part is not None and part.value is not None]
        if len(values) == 3 and abs(values[0] - values[1] - values[2]) > 1e-6:
            yield (
                f"reclassification.{k}.nri",
                f"parts {show(values[1], '3')} and {show(values[2], '3')} do not add up to"
                f" {show(values[0], '3')}",
            )


def _values(
    name: str, measure: EstimateFact | Sequence[HorizonEstimate] | None
) -> Iterator[tuple[str, float | None]]:
    """Yield a measure's value, or that of each horizon, with its path."""
    if isinstance(measure, EstimateFact):
        yield name, measure.value
        return
    for h, at in enumerate(measure or ()):
        yield f"{name}.{h}", at.estimate.value


def _range(limits: Within) -> str:
    if math.isinf(limits.low):
        return f"at most {limits.high:g}"
    return f"{limits.low:g} to {limits.high:g}"


def repeats(facts: Facts) -> Slips:
    """Find numbers that stand twice and differ: areas in figure and table, points and total."""
    areas = {
        (row.protocol, row.kind, row.model, value.horizon): value.estimate.value
        for row in facts.performance
        for value in row.auc
    }
    for k, curve in enumerate(facts.roc):
        table = areas.get((curve.protocol, curve.kind, curve.model, curve.horizon))
        figure = curve.auc.value
        if table is not None and figure is not None and abs(table - figure) > 1e-6:
            yield (
                f"roc.{k}.auc",
                f"{curve.model}: area {show(figure, '3')} in the figure, {show(table, '3')} in"
                " Table 3",
            )
    for k, nomogram in enumerate(facts.nomograms):
        example = nomogram.example
        if example is None or example.total_points is None:
            continue
        total = sum(value.points or 0.0 for value in example.values)
        if abs(total - example.total_points) > 1e-6:
            yield (
                f"nomograms.{k}.example.total_points",
                f"points add up to {show(total, '2')}, found {show(example.total_points, '2')}",
            )


def walk(fact: Fact, path: str) -> Iterator[tuple[str, Fact]]:
    """Visit every fact below one, with its path."""
    yield path, fact
    for name in type(fact).model_fields:
        value = getattr(fact, name)
        here = f"{path}.{name}" if path else name
        if isinstance(value, Fact):
            yield from walk(value, here)
        elif isinstance(value, tuple) and value and isinstance(value[0], Fact):
            for k, item in enumerate(value):
                yield from walk(item, f"{here}.{k}")
