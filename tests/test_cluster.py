"""Work on a cluster of dask: the same results, whatever becomes of its workers."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from trephine import cluster
from trephine.cluster import work_done_by
from trephine.errors import InputError, WorkerError
from trephine.executors import available_workers, executor, is_elsewhere
from trephine.worker_guard import Lost, WorkerGuard


class Shared:
    """What items share, with something that is dear to make."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    @cached_property
    def made(self) -> float:
        return time.monotonic()


def doubled(shared: Shared, item: np.ndarray) -> tuple[int, float, bool, np.ndarray]:
    item += 0  # as a kernel may: what a worker is given can be written to
    shared.values += 0
    return os.getpid(), shared.made, bool(item.flags.writeable), 2 * item + shared.values.sum()


def failing(item: int) -> int:
    if item == 3:
        raise InputError("case 3: expected a mask, found none")
    return item


def slow(folder: Path, item: int) -> int:
    (folder / f"at-{item}").write_text(str(os.getpid()))
    time.sleep(0.1)
    return item


def ending(item: int) -> int:
    if item == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if item == 4:
        time.sleep(60)
    return item


@pytest.fixture(scope="module")
def local() -> Iterator[None]:
    with work_done_by("dask:local", 2):
        yield


@pytest.mark.usefixtures("local")
class TestClusterOfThisMachine:
    def test_results_are_those_of_one_process_and_in_order(self) -> None:
        items = [np.full(3, float(i)) for i in range(40)]
        seen: list[tuple[int, int]] = []
        assert (is_elsewhere(), available_workers()) == (True, 2)
        with executor(None, (Shared(np.arange(5.0)),)) as run:
            found = list(run.map(doubled, items, lambda done, total: seen.append((done, total))))
        assert seen == [(done, 40) for done in range(41)]
        assert os.getpid() not in {pid for pid, *_ in found}
        assert len({(pid, made) for pid, made, *_ in found}) <= 2  # made once in each worker
        assert all(writeable for _, _, writeable, _ in found)
        for item, (*_, result) in zip(items, found, strict=True):
            np.testing.assert_array_equal(result, 2 * item + 10)

    def test_an_error_of_an_item_is_raised_as_it_is_here(self) -> None:
        with executor() as run, pytest.raises(InputError, match="case 3: expected a mask"):
            list(run.map(failing, range(8)))

    def test_one_worker_asked_for_stays_in_this_process(self) -> None:
        with executor(1) as run:
            assert list(run.map(_pid, [0, 1])) == [os.getpid()] * 2

    def test_an_item_that_ends_its_process_or_takes_too_long_costs_only_itself(self) -> None:
        with WorkerGuard(ending, 2, timeout_s=20.0) as guard:
            found = dict(guard.map(range(6)))
        assert found == {0: 0, 1: 1, 2: Lost("killed"), 3: 3, 4: Lost("timeout"), 5: 5}


def _pid(_: int) -> int:
    return os.getpid()


@contextmanager
def scheduler_and_workers(
    folder: Path, workers: int
) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """Start what an administrator starts, each in a process of its own."""
    file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = [
        subprocess.Popen(
            [*dask, "--port", "0", "--no-dashboard", "--scheduler-file", file], **quiet
        )
    ]
    try:
        while not file.exists():
            time.sleep(0.1)
        began += [
            subprocess.Popen(
                [
                    sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", file,
                    "--nthreads", "1", "--no-dashboard", "--no-nanny",
                ],
                **quiet,
            )
            for _ in range(workers)
        ]  # fmt: skip
        yield json.loads(file.read_text())["address"], began
    finally:
        for one in began:
            with suppress(ProcessLookupError):
                one.kill()
            one.wait()


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    found = []
    with (
        scheduler_and_workers(tmp_path, 2) as (address, processes),
        work_done_by(f"dask:{address}"),
        executor(None, (tmp_path,)) as run,
    ):
        for result in run.map(slow, range(60)):
            found.append(result)
            if result == 10:
                processes[1].kill()
    assert found == list(range(60))


def test_a_scheduler_that_is_lost_when_its_workers_are_counted_ends_in_words() -> None:
    class Lost:
        def nthreads(self) -> dict[str, int]:
            raise ConnectionResetError(104, "Connection reset by peer")

    with pytest.raises(WorkerError, match="found that it is lost"):
        _ = cluster.Cluster(Lost()).workers


@pytest.mark.slow
def test_a_scheduler_that_is_lost_ends_in_words(tmp_path: Path) -> None:
    with (
        scheduler_and_workers(tmp_path, 1) as (address, processes),
        work_done_by(f"dask:{address}"),
        executor(None, (tmp_path,)) as run,
    ):
        results = run.map(slow, range(600))
        next(results)
        processes[0].kill()
        with pytest.raises(WorkerError, match="run the same command again"):
            list(results)


@pytest.mark.slow
def test_another_version_is_refused_before_and_while_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scheduler_and_workers(tmp_path, 1) as (address, _):
        with work_done_by(f"dask:{address}"), executor(None, (tmp_path,)) as run:
            monkeypatch.setattr(cluster, "__version__", "0.0.1")
            with pytest.raises(WorkerError, match=r"expected Trephine 0\.0\.1"):
                list(run.map(slow, range(2)))
        with pytest.raises(InputError, match=r"expected Trephine 0\.0\.1 on scheduler and workers"):
            work_done_by(f"dask:{address}").__enter__()


@pytest.mark.parametrize("name", ["dask", "dask:", "slurm", ""])
def test_an_executor_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected serial, local, dask:local or dask:ADDRESS"):
        work_done_by(name).__enter__()


def test_an_address_at_which_nothing_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match="expected a dask scheduler with workers"):
        work_done_by("dask:tcp://127.0.0.1:9").__enter__()


def test_serial_and_local_need_no_cluster() -> None:
    with work_done_by("serial"), executor() as run:
        assert list(run.map(_pid, [0])) == [os.getpid()]
    with work_done_by("local"):
        assert not is_elsewhere()


def test_the_version_that_is_compared_is_the_program_s() -> None:
    assert importlib.metadata.version("trephine") == cluster.__version__
