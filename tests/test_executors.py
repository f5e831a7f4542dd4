"""One thing done to many items."""

from __future__ import annotations

import math
import operator
import os
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from trephine.errors import WorkerError
from trephine.executors import executor, workers_kept


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


def test_a_worker_computes_on_one_thread_whenever_its_libraries_are_loaded() -> None:
    with workers_kept(2):
        with executor(2) as run:  # a worker that has loaded nothing yet
            list(run.map(abs, [-1] * 8))
        with executor(2, np.ones, (2,)) as run:
            pools = list(run.map(operator.call, [threadpool_info] * 8))
    blas = [pool["num_threads"] for found in pools for pool in found if pool["user_api"] == "blas"]
    assert set(blas) == {1}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="invalid literal"), executor(workers) as run:
        list(run.map(int, ["1", "one"]))


def test_a_killed_worker_ends_in_a_word_and_not_in_a_broken_pool() -> None:
    with pytest.raises(WorkerError, match="run the same command again"), executor(2) as run:
        list(run.map(os._exit, [1, 1]))


def test_executors_share_the_workers_that_are_kept_and_each_hands_over_its_own() -> None:
    processes: set[int] = set()
    with workers_kept(2):
        for limit in (2001, 3002):
            with executor(2, sys.setrecursionlimit, (limit,)) as run:
                processes |= set(run.map(operator.call, [os.getpid] * 8))
                assert set(run.map(operator.call, [sys.getrecursionlimit] * 8)) == {limit}
    assert os.getpid() not in processes
    assert len(processes) <= 2


def test_what_is_handed_over_is_taken_once_a_worker() -> None:
    with executor(2, sys.setrecursionlimit, (2001,)) as run:
        list(run.map(sys.setrecursionlimit, [5003] * 20))
        limits = list(run.map(operator.call, [sys.getrecursionlimit] * 20))
    # 2001 only in a worker that none of the first twenty items reached.
    assert 5003 in limits


def test_an_error_of_what_is_handed_over_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="invalid literal"), executor(2, int, ("one",)) as run:
        list(run.map(abs, [1, 2]))


def test_executors_with_other_numbers_of_workers_have_workers_of_their_own() -> None:
    with workers_kept(2), executor(3) as run:
        assert list(run.map(abs, [-1])) == [1]
