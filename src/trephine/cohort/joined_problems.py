"""Many problems of one column, as a few."""

from __future__ import annotations

from trephine.errors import Problem

# Of so many different cells in one column each has a line of its own; more share one.
MOST_LINES = 8


def joined(problems: list[Problem], table: str, column: str, expected: str) -> list[Problem]:
    """Join what goes beyond a few lines for one column."""
    if len(problems) <= MOST_LINES + 1:
        return problems
    rest = problems[MOST_LINES:]
    rows = sorted(row for problem in rest for row in problem.rows)
    examples = " and ".join(problem.found for problem in rest[:2])
    found = f"{len(rest)} other texts, such as {examples}"
    last = Problem.of_cells(table, rows, column, expected, found, "The same holds for them")
    return [*problems[:MOST_LINES], last]
