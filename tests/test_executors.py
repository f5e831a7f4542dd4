"""One thing done to many items."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from trephine.errors import WorkerError
from trephine.executors import executor


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_the_order_of_items_for_any_worker_count(workers: int) -> None:
    seen: list[tuple[int, int]] = []
    with executor(workers) as run:
        results = list(
            run.map(math.factorial, range(20), lambda done, total: seen.append((done, total)))
        )
    assert results == [math.factorial(x) for x in range(20)]
    assert seen[-1] == (20, 20)


def threads(_: int) -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_without_workers_one_thread_computes_as_in_each_worker() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))
    with executor(1) as run:
        (found,) = run.map(threads, [0])
    assert found == {1}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="invalid literal"), executor(workers) as run:
        list(run.map(int, ["1", "one"]))


def test_a_killed_worker_ends_in_a_word_and_not_in_a_broken_pool() -> None:
    with pytest.raises(WorkerError, match="run the same command again"), executor(2) as run:
        list(run.map(os._exit, [1, 1]))
