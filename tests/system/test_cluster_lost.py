"""A cluster of dask whose scheduler is killed, or whose worker has another version of Trephine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import trephine
from system.regions import write_regions
from test_cluster import scheduler_and_workers
from trephine.store.cases import CaseLedger

pytestmark = [pytest.mark.system, pytest.mark.slow]
ROWS = 480  # a quiet machine measures 120 before the scheduler is killed


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regions")
    write_regions(folder, ROWS)
    return folder


def extract(regions: Path, *options: object) -> subprocess.CompletedProcess[str]:
    given = [*("extract", "regions.csv", "--settings", "few.toml"), *map(str, options)]
    command = [sys.executable, "-m", "trephine", *given]
    return subprocess.run(command, cwd=regions, capture_output=True, text=True, timeout=900)


def test_a_scheduler_that_is_killed_ends_in_words_and_the_next_run_goes_on(
    regions: Path, tmp_path: Path
) -> None:
    assert extract(regions, "--out", "whole.csv", "--workers", 1).returncode == 0
    store = tmp_path / "store"
    log = store / "log.jsonl"
    with scheduler_and_workers(tmp_path, 2) as (address, processes):

        def kill() -> None:
            while not log.exists() or log.read_text().count('"case"') < 40:
                time.sleep(0.01)
            processes[0].kill()

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        said = extract(regions, "--store", store, "--executor", f"dask:{address}")
    assert said.returncode == 2, said.stderr
    assert "found that it is lost" in said.stderr
    assert "run the same command again" in " ".join(said.stderr.split())
    assert "Traceback" not in said.stderr
    assert extract(regions, "--store", store, "--out", "again.csv", "--workers", 1).returncode == 0
    assert (regions / "again.csv").read_bytes() == (regions / "whole.csv").read_bytes()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    measured = [line for line in lines if line.get("state") == "measured"]
    assert ROWS <= len(measured) <= ROWS + 32  # those of a shard that was not written are repeated
    assert [case.position for case in CaseLedger(store).ordered()] == list(range(ROWS))


def test_a_worker_with_another_version_is_refused_before_any_work(
    regions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "trephine-0.0.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: trephine\nVersion: 0.0.9\n")
    with monkeypatch.context() as patch:
        paths = [str(other.parent), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        with scheduler_and_workers(tmp_path, 1) as (address, _):
            patch.undo()
            said = extract(regions, "--out", "o.csv", "--executor", f"dask:{address}")
    assert said.returncode == 2, said.stderr
    told = " ".join(said.stderr.split())
    assert f"expected Trephine {trephine.__version__} on scheduler and workers" in told
    assert "0.0.9" in told
    assert not (regions / "o.csv").exists()
