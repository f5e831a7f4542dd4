"""Fisher's exact p of an r x c table: a walk over rows with bounds, after Mehta and Patel (1983).

A table is built row by row; a node is what remains of the column totals, and two ways to a node
with equal probability are one way with the weights added. At every node the largest and smallest
probability that the remaining rows can still contribute are known; a node whose every completion
is as extreme as the observed table is counted whole, and one with no such completion is dropped.
The last two rows are not walked: a node's completions are sorted once by probability, and every
way to the node reads its share from their cumulative sum.
"""

from __future__ import annotations

import numba
import numpy as np
from scipy.special import gammaln

from trephine.errors import InputError
from trephine.types import FloatArray, IntArray

TOLERANCE = 1e-7
"""Tables whose probability exceeds the observed one's by less than this ratio count, as in R."""
LARGEST_FILLING = 2_000_000
"""Ways to fill one row, and nodes of a stage, that are enumerated."""
LARGEST_STEP = 4_000_000
"""Ways to all nodes of the next stage; beyond it their merging would take minutes."""
LARGEST_WORK = 300_000_000
"""Completions of the last two rows, and steps of the bounds, that are looked at."""
_TOO_LARGE = "Fisher test: the table is too large for an exact p; pass simulations and rng"

Bounds = dict[int, tuple[FloatArray, FloatArray]]


def fisher_p_value(table: IntArray) -> float:
    """Return the probability, given the margins, of all tables no more probable than ``table``.

    Parameters
    ----------
    table
        Counts, shape (r, c), both >= 2, no empty row or column.

    Raises
    ------
    InputError
        If the walk would take more than the module's limits.
    """
    if table.shape[0] < table.shape[1]:
        table = table.T
    # Large rows first: the last rows are then small, and have few completions.
    rows = np.sort(table.sum(axis=1))[::-1]
    columns = np.sort(table.sum(axis=0))
    n = int(table.sum())
    log_observed = float(-gammaln(table + 1.0).sum()) + np.log1p(TOLERANCE)
    moves = [_row_fillings(int(row), columns) for row in rows]
    log_tail = _walk(rows, columns, moves, _completions(rows, columns, moves), log_observed)
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


def _completions(rows: IntArray, columns: IntArray, moves: list[IntArray]) -> Bounds:
    """Return, by stage and node, the largest and smallest log weight still to come.

    The bounds of stage s are over the fillings of rows s, s + 1, ...; -inf and inf where there is
    none. Only stages between the first and the last two rows are walked, and have bounds. A node
    is the remaining totals of all columns but the last, whose remainder the rows imply.
    """
    walked = range(1, rows.size - 2)
    bounds: Bounds = {}
    if not len(walked):
        return bounds
    box = tuple(int(total) + 1 for total in columns[:-1])
    nodes = float(np.prod(np.array(box, dtype=np.float64)))
    if sum(len(move) for move in moves[1:]) * nodes > LARGEST_WORK or nodes > LARGEST_FILLING:
        raise InputError(_TOO_LARGE)
    most, least = np.full(box, -np.inf), np.full(box, np.inf)
    most[(0,) * len(box)] = least[(0,) * len(box)] = 0.0
    for stage in range(rows.size - 1, 0, -1):
        best, worst = np.full(box, -np.inf), np.full(box, np.inf)
        weights = _log_weight(int(rows[stage]), moves[stage])
        for way, weight in zip(moves[stage], weights, strict=True):
            to = tuple(slice(int(x), None) for x in way)
            origin = tuple(slice(0, size - int(x)) for x, size in zip(way, box, strict=True))
            np.maximum(best[to], most[origin] + weight, out=best[to])
            np.minimum(worst[to], least[origin] + weight, out=worst[to])
        most, least = best, worst
        if stage in walked:
            bounds[stage] = (most, least)
    return bounds


