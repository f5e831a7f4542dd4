"""One thing done to many items."""

from __future__ import annotations

import math
import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from trephine.errors import WorkerError
from trephine.executors import executor, workers_kept
from trephine.scratch import remove_dead, scratch_folder


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


def pools_beside(_shared: object, _item: int) -> list[dict[str, Any]]:
    return list(threadpool_info())


def test_a_worker_computes_on_one_thread_whenever_its_libraries_are_loaded() -> None:
    with workers_kept(2):
        with executor(2) as run:  # a worker that has loaded nothing yet
            list(run.map(abs, [-1] * 8))
        with executor(2, (np.ones(2),)) as run:
            pools = list(run.map(pools_beside, [0] * 8))
    blas = [pool["num_threads"] for found in pools for pool in found if pool["user_api"] == "blas"]
    assert set(blas) == {1}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="invalid literal"), executor(workers) as run:
        list(run.map(int, ["1", "one"]))


def test_a_killed_worker_ends_in_a_word_and_not_in_a_broken_pool() -> None:
    with pytest.raises(WorkerError, match="run the same command again"), executor(2) as run:
        list(run.map(os._exit, [1, 1]))


def process_and_sum(first: int, item: int) -> tuple[int, int]:
    return os.getpid(), first + item


def test_executors_share_the_workers_that_are_kept_and_each_hands_over_its_own() -> None:
    processes: set[int] = set()
    with workers_kept(2):
        for first in (2001, 3002):
            with executor(2, (first,)) as run:
                found = list(run.map(process_and_sum, range(8)))
            assert [total for _, total in found] == [first + item for item in range(8)]
            processes |= {process for process, _ in found}
    assert os.getpid() not in processes
    assert len(processes) <= 2


class Counted:
    """Shared by items; what it makes, it makes once in each process."""

    @cached_property
    def number(self) -> float:
        return random.SystemRandom().random()


def number_of(shared: Counted, _item: int) -> tuple[int, float]:
    return os.getpid(), shared.number


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_shared_is_taken_once_a_worker(workers: int) -> None:
    with executor(workers, (Counted(),)) as run:
        found = set(run.map(number_of, range(20)))
    assert len(found) == len({process for process, _ in found}) <= workers


class Unreadable:
    """Cannot be read back by a worker."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return int, ("one",)


def test_an_error_of_what_is_shared_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="invalid literal"), executor(2, (Unreadable(),)) as run:
        list(run.map(max, [1, 2]))


def test_executors_with_other_numbers_of_workers_have_workers_of_their_own() -> None:
    with workers_kept(2), executor(3) as run:
        assert list(run.map(abs, [-1])) == [1]


def alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def gone(pids: Iterable[int], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False


BUSY = """
import os, signal, sys, time
from trephine.executors import executor

def work(folder):
    open(os.path.join(folder, f"worker-{os.getpid()}"), "w").close()
    time.sleep(60)

if __name__ == "__main__":
    with executor(2) as run:
        list(run.map(work, [sys.argv[1]] * 2))
"""


def busy(folder: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start a program whose two workers sleep; return it and their ids."""
    script = folder / "busy.py"
    script.write_text(BUSY)
    environment = os.environ | {"TMPDIR": str(folder)}
    program = subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        env=environment,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    end = time.monotonic() + 30
    while len(found := list(folder.glob("worker-*"))) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    return program, [int(path.name.split("-")[1]) for path in found]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_with_a_killed_parent_and_the_next_run_removes_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, workers = busy(tmp_path)
    assert len(workers) == 2
    program.kill()
    program.communicate()
    assert gone(workers, 2)
    (left,) = tmp_path.glob("trephine-*")
    assert stat.S_IMODE((left / "shared").stat().st_mode) == 0o600
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder() as mine:
        assert list(tmp_path.glob("trephine-*")) == [mine]
        remove_dead()
        assert mine.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("interrupts_heeded")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_to_the_whole_group_stops_at_once_and_only_the_parent_says_so(
    tmp_path: Path,
) -> None:
    program, workers = busy(tmp_path)
    start = time.monotonic()
    os.killpg(program.pid, signal.SIGINT)
    _, said = program.communicate(timeout=10)
    assert time.monotonic() - start < 2
    assert gone(workers, 1)
    assert said.decode().count("Traceback") == 1
    assert not list(tmp_path.glob("trephine-*"))


def test_a_folder_that_is_no_ones_of_ours_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "trephine-demo").mkdir()
    remove_dead()
    assert (tmp_path / "trephine-demo").exists()
