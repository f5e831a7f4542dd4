"""Fisher's exact p of an r x c table: a walk over rows with bounds, after Mehta and Patel (1983).

A table is built row by row; a node is what remains of the column totals, and two ways to a node
with equal probability are one way with the weights added. At every node the largest and smallest
probability that the remaining rows can still contribute are known; a node whose every completion
is as extreme as the observed table is counted whole, and one with no such completion is dropped.
The last two rows are not walked: a node's completions are sorted once by probability, and every
way to the node reads its share from their cumulative sum.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from trephine.errors import InputError
from trephine.types import FloatArray, IntArray

TOLERANCE = 1e-7
"""Tables whose probability exceeds the observed one's by less than this ratio count, as in R."""
LARGEST_WORK = 100_000_000
"""Node expansions allowed before the caller is told to simulate."""
LARGEST_FILLING = 2_000_000
"""Ways to fill one row, and nodes of a stage, that are enumerated."""
LARGEST_STEP = 4_000_000
"""Ways to all nodes of the next stage; beyond it their merging would take minutes."""
_TOO_LARGE = "Fisher test: the table is too large for an exact p; pass simulations and rng"


def fisher_p_value(table: IntArray) -> float:
    """Return the probability, given the margins, of all tables no more probable than ``table``.

    Parameters
    ----------
    table
        Counts, shape (r, c), both >= 2, no empty row or column.

    Raises
    ------
    InputError
        If the walk would take more than ``LARGEST_WORK`` steps.
    """
    if table.shape[0] < table.shape[1]:
        table = table.T
    # Large rows first: the last rows are then small, and their bounds tight.
    rows = np.sort(table.sum(axis=1))[::-1]
    columns = np.sort(table.sum(axis=0))
    n = int(table.sum())
    log_observed = float(-gammaln(table + 1.0).sum()) + np.log1p(TOLERANCE)
    moves = [_row_fillings(int(row), columns) for row in rows]
    box = tuple(int(total) + 1 for total in columns[:-1])
    nodes = float(np.prod(np.array(box, dtype=np.float64)))
    if sum(len(move) for move in moves) * nodes > LARGEST_WORK or nodes > LARGEST_FILLING:
        raise InputError(_TOO_LARGE)
    most, least = _completions(rows, moves, box)
    log_tail = _walk(rows, columns, moves, (most, least), log_observed)
    margins = gammaln(rows + 1.0).sum() + gammaln(columns + 1.0).sum() - gammaln(n + 1.0)
    return float(min(1.0, np.exp(log_tail + margins)))


def _row_fillings(row: int, columns: IntArray) -> IntArray:
    """Return every way to spread a row over all columns but the last, shape (ways, c - 1)."""
    sizes = tuple(int(min(row, total)) + 1 for total in columns[:-1])
    if float(np.prod(np.array(sizes, dtype=np.float64))) > LARGEST_FILLING:
        raise InputError(_TOO_LARGE)
    ways = np.indices(sizes).reshape(len(sizes), -1).T.astype(np.int64)
    rest = row - ways.sum(axis=1)
    possible: IntArray = ways[(rest >= 0) & (rest <= columns[-1])]
    return possible


def _log_weight(row: int, filling: IntArray) -> FloatArray:
    """Return -sum log x! over a row's cells."""
    rest = row - filling.sum(axis=-1)
    weight: FloatArray = -gammaln(filling + 1.0).sum(axis=-1) - gammaln(rest + 1.0)
    return weight


