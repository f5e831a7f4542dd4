"""Consistency checks: slips that a careful reader would find in the numbers, found first.

Each check compares facts with each other and computes no statistic of its own: percentages with
their counts, counts with their totals, values with what their formula allows, intervals with their
estimates and with their p, and the same number wherever it stands twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from trephine.facts import EstimateFact, Facts, SpreadFact
from trephine.facts.tables import CoxTableFacts, Table1Variable
from trephine.report.consistency_ranges import Slips, ranges, repeats, walk
from trephine.report.wording import show

PERCENT_TOLERANCE = 0.06
"""Largest difference between a percentage and its counts that rounding to one decimal explains."""


@dataclass(frozen=True)
class Finding:
    """Something in the facts that cannot be, or that needs a second look.

    Attributes
    ----------
    check
        Name of the check.
    where
        Path in ``facts.json``.
    text
        What is expected and what is found.
    """

    check: str
    where: str
    text: str


def check_consistency(facts: Facts) -> tuple[Finding, ...]:
    """Run every check; the order is that of ``CHECKS``."""
    return tuple(
        Finding(name, where, text) for name, check in CHECKS for where, text in check(facts)
    )


def _percentages(facts: Facts) -> Slips:
    flow = facts.flow
    yield from _percent("flow.event_percent", flow.event_percent, flow.events, flow.analysed.cases)
    if facts.table1 is None:
        return
    for v, variable in enumerate(facts.table1.variables):
        for k, level in enumerate(variable.levels):
            for c, column in enumerate(level.columns):
                total = facts.table1.sizes[c] - variable.missing[c]
                where = f"table1.variables.{v}.levels.{k}.columns.{c}.percent"
                yield from _percent(where, column.percent, column.count, total)


def _percent(where: str, percent: float | None, count: int, total: int) -> Slips:
    if percent is None or total == 0:
        return
    right = 100 * count / total
    if abs(percent - right) > PERCENT_TOLERANCE:
        yield (
            where,
            f"{count} of {total} is {show(right, 'percent')}, found {show(percent, 'percent')}",
        )


def _totals(facts: Facts) -> Slips:
    flow, cases = facts.flow, facts.flow.analysed.cases
    left = flow.enrolled.cases - sum(row.cases for row in flow.exclusions)
    if left != cases:
        yield (
            "flow.analysed.cases",
            f"enrolled minus left out is {left} cases, found {cases} analysed",
        )
    for k, row in enumerate(flow.horizons):
        total = row.events + row.competing + row.censored + row.at_risk + row.not_yet
        if total != cases:
            yield (
                f"flow.horizons.{k}",
                f"event, censored and at risk add up to {total}, found {cases} analysed",
            )
    for k, groups in enumerate(facts.risk_groups):
        total = sum(curve.n for curve in groups.curves)
        if groups.kind != "external" and total != cases:
            yield (
                f"risk_groups.{k}.curves",
                f"groups add up to {total} cases, found {cases} analysed",
            )
    if facts.table1 is not None:
        yield from _table1_totals(facts)
    for name, tables in (("table2", facts.table2), ("table_s2", facts.table_s2)):
        for k, table in enumerate(tables):
            yield from _cox_totals(f"{name}.{k}", table)


def _table1_totals(facts: Facts) -> Slips:
    table = facts.table1
    assert table is not None
    if table.sizes[0] != facts.flow.analysed.cases:
        yield (
            "table1.sizes.0",
            f"{facts.flow.analysed.cases} cases analysed, found {table.sizes[0]} in Table 1",
        )
    if len(table.sizes) == 3:
        if sum(table.sizes[1:]) != table.sizes[0]:
            yield "table1.sizes", f"columns {table.sizes[1:]} do not add up to {table.sizes[0]}"
        if table.sizes[2] != facts.flow.events:
            yield (
                "table1.sizes.2",
                f"{facts.flow.events} events, found {table.sizes[2]} in the column with the event",
            )
    for v, variable in enumerate(table.variables):
        where = f"table1.variables.{v}"
        yield from _level_totals(where, variable, table.sizes)


def _level_totals(where: str, variable: Table1Variable, sizes: tuple[int, ...]) -> Slips:
    if variable.levels:
        for c, size in enumerate(sizes):
            total = sum(level.columns[c].count for level in variable.levels) + variable.missing[c]
            if total != size:
                yield (
                    f"{where}.levels",
                    f"levels and missing of {variable.label} add up to {total}, found {size}"
                    f" in column {c + 1}",
                )
    for k, level in enumerate(variable.levels):
        counts = [column.count for column in level.columns]
        if len(counts) == 3 and counts[0] != counts[1] + counts[2]:
            yield (
                f"{where}.levels.{k}",
                f"{variable.label}, {level.level}: {counts[1]} and {counts[2]} do not add up"
                f" to {counts[0]}",
            )


def _cox_totals(where: str, table: CoxTableFacts) -> Slips:
    for v, variable in enumerate(table.variables):
        for k, row in enumerate(variable.rows):
            if row.events > row.n:
                yield f"{where}.variables.{v}.rows.{k}", f"{row.events} events in {row.n} cases"


def _formulas(facts: Facts) -> Slips:
    if facts.table1 is None:
        return
    for v, variable in enumerate(facts.table1.variables):
        low, high = variable.lowest_possible, variable.highest_possible
        for c, column in enumerate(variable.continuous):
            for name in ("mean", "median", "q1", "q3", "low", "high"):
                value = getattr(column, name)
                if value is None:
                    continue
                rule = variable.formula or variable.unit or "its definition"
                if (high is not None and value > high) or (low is not None and value < low):
                    limit = high if high is not None and value > high else low
                    yield (
                        f"table1.variables.{v}.continuous.{c}.{name}",
                        f"{variable.label}: {rule} cannot pass {show(limit, 'plain')}, found"
                        f" {name} {show(value, '2')}",
                    )


def _intervals(facts: Facts) -> Slips:
    for where, fact in walk(facts, ""):
        if not isinstance(fact, EstimateFact | SpreadFact) or fact.low is None or fact.high is None:
            continue
        if fact.low > fact.high:
            yield (
                where,
                f"lower limit {show(fact.low, '3')} above upper {show(fact.high, '3')}",
            )
        elif isinstance(fact, SpreadFact):
            continue  # a ridge weight of all cases may lie beyond those of most resamples
        elif fact.value is not None and not fact.low <= fact.value <= fact.high:
            yield (
                where,
                f"estimate {show(fact.value, '3')} outside its interval"
                f" {show(fact.low, '3')} to {show(fact.high, '3')}",
            )


def _twins(facts: Facts) -> Slips:
    """Find one interval printed for two models whose estimates differ."""
    rows = list(enumerate(facts.performance))
    for i, first in rows:
        for j, second in rows[i + 1 :]:
            if (first.protocol, first.kind) != (second.protocol, second.kind):
                continue
            a, b = first.c_index, second.c_index
            if a.low is None or a.high is None or a.value == b.value:
                continue
            if (a.low, a.high) == (b.low, b.high):
                yield (
                    f"performance.{j}.c_index",
                    f"{second.model} has the interval of {first.model},"
                    f" {show(a.low, '2')} to {show(a.high, '2')}, around another estimate"
                    f" ({show(b.value, '2')}, not {show(a.value, '2')})",
                )


def _lopsided(facts: Facts) -> Slips:
    """Find C-index intervals far off the middle of their estimate."""
    for k, row in enumerate(facts.performance):
        c = row.c_index
        if c.value is None or c.low is None or c.high is None or c.high > 0.97:
            continue
        below, above = c.value - c.low, c.high - c.value
        if min(below, above) >= 0 and max(below, above) > 2.5 * min(below, above) + 0.005:
            yield (
                f"performance.{k}.c_index",
                f"{row.model}: {show(c.value, '2')} is {show(below, '2')} above its lower and"
                f" {show(above, '2')} below its upper limit",
            )


def _hazard_p(facts: Facts) -> Slips:
    """Find Wald p that do not fit their interval on the log scale."""
    for name, tables in (("table2", facts.table2), ("table_s2", facts.table_s2)):
        for t, table in enumerate(tables):
            for v, variable in enumerate(table.variables):
                for k, row in enumerate(variable.rows):
                    for part in ("univariable", "multivariable"):
                        ratio = getattr(row, part)
                        if ratio is None or ratio.permutations is not None:
                            continue
                        slip = _p_slip(ratio.ratio, ratio.p)
                        if slip:
                            where = f"{name}.{t}.variables.{v}.rows.{k}.{part}.p"
                            yield where, f"{variable.label}, {row.level}: {slip}"


def _p_slip(ratio: EstimateFact, p: float | None) -> str:
    if p is None or not ratio.value or not ratio.low or not ratio.high or ratio.low <= 0:
        return ""
    spread = math.log(ratio.high / ratio.low)
    if spread <= 0:
        return ""
    z = abs(math.log(ratio.value)) / (spread / 2 / 1.959964)
    implied = math.erfc(z / math.sqrt(2))
    if max(implied, p) < 0.001:
        return ""
    ratio_of_p = max(implied, p) / max(min(implied, p), 1e-12)
    if ((implied < 0.05) != (p < 0.05) and ratio_of_p > 1.1) or ratio_of_p > 2.5:
        return (
            f"hazard ratio {show(ratio.value, '2')} ({show(ratio.low, '2')}–"
            f"{show(ratio.high, '2')}) goes with p {show(implied, 'p =')}, found {show(p, 'p')}"
        )
    return ""


def _selection(facts: Facts) -> Slips:
    for k, part in enumerate(facts.selection):
        where = f"selection.{k}"
        count = part.extracted
        for s, step in enumerate(part.steps):
            if step.features_in != count:
                yield (
                    f"{where}.steps.{s}.features_in",
                    f"{part.feature_set}, {step.name}: {count} features reach the step, found"
                    f" {step.features_in}",
                )
            if step.features_out > step.features_in:
                yield (
                    f"{where}.steps.{s}.features_out",
                    f"{part.feature_set}, {step.name}: more features out"
                    f" ({step.features_out}) than in ({step.features_in})",
                )
            count = step.features_out
        entered = {part.extracted, *(step.features_out for step in part.steps)}
        if part.lasso is not None and part.lasso.features not in entered:
            yield (
                f"{where}.lasso.features",
                f"{part.feature_set}: penalised regression shows {part.lasso.features} features,"
                f" but {part.extracted} were extracted and no step leaves {part.lasso.features}",
            )
        if part.steps and part.selected and len(part.selected) != part.steps[-1].features_out:
            yield (
                f"{where}.selected",
                f"{part.feature_set}: the last step leaves {part.steps[-1].features_out} features,"
                f" found {len(part.selected)} in the signature",
            )


CHECKS: tuple[tuple[str, Callable[[Facts], Slips]], ...] = (
    ("Percentages agree with their counts", _percentages),
    ("Counts add up", _totals),
    ("Values stay within what their formula allows", _formulas),
    ("Intervals contain their estimates", _intervals),
    ("Different models have different intervals", _twins),
    ("Intervals lie around their estimates", _lopsided),
    ("Hazard ratios, intervals and p agree", _hazard_p),
    ("Feature counts follow from step to step", _selection),
    ("Numbers lie within their range", ranges),
    ("Numbers that appear twice are the same", repeats),
)
"""Names of the checks, and the functions that find slips."""
