"""Digests of pairs before they are measured: here, or by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from trephine.study.batch.measuring import KeyedPair, PairMeasurement, Work, keyed_pair
from trephine.study.images.pairs import Pair
from trephine.worker_guard import WorkerGuard

# Handing out a task takes longer than digesting a small file.
_AT_ONCE = 8


def digested(
    pairs: Sequence[tuple[int, Pair]],
    work: Work,
    guard: WorkerGuard[KeyedPair, PairMeasurement] | None,
) -> Iterator[tuple[int, KeyedPair]]:
    """Yield positions and pairs with their keys, in their order.

    Parameters
    ----------
    pairs, work
        What is to be measured, and how.
    guard
        Of a cluster, whose workers digest: one command cannot read as fast as they measure.
    """
    if guard is None:
        return ((position, keyed_pair(work, pair)) for position, pair in pairs)
    some = [pairs[first : first + _AT_ONCE] for first in range(0, len(pairs), _AT_ONCE)]
    return chain.from_iterable(guard.on_workers(_keyed, some))


def _keyed(*given: Any) -> list[tuple[int, KeyedPair]]:
    """Digest some pairs on a worker; ``given`` is what its items share, then the pairs."""
    return [(position, keyed_pair(given[0], pair)) for position, pair in given[-1]]