def _completions(
    rows: IntArray, moves: list[IntArray], box: tuple[int, ...]
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return, for every stage and node, the largest and smallest log weight still to come.

    ``most[s][node]`` is over the fillings of rows s, s + 1, ...; -inf where there is none. The
    node is the remaining totals of all columns but the last, whose remainder the rows imply.
    """
    end_most = np.full(box, -np.inf)
    end_least = np.full(box, np.inf)
    end_most[(0,) * len(box)] = end_least[(0,) * len(box)] = 0.0
    most, least = [end_most], [end_least]
    for row, ways in zip(rows[::-1], moves[::-1], strict=True):
        best, worst = np.full(box, -np.inf), np.full(box, np.inf)
        weights = _log_weight(int(row), ways)
        for way, weight in zip(ways, weights, strict=True):
            to = tuple(slice(int(x), None) for x in way)
            origin = tuple(slice(0, size - int(x)) for x, size in zip(way, box, strict=True))
            np.maximum(best[to], most[0][origin] + weight, out=best[to])
            np.minimum(worst[to], least[0][origin] + weight, out=worst[to])
        most.insert(0, best)
        least.insert(0, worst)
    return most, least


def _walk(
    rows: IntArray,
    columns: IntArray,
    moves: list[IntArray],
    bounds: tuple[list[FloatArray], list[FloatArray]],
    log_observed: float,
) -> float:
    """Return the log of the summed weights of all tables with weight <= the observed one's."""
    most, least = bounds
    nodes = columns[None, :-1].astype(np.int64)
    past, copies = np.zeros(1), np.zeros(1)  # log weight of a way to the node; log of how many
    tail = -np.inf
    for stage in range(rows.size - 1):
        low = past + least[stage][tuple(nodes.T)]
        high = past + most[stage][tuple(nodes.T)]
        whole = high <= log_observed
        if whole.any():
            total = _all_completions(rows[stage:], nodes[whole])
            tail = np.logaddexp(tail, np.logaddexp.reduce(past[whole] + copies[whole] + total))
        open_ = ~whole & (low <= log_observed)
        nodes, past, copies = nodes[open_], past[open_], copies[open_]
        if not nodes.size:
            break
        if stage == rows.size - 2:
            last = _last_two_rows(rows[stage:], nodes, past, copies, moves[stage], log_observed)
            return float(np.logaddexp(tail, last))
        nodes, past, copies = _step(
            nodes, past, copies, int(rows[stage]), moves[stage], most[stage + 1]
        )
    return float(tail)


def _all_completions(rows_left: IntArray, nodes: IntArray) -> FloatArray:
    """Return the log of the summed weights of every completion of each node (Vandermonde)."""
    rest = rows_left.sum() - nodes.sum(axis=1)
    total: FloatArray = (
        gammaln(rows_left.sum() + 1.0)
        - gammaln(rows_left + 1.0).sum()
        - gammaln(nodes + 1.0).sum(axis=1)
        - gammaln(rest + 1.0)
    )
    return total


def _last_two_rows(
    rows_left: IntArray,
    nodes: IntArray,
    past: FloatArray,
    copies: FloatArray,
    ways: IntArray,
    log_observed: float,
) -> float:
    """Return the log of the summed weights of the extreme tables that pass through ``nodes``."""
    order = np.lexsort(nodes.T[::-1])
    changes = (np.diff(nodes[order], axis=0) != 0).any(axis=1)
    groups = np.split(order, np.flatnonzero(changes) + 1)
    if len(groups) * float(ways.shape[0]) > LARGEST_WORK / 2:
        raise InputError(_TOO_LARGE)
    first, last = int(rows_left[0]), int(rows_left[1])
    weights = _log_weight(first, ways)
    tail = -np.inf
    for group in groups:
        remaining = nodes[group[0]] - ways
        rest = last - remaining.sum(axis=1)
        possible = (remaining >= 0).all(axis=1) & (rest >= 0)
        completions = np.sort(weights[possible] + _log_weight(last, remaining[possible]))
        cumulative = np.append(-np.inf, np.logaddexp.accumulate(completions))
        extreme = np.searchsorted(completions, log_observed - past[group], side="right")
        tail = np.logaddexp(
            tail, np.logaddexp.reduce(past[group] + copies[group] + cumulative[extreme])
        )
    return float(tail)


def _step(
    nodes: IntArray,
    past: FloatArray,
    copies: FloatArray,
    row: int,
    ways: IntArray,
    most_after: FloatArray,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Fill one row in every possible way from every node, and merge ways of equal weight."""
    if nodes.shape[0] * float(ways.shape[0]) > LARGEST_STEP:
        raise InputError(_TOO_LARGE)
    weights = _log_weight(row, ways)
    reached, weight, many = [], [], []
    for way, log_weight in zip(ways, weights, strict=True):
        target = nodes - way
        possible = (target >= 0).all(axis=1)
        possible[possible] = np.isfinite(most_after[tuple(target[possible].T)])
        reached.append(target[possible])
        weight.append(past[possible] + log_weight)
        many.append(copies[possible])
    return _merge(np.concatenate(reached), np.concatenate(weight), np.concatenate(many))


def _merge(
    nodes: IntArray, past: FloatArray, copies: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Join ways to one node whose log weights agree to 1e-10, far inside ``TOLERANCE``."""
    key = np.column_stack([nodes, np.round(past * 1e10).astype(np.int64)])
    order = np.lexsort(key.T[::-1])
    first = np.append(True, (np.diff(key[order], axis=0) != 0).any(axis=1))
    starts = np.flatnonzero(first)
    kept = order[starts]
    return nodes[kept], past[kept], np.logaddexp.reduceat(copies[order], starts)