def _walk(
    rows: IntArray, columns: IntArray, moves: list[IntArray], bounds: Bounds, log_observed: float
) -> float:
    """Return the log of the summed weights of all tables with weight <= the observed one's."""
    nodes = columns[None, :-1].astype(np.int64)
    past, copies = np.zeros(1), np.zeros(1)  # log weight of a way to the node; log of how many
    tail = -np.inf
    for stage in range(rows.size - 2):
        if stage in bounds:
            most, least = (bound[tuple(nodes.T)] for bound in bounds[stage])
            whole = past + most <= log_observed
            if whole.any():
                total = _all_completions(rows[stage:], nodes[whole])
                counted = np.logaddexp.reduce(past[whole] + copies[whole] + total)
                tail = float(np.logaddexp(tail, counted))
            open_ = ~whole & (past + least <= log_observed)
            nodes, past, copies = nodes[open_], past[open_], copies[open_]
            if not nodes.size:
                return tail
        nodes, past, copies = _step(nodes, past, copies, rows[stage:], moves[stage])
    last = _last_two_rows(rows[-2:], nodes, past, copies, moves[-1], log_observed)
    return float(np.logaddexp(tail, last))


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
    last_fillings: IntArray,
    log_observed: float,
) -> float:
    """Return the log of the summed weights of the extreme tables that pass through ``nodes``."""
    order = np.lexsort(nodes.T[::-1])
    changes = (np.diff(nodes[order], axis=0) != 0).any(axis=1)
    groups = np.split(order, np.flatnonzero(changes) + 1)
    if len(groups) * float(last_fillings.shape[0]) > LARGEST_WORK:
        raise InputError(_TOO_LARGE)
    first, last = int(rows_left[0]), int(rows_left[1])
    weights = _log_weight(last, last_fillings)
    log_factorial = gammaln(np.arange(first + 1) + 1.0)
    tail = -np.inf
    for group in groups:
        node = nodes[group[0]]
        if group.size == 1:
            # One way to the node: no order is needed.
            limit = log_observed - float(past[group[0]])
            shares = np.array(
                [_extreme_completions(node, last_fillings, weights, first, limit, log_factorial)]
            )
        else:
            completions = np.sort(
                _completion_weights(node, last_fillings, weights, first, log_factorial)
            )
            cumulative = np.append(-np.inf, np.logaddexp.accumulate(completions))
            reached = np.searchsorted(completions, log_observed - past[group], side="right")
            shares = cumulative[reached]
        tail = np.logaddexp(tail, np.logaddexp.reduce(past[group] + copies[group] + shares))
    return float(tail)


def _completion_weights(
    node: IntArray,
    last_fillings: IntArray,
    weights: FloatArray,
    first: int,
    log_factorial: FloatArray,
) -> FloatArray:
    """Return the log weight of every completion of a node by two rows."""
    other = node - last_fillings
    rest = first - other.sum(axis=1)
    possible = (other >= 0).all(axis=1) & (rest >= 0)
    other, rest = other[possible], rest[possible]
    found: FloatArray = weights[possible] - log_factorial[other].sum(axis=1) - log_factorial[rest]
    return found


@numba.njit(cache=True)
def _extreme_completions(
    node: IntArray,
    last_fillings: IntArray,
    weights: FloatArray,
    first: int,
    limit: float,
    log_factorial: FloatArray,
) -> float:
    """Return the log of the summed weights of those completions whose log weight is <= limit."""
    total = 0.0
    for way in range(last_fillings.shape[0]):
        weight = weights[way]
        rest = first
        for column in range(node.size):
            other = node[column] - last_fillings[way, column]
            rest -= other
            if other < 0 or rest < 0:
                rest = -1
                break
            weight -= log_factorial[other]
        if rest >= 0:
            weight -= log_factorial[rest]
            if weight <= limit:
                total += np.exp(weight - limit)
    return limit + np.log(total) if total > 0.0 else -np.inf


def _step(
    nodes: IntArray, past: FloatArray, copies: FloatArray, rows_left: IntArray, ways: IntArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Fill one row in every possible way from every node, and merge ways of equal weight."""
    if nodes.shape[0] * float(ways.shape[0]) > LARGEST_STEP:
        raise InputError(_TOO_LARGE)
    after = int(rows_left[1:].sum())
    weights = _log_weight(int(rows_left[0]), ways)
    targets = (nodes[:, None, :] - ways[None, :, :]).reshape(-1, nodes.shape[1])
    possible = (targets >= 0).all(axis=1) & (targets.sum(axis=1) <= after)
    weight = (past[:, None] + weights[None, :]).ravel()[possible]
    return _merge(targets[possible], weight, np.repeat(copies, ways.shape[0])[possible])


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
